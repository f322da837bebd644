"""A table of Jamf Pro's as a list: its columns, filters named like fields, and items with their facts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, FromClause, Select, Table, select

from domain.facts import Facts
from domain.json_types import JSONObject
from domain.notification import serial_key
from state.queries.pages import Filters, Page, Question, text_value
from state.queries.rows import chosen, read_one, read_page

MIRRORED = "first_seen_at"
"""A fact whose time is that of a mirror (see state.jamf); its column says it."""

SHOWN = 200
"""Rows of another list that an item shows; the list itself has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JamfList:
    """``columns`` are those that a filter does not find under its own name; ``more`` is what only an item tells.

    ``named`` are fields of other tables, found by ``source``, which joins at most one row of each to a row of this one.
    """

    table: Table
    filters: Filters
    columns: Mapping[str, Any] = field(default_factory=dict)
    newest_first: bool = False
    source: FromClause | None = None
    named: Mapping[str, Any] = field(default_factory=dict)
    more: Callable[[Engine, Mapping[str, Any]], JSONObject] = lambda _, __: {}

    @property
    def fields(self) -> list[str]:
        own = [column.name for column in self.table.columns if column.name not in ("facts", "serial_key")]
        return [*own, *self.named]

    def many(self, engine: Engine, question: Question) -> Page:
        """By id, or newest first. Raises: BadQuery, DatabaseAway."""
        known = {**self.table.c, **self.columns}
        wanted = (known[name] == value for name, value in question.values(self.filters).items())
        return read_page(
            engine, self.query().where(*wanted), question, key=self.table.c.id, newest_first=self.newest_first
        )

    def one(self, engine: Engine, identifier: str) -> JSONObject | None:
        """Raises: DatabaseAway."""
        row = read_one(engine, self._select(*self.table.c).where(self.table.c.id == text_value(identifier)))
        if row is None:
            return None
        facts = {"facts": shown_facts(row["facts"])} if "facts" in row else {}
        return {**chosen(row, self.fields), **self.more(engine, row), **facts}

    def some(self, engine: Engine, name: str, **wanted: Any) -> JSONObject:
        """The first rows with these values as ``name``, and as `more_<name>` whether there are others."""
        query = self.query().where(*(self.table.c[column] == value for column, value in wanted.items()))
        page = read_page(engine, query, Question(limit=SHOWN), key=self.table.c.id)
        return {name: list(page.items), f"more_{name}": page.next is not None}

    def query(self) -> "Select[Any]":
        return self._select(*(self.table.c[name] for name in self.fields if name not in self.named))

    def _select(self, *columns: Any) -> "Select[Any]":
        others = (column.label(name) for name, column in self.named.items())
        return select(*columns, *others).select_from(self.table if self.source is None else self.source)


def shown_facts(facts: Facts) -> JSONObject:
    return {name: {"value": known[0], "at": known[1]} for name, known in sorted(facts.items()) if name != MIRRORED}


def serial_value(text: str) -> str:
    """A serial number in any case, as all who name it agree on it."""
    return serial_key(text_value(text))


def texts(*names: str) -> Filters:
    return dict.fromkeys(names, text_value)
