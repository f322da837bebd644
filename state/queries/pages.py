"""What all lists have in common: filters named like fields, a limit, and a cursor that keeps its place."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from domain.clock import rfc3339
from domain.errors import BadQuery
from domain.json_types import JSONObject
from domain.text import storable

LIMIT, MOST = 50, 200
"""Items on a page: when nothing is said, and at most."""

Filters: TypeAlias = Mapping[str, Callable[[str], Any]]
"""The filters of a list, and how each reads its value. Raises: ValueError, with what the value may be."""

_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants of a list. ``after`` is the id of the last item they have, None at the beginning."""

    filters: Mapping[str, str] = field(default_factory=dict)
    limit: int = LIMIT
    after: str | None = None

    def values(self, allowed: Filters) -> dict[str, Any]:
        """The filters' values, read. Raises: BadQuery, for a filter that is not ``allowed``, or its value."""
        found = {}
        for name, text in self.filters.items():
            if name not in allowed:
                raise BadQuery(
                    f"there is no filter {name!r} here; there are {', '.join(allowed)}, and limit and cursor"
                )
            try:
                found[name] = allowed[name](text)
            except ValueError as exc:
                raise BadQuery(f"{name}={text!r}: it is {exc}") from exc
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some items of a list; ``next`` is the cursor to go on with, None at the end."""

    items: Sequence[JSONObject]
    next: str | None = None


def read_question(arguments: Mapping[str, str]) -> Question:
    """The question that a query string asks. Raises: BadQuery."""
    filters = {name: value for name, value in arguments.items() if name not in ("limit", "cursor")}
    cursor = arguments.get("cursor")
    return Question(
        filters=filters,
        limit=_limit(arguments.get("limit", str(LIMIT))),
        after=None if cursor is None else _read_cursor(cursor),
    )


def page(items: Sequence[JSONObject], question: Question, *, key: str | tuple[str, str] = "id") -> Page:
    """The page made of up to one item more than was asked for, which tells whether there is another page.

    ``key`` are the fields that items are sorted by; of two, the first has no space in it.
    """
    shown = items[: question.limit]
    names = (key,) if isinstance(key, str) else key
    last = " ".join(str(shown[-1][name]) for name in names) if shown else ""
    return Page(items=shown, next=_cursor(last) if len(items) > len(shown) else None)


def page_of_all(items: Sequence[JSONObject], question: Question, allowed: Filters, *, key: str) -> Page:
    """The page of a list that is short and in memory; sorted by ``key``. Raises: BadQuery."""
    values = question.values(allowed)
    found = [item for item in items if all(item[name] == value for name, value in values.items())]
    rest = [
        item
        for item in sorted(found, key=lambda item: str(item[key]))
        if question.after is None or item[key] > question.after
    ]
    return page(rest[: question.limit + 1], question, key=key)


def ready(row: Mapping[Any, Any]) -> JSONObject:
    """A row as JSON: its times as RFC 3339 UTC."""
    return {str(name): rfc3339(value) if isinstance(value, datetime) else value for name, value in row.items()}


def text_value(text: str) -> str:
    """Any text, as it would have been stored."""
    return storable(text)


def one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    return read


def true_or_false(text: str) -> bool:
    return one_of("true", "false")(text.lower()) == "true"


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS and 1 <= int(text) <= MOST):
        raise BadQuery(f"limit={text!r}: it is a number from 1 to {MOST}")
    return int(text)


def _cursor(identifier: str) -> str:
    return base64.urlsafe_b64encode(identifier.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> str:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return storable(raw.decode())
    except (binascii.Error, ValueError) as exc:
        raise BadQuery("this cursor is none of ours; take `next` of the page before") from exc
