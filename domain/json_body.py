"""JSON bodies as senders post them. Every event is read here at the door: usually one decode, one parse."""

import json
import re
from typing import Any

from domain.errors import MalformedEvent
from domain.json_types import JSON, JSONObject

MAX_DEPTH = 32
"""Objects and arrays inside each other, the outermost being 1."""

_SPACED_COLON = re.compile(rb'"[ \t\r\n]+:')
_UTF8_BOM = b"\xef\xbb\xbf"
_decode = json.JSONDecoder().decode
_encode_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode
_encode_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


def parse_object(body: bytes) -> JSONObject:
    """The object that a body holds: UTF-8 with or without BOM, or else ISO-8859-1 (see `is_latin1`).

    Lone surrogates, NUL, ``NaN`` and ``Infinity`` are kept; of equal keys the last wins (see `duplicate_keys`).

    Raises:
        MalformedEvent: empty, not JSON, not an object, deeper than `MAX_DEPTH`, or a number of thousands of digits.
            The text gives positions, never content.
    """
    try:
        document = _decode(_text(body))
    except json.JSONDecodeError as exc:
        where = f"not JSON at line {exc.lineno} column {exc.colno}"
        raise MalformedEvent(where if body.strip() else "empty body") from exc
    except RecursionError as exc:
        raise MalformedEvent(f"JSON nested deeper than {MAX_DEPTH}") from exc
    except ValueError as exc:  # CPython parses no integer of more than 4300 digits
        raise MalformedEvent("JSON number with too many digits") from exc
    if not isinstance(document, dict):
        raise MalformedEvent("not a JSON object")
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _is_deep(document):
        raise MalformedEvent(f"JSON nested deeper than {MAX_DEPTH}")
    return document


def _text(body: bytes) -> str:
    try:
        return body.removeprefix(_UTF8_BOM).decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("iso-8859-1")


def _is_deep(document: JSONObject) -> bool:
    """True when more than `MAX_DEPTH` containers lie inside each other; goes down level by level."""
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        inner = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for children in inner for child in children if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def is_latin1(body: bytes) -> bool:
    """True when `parse_object` had to fall back to ISO-8859-1. Off the fast path: it decodes again."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def duplicate_keys(body: bytes) -> bool:
    """True when an object in the body names a key twice; False for what does not parse. Parses again."""
    found = False

    def pairs(members: list[tuple[str, Any]]) -> JSONObject:
        nonlocal found
        document = dict(members)
        found = found or len(document) < len(members)
        return document

    try:
        json.loads(_text(body), object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return False
    return found


def may_repeat_keys(body: bytes, document: JSONObject) -> bool:
    """False when `duplicate_keys` need not be asked: ``body`` names no more keys than ``document``, its parse, has."""
    keys = 0
    containers: list[Any] = [document]
    while containers:
        container = containers.pop()
        if isinstance(container, dict):
            keys += len(container)
            container = container.values()
        containers += [item for item in container if isinstance(item, dict | list)]
    return body.count(b'":') > keys or _SPACED_COLON.search(body) is not None


def canonical(value: JSON) -> bytes:
    r"""One form for equal JSON, for hashes that recognise an event seen before. **Frozen**: stored keys depend on it.

    Keys sorted by code point, no white space, ASCII only (``\uXXXX`` in lower case, so lone surrogates survive),
    numbers as Python prints them: ``1`` and ``1.0`` differ, ``1e2`` is ``100.0``, ``NaN`` and ``Infinity`` bare.
    ``value`` is what `parse_object` gave.
    """
    return _encode_canonical(value).encode("ascii")


def compact(value: JSON) -> bytes:
    """The value as short ASCII JSON in its own key order; a lone surrogate or NUL is an escape in it."""
    return _encode_compact(value).encode("ascii")
