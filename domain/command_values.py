"""Values of a command as people and programs give them, made what a plist of that command holds, or named as wrong."""

import base64
import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.command_types import SLIP, Kind, Shape, fields_of, plain_name
from domain.json_types import JSON, JSONObject
from domain.plist import MAX_DEPTH
from domain.secret_keys import is_secret
from domain.text import clipped, storable

DEEPEST = MAX_DEPTH - 2
"""Keys and places that lead to a value; the plist adds `Command` and its own dictionary."""

LARGEST_INT = 2**63 - 1
"""What Apple's CFNumber, a plist and SQL's BIGINT all hold."""

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML has no form for."""

_WHOLE = re.compile("[0-9]{1,19}", re.ASCII)
_BOOLS = {"true": True, "yes": True, "false": False, "no": False}
_MOST_HINTS = 20
_MOST_COMPARED = 200
"""Unknown names inside fields that are compared with the known ones, which takes long; the others are kept."""

_MAX_NAME = 60

_WANTED: dict[Kind, str] = {
    "str": "text",
    "int": "a whole number from 0 to 2^63-1",
    "bool": "true or false",
    "data": "base64",
    "dict": "a dictionary",
    "[str]": "a list of texts",
    "[data]": "a list of base64",
    "[dict]": "a list of dictionaries",
}

_ITEMS: dict[Kind, Kind] = {"[str]": "str", "[data]": "data", "[dict]": "dict"}

FROM_FILE = "base64 < FILE | windfall command …"
"""How a command line gets data that is in a file; the argument comes last."""

_Path = tuple[str, ...]


class _Unfit(Exception):
    """A value that cannot be made what its field wants."""


@dataclass(slots=True)
class Checker:
    """Makes clean copies and collects in ``problems`` all that is wrong; no problem names a secret value.

    ``lenient`` lets unknown fields through and misses none; values must be right all the same.
    """

    lenient: bool = False
    problems: list[str] = field(default_factory=list)
    _compared: int = 0

    def members(self, shape: Shape, given: JSONObject, path: _Path = ()) -> JSONObject:
        """The members under Apple's names, without those that are None.

        Names unknown inside a field are kept, but for slips of known ones.
        """
        clean: JSONObject = {}
        for name, value in given.items():
            entry = shape.get(plain_name(name)) if isinstance(name, str) else None
            key = entry.name if entry else name
            if value is None:
                continue
            if key in clean:
                self._complain(path, f"{_quoted(key)} is given twice")
            elif entry:
                clean[key] = self._value(entry.kind, entry.members, value, (*path, key))
            elif shape and not path and not self.lenient:
                self._complain(path, f"unknown field {_quoted(name)}{self._suggestion(shape, name)}")
            elif path and (meant := self._resembled(shape, name)):
                self._complain(path, f"does not know {_quoted(name)} (did you mean {meant}?)")
            elif self._is_writable(name, path):
                clean[key] = self.plain(value, (*path, key))
        self._miss(shape, clean, path)
        return clean

    def _miss(self, shape: Shape, clean: JSONObject, path: _Path) -> None:
        missing = [entry.name for entry in fields_of(shape) if entry.required and entry.name not in clean]
        if missing and not self.lenient:
            self._complain(path, f"missing {', '.join(missing)}")

    def _value(self, kind: Kind, members: Shape, value: Any, path: _Path) -> JSON:
        try:
            return self._converted(kind, members, value, path)
        except _Unfit:
            secret = kind.endswith(("data", "data]")) or any(map(is_secret, path))
            way_out = f" ({FROM_FILE} {path[0]}=@-)" if kind == "data" and len(path) == 1 else ""
            self._complain(path, f"wants {_WANTED[kind]}{way_out if secret else f', not {_described(value)}'}")
            return None

    def _converted(self, kind: Kind, members: Shape, value: Any, path: _Path) -> JSON:
        """One item where a list of them is wanted is a list of one, as a command line gives it."""
        if kind in _ITEMS:
            items = enumerate(_items(value))
            return [self._value(_ITEMS[kind], members, item, (*path, str(at))) for at, item in items]
        if kind != "dict":
            return self._scalar(kind, value, path)
        if not isinstance(value, dict):
            raise _Unfit
        return self.members(members, value, path)

    def _scalar(self, kind: Kind, value: Any, path: _Path) -> JSON:
        match kind, value:
            case "str", str():
                return value if self._is_writable(value, path) else None
            case "bool", bool():
                return value
            case "bool", str() if value.strip().lower() in _BOOLS:
                return _BOOLS[value.strip().lower()]
            case "int", int() if not isinstance(value, bool) and 0 <= value <= LARGEST_INT:
                return value
            case "int", str() if _WHOLE.fullmatch(value.strip()) and int(value) <= LARGEST_INT:
                return int(value)
            case "data", str() | bytes():
                return base64.b64encode(_decoded(value)).decode("ascii")
        raise _Unfit

    def plain(self, value: Any, path: _Path) -> JSON:
        """A copy of JSON whose form nobody prescribes, without None, if a plist and JSON both hold it."""
        if len(path) > DEEPEST:
            self._complain(path[:1], f"is nested deeper than {DEEPEST}")
        elif isinstance(value, Mapping):
            return self.members({}, dict(value), path)
        elif isinstance(value, list | tuple):
            items = enumerate(item for item in value if item is not None)
            return [self.plain(item, (*path, str(at))) for at, item in items]
        elif isinstance(value, str):
            return value if self._is_writable(value, path) else None
        elif isinstance(value, bool) or _fits(value):
            return value
        else:
            self._complain(path, "is a value that no plist holds")
        return None

    def _is_writable(self, text: Any, path: _Path) -> bool:
        if not isinstance(text, str):
            self._complain(path, "has a key that is not text")
        elif _UNWRITABLE.search(text):
            self._complain(path, "has a character that no plist holds")
        else:
            return True
        return False

    def _suggestion(self, shape: Shape, name: Any) -> str:
        if len(self.problems) >= _MOST_HINTS or not isinstance(name, str):
            return ""
        close = difflib.get_close_matches(plain_name(name[:_MAX_NAME]), shape, n=1)
        return f" (did you mean {shape[close[0]].name}?)" if close else ""

    def _resembled(self, shape: Shape, name: Any) -> str | None:
        """The name of the shape that this one, which it does not have, is most likely a slip of."""
        if self.lenient or not shape or not isinstance(name, str) or self._compared >= _MOST_COMPARED:
            return None
        self._compared += 1
        close = difflib.get_close_matches(plain_name(name[:_MAX_NAME]), shape, n=1, cutoff=SLIP)
        return shape[close[0]].name if close else None

    def _complain(self, path: _Path, problem: str) -> None:
        where = clipped(storable(".".join(path)), 2 * _MAX_NAME)
        self.problems.append(f"{where} {problem}" if where else problem)


def _items(value: Any) -> list[Any]:
    if isinstance(value, str | bytes | dict):
        return [value]
    if not isinstance(value, list | tuple):
        raise _Unfit
    return [item for item in value if item is not None]


def _decoded(value: str | bytes) -> bytes:
    """Bytes are the data itself; text is its base64, in lines or not."""
    try:
        return value if isinstance(value, bytes) else base64.b64decode("".join(value.split()), validate=True)
    except ValueError as exc:
        raise _Unfit from exc


def _fits(value: Any) -> bool:
    """True for a number that plist, JSON and BIGINT hold."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and -LARGEST_INT - 1 <= value <= LARGEST_INT


def _quoted(name: Any) -> str:
    return f"'{clipped(storable(name), _MAX_NAME)}'" if isinstance(name, str) else "that is not text"


def _described(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool | float) or (isinstance(value, int) and value.bit_length() <= 128):
        return str(value)
    words = {dict: "a dictionary", list: "a list", int: "a number of that size"}
    return words.get(type(value), "a value of another kind")
