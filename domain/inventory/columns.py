"""Values of an answer as typed columns: what has the wrong type is kept as text, as odd, and never an error.

Columns hold JSON: a date is RFC 3339 UTC. They are named as Apple names the keys, in snake case.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, cast

from domain import plist
from domain.classification import digest
from domain.clock import parse_time, rfc3339
from domain.json_types import JSON, JSONObject
from domain.text import clipped, storable

Kind: TypeAlias = Literal["str", "text", "int", "real", "bool", "date", "[str]"]
"""`str` is short and can be searched by, `text` is for people."""

LONGEST_STR = 255
LONGEST_TEXT = 2_000
LONGEST_ODD = 200
LONGEST_KEY = 200
MOST_STRS = 200

ODD = "odd"
"""The column with what no other column takes: Apple's key → the value as text."""

_BIGINT = range(-(2**63), 2**63)
_WORDS = re.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of an item, in Apple's spelling, and the column it becomes."""

    key: str
    column: str
    kind: Kind


Fields: TypeAlias = Mapping[str, Field]
"""By key."""


def fields(described: str) -> Fields:
    """``"Identifier BundleSize:int"``: a key without a kind is `str`."""
    found = {}
    for word in described.split():
        key, _, kind = word.partition(":")
        found[key] = Field(key=key, column=_WORDS.sub("_", key).lower(), kind=cast("Kind", kind or "str"))
    return found


def read_columns(item: Mapping[str, Any], known: Fields) -> JSONObject:
    """The columns that an item fills, and `ODD` where a value had another type; keys that are not known are left."""
    columns: JSONObject = {}
    odd: JSONObject = {}
    for key, value in item.items():
        field = known.get(key)
        if field is None or value is None:
            continue
        read = _READERS[field.kind](value)
        if read is None:
            odd[field.key] = odd_text(value)
        else:
            columns[field.column] = read
    return {**columns, ODD: odd} if odd else columns


def read_value(value: Any, kind: Kind) -> JSON:
    """One value as its column holds it, None when it has another type."""
    return _READERS[kind](value)


def odd_text(value: Any) -> str:
    """Anything as a short text."""
    return clipped(storable(json.dumps(plist.jsonable(value), ensure_ascii=False)), LONGEST_ODD)


def key_of(*candidates: object) -> str | None:
    """What an item is called: the first candidate that is a text and not empty; one that is too long as a digest."""
    for candidate in candidates:
        if isinstance(candidate, str) and candidate:
            name = storable(candidate)
            return name if len(name) <= LONGEST_KEY else digest(name)
    return None


def by_key(items: Iterable[tuple[str | None, JSONObject]]) -> dict[str, JSONObject]:
    """Items by their keys, one without by a digest of itself; of several with one key, all but the first get a number.

    The same whatever the order of the items, as devices keep none.
    """
    named: dict[str, list[JSONObject]] = {}
    for key, columns in items:
        named.setdefault(key or digest(_said(columns)), []).append(columns)
    several = {key: sorted(same, key=_said) for key, same in named.items() if len(same) > 1}
    found = {key: several[key][0] if key in several else same[0] for key, same in named.items()}
    for key in sorted(several):
        number = 2
        for columns in several[key][1:]:
            while f"{key}#{number}" in found:
                number += 1
            found[f"{key}#{number}"] = columns
    return found


def _said(columns: JSONObject) -> str:
    return json.dumps(columns, sort_keys=True)


def _str(value: Any) -> JSON:
    return clipped(storable(value), LONGEST_STR) if isinstance(value, str) else None


def _text(value: Any) -> JSON:
    return clipped(storable(value), LONGEST_TEXT) if isinstance(value, str) else None


def _int(value: Any) -> JSON:
    return value if type(value) is int and value in _BIGINT else None


def _real(value: Any) -> JSON:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _bool(value: Any) -> JSON:
    return value if isinstance(value, bool) else None


def _date(value: Any) -> JSON:
    moment = value if isinstance(value, datetime) else parse_time(value)
    return rfc3339(moment) if moment is not None else None


def _strs(value: Any) -> JSON:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return None
    return [clipped(storable(each), LONGEST_STR) for each in value[:MOST_STRS]]


_READERS: Mapping[Kind, Callable[[Any], JSON]] = {
    "str": _str,
    "text": _text,
    "int": _int,
    "real": _real,
    "bool": _bool,
    "date": _date,
    "[str]": _strs,
}
