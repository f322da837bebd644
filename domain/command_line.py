"""Arguments of a command as a command line gives them."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from domain.command_types import Shape, known_type, plain_name
from domain.errors import BadCommand
from domain.json_types import JSON, JSONObject
from domain.text import clipped, storable

_LONGEST_KEY = 60


class _Wrong(Exception):
    """Why an item is no argument, to follow its place."""


def parse_arguments(items: Iterable[str], request_type: str) -> JSONObject:
    """Arguments for `domain.commands.check`: ``key=text``, ``key:=JSON``; a key given again makes a list.

    Not so a key of this request type that takes one value.

    Raises:
        BadCommand: names the places of those that are wrong, with their keys; a value may be a secret and is not
            repeated, nor is a word without a key.
    """
    kind = known_type(request_type)
    shape = kind.fields if kind else {}
    arguments: JSONObject = {}
    problems = []
    for place, item in enumerate(items, start=1):
        try:
            key, value = _parsed(item, shape)
            arguments[key] = _joined(arguments[key], value, key, shape) if key in arguments else value
        except _Wrong as exc:
            problems.append(f"argument {place} {exc}")
    if problems:
        raise BadCommand("; ".join(problems))
    return arguments


def _parsed(item: str, shape: Shape) -> tuple[str, JSON]:
    """Raises: _Wrong."""
    name, separator, text = item.partition("=")
    key = name.removesuffix(":").strip()
    if not separator or not key:
        entry = shape.get(plain_name(item))
        lacking = f": {entry.name} has no value" if entry else ""
        raise _Wrong(f"is neither key=value nor key:=JSON{lacking}")
    if not name.endswith(":"):
        return key, text
    try:
        return key, json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _Wrong(f"({_named(key)}) is not JSON after :=") from None


def _joined(before: JSON, value: JSON, key: str, shape: Shape) -> JSON:
    """Raises: _Wrong."""
    entry = shape.get(plain_name(key))
    if entry and not entry.kind.startswith("["):
        raise _Wrong(f"({_named(key)}) gives {entry.name} again, which takes one value")
    return [*_listed(before), *_listed(value)]


def _named(key: str) -> str:
    return clipped(storable(key), _LONGEST_KEY)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _listed(value: JSON) -> list[Any]:
    return value if isinstance(value, list) else [value]
