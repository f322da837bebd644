"""Property lists as devices send them, XML or binary, read within budgets because anybody may have written them."""

import base64
import math
import plistlib
import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from xml.parsers.expat import ExpatError

from domain import binary_plist
from domain.errors import MalformedPayload
from domain.json_types import JSON
from domain.text import storable

MAX_BYTES = 1_048_576
"""Size of one plist. The door takes bodies of 1 MiB, in which a plist is base64."""

MAX_NODES = 100_000
"""Values reached, a shared one each time: 194 bytes of references to references stand for gigabytes."""

MAX_DEPTH = 32
"""Dictionaries and arrays inside each other, the outermost being 1. A cycle ends here too."""

MAX_CONTENT = 2_097_152
"""Characters of text and keys, and bytes of data, reached in all."""

MAX_INT_BITS = 128
"""Width of an integer; the binary form has no more, and Python refuses to print what is far larger."""

_PLISTLIB_RAISES = (
    ExpatError,
    plistlib.InvalidFileException,
    ValueError,  # numbers, base64, encodings, misplaced elements
    OverflowError,  # dates and sizes
    RecursionError,  # binary arrays inside arrays
    MemoryError,
    LookupError,  # KeyError and IndexError: unbalanced elements; an encoding nobody knows
    TypeError,  # dates of a year alone, keys that cannot be hashed
    AttributeError,  # dates that are none
    struct.error,
    OSError,
)
"""All that plistlib is known to raise on bytes it dislikes, on 3.11 to 3.13."""

_JSON_INTS = range(-(2**63), 2**63)
"""Integers that SQL's BIGINT and most readers of JSON hold."""


def decode(data: bytes) -> dict[str, Any]:
    """The dictionary of an XML or binary plist: str, int, float, bool, bytes, aware UTC datetimes, lists, dicts.

    The binary form adds None and `plistlib.UID`, and its values may be shared; walking them stays within the budgets
    above. Apple's DOCTYPE is accepted, entity declarations are refused.

    Raises:
        MalformedPayload: empty, neither form, damaged, not a dictionary at the top, or over a budget.
    """
    if not data:
        raise MalformedPayload("empty plist")
    if len(data) > MAX_BYTES:
        raise MalformedPayload(f"plist of {len(data)} bytes, over {MAX_BYTES}")
    try:
        if binary_plist.is_binary(data):
            binary_plist.check(data)
        value = plistlib.loads(data)
    except _PLISTLIB_RAISES as exc:
        raise MalformedPayload(f"not a plist ({type(exc).__name__})") from exc
    if not isinstance(value, dict):
        raise MalformedPayload("plist without a dictionary at the top")
    _settle(value)
    return value


def _settle(top: dict[str, Any]) -> None:
    """Walk all there is to reach, make its dates aware in place, and raise when a budget runs out."""
    nodes, room = 1, MAX_CONTENT
    todo: list[tuple[Any, int]] = [(top, 1)]
    while todo:
        node, depth = todo.pop()
        if depth > MAX_DEPTH:
            raise MalformedPayload(f"plist nested deeper than {MAX_DEPTH}")
        nodes += len(node)
        if isinstance(node, dict):
            room -= _keys_size(node)
        places: Iterable[tuple[Any, Any]] = node.items() if isinstance(node, dict) else enumerate(node)
        for place, child in places:
            if isinstance(child, dict | list):
                todo.append((child, depth + 1))
            elif isinstance(child, str | bytes):
                room -= len(child)
            elif isinstance(child, datetime):
                node[place] = child.replace(tzinfo=UTC) if child.tzinfo is None else child
            elif isinstance(child, int) and child.bit_length() > MAX_INT_BITS:
                raise MalformedPayload(f"plist integer of {child.bit_length()} bits")
        if nodes > MAX_NODES or room < 0:
            raise MalformedPayload(f"plist of more than {MAX_NODES} values or {MAX_CONTENT} characters")


def _keys_size(node: dict[Any, Any]) -> int:
    if not all(isinstance(key, str) for key in node):
        raise MalformedPayload("plist key that is not text")
    return sum(map(len, node))


def jsonable(value: Any) -> JSON:
    """A decoded plist value as data that JSON and PostgreSQL can hold.

    Bytes become base64, dates RFC 3339 with ``Z``, a UID its number, an integer outside 64 bits (signed) its
    digits, NaN and the infinities ``None``; text is `storable`. ``value`` is what `decode` gave, or a part of it.
    """
    if isinstance(value, dict):
        return {storable(key): jsonable(child) for key, child in value.items()}
    if isinstance(value, list):
        return [jsonable(child) for child in value]
    return _json_number(value) if isinstance(value, int | float | plistlib.UID) else _json_text(value)


def _json_number(value: float | plistlib.UID) -> JSON:
    number = value.data if isinstance(value, plistlib.UID) else value
    if isinstance(number, float):
        return number if math.isfinite(number) else None
    return number if number in _JSON_INTS else str(number)


def _json_text(value: Any) -> JSON:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def encode(value: dict[str, Any], *, binary: bool = False) -> bytes:
    """The plist as XML, or in the binary form, which also holds ``None``, UIDs and control characters. Keys are sorted.

    Dates must be aware; they are written in UTC, in XML to the second.

    Raises:
        MalformedPayload: a value that the form cannot hold.
    """
    form = plistlib.FMT_BINARY if binary else plistlib.FMT_XML
    try:
        return plistlib.dumps(_with_plain_dates(value), fmt=form)
    except (ValueError, OverflowError, TypeError, RecursionError, struct.error) as exc:
        raise MalformedPayload(f"cannot be written as a plist ({type(exc).__name__})") from exc


def _with_plain_dates(value: Any) -> Any:
    """The tree with its dates naive, in UTC: plistlib before 3.13 writes a date's own hours and calls them UTC."""
    if isinstance(value, dict):
        return {key: _with_plain_dates(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_with_plain_dates(child) for child in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
