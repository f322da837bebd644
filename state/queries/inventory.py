"""What devices answered, as people read it: each list of all devices, and what a device has in all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Engine, Select, String, Table, and_, func, select

from domain.clock import parse_time
from domain.errors import BadQuery
from domain.json_types import JSONObject
from state.queries.pages import Filters, Page, Question, page, ready, text_value, true_or_false
from state.queries.reading import reading
from state.queries.rows import chosen, read_one, read_page
from state.schema import (
    LISTS,
    certificates,
    device_history,
    device_locations,
    device_security,
    inventory_lists,
    provisioning_profiles,
)

_INNER = ("layers", "told_at", "facts")
"""Columns that are for us."""

ENDINGS = ("expires_before", "expires_after")
"""Filters of lists whose items expire."""


def moment_value(text: str) -> datetime:
    """Raises: ValueError, for what is no time."""
    moment = parse_time(text)
    if moment is None:
        raise ValueError("a time or a day, as 2026-12-31 or 2026-12-31T12:00:00Z")
    return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryList:
    """One table as a list: filters named like its texts and flags; ``ends`` is the column that tells when it expires.

    Each item of a list of a device has `at`, the time of the answer that told it last.
    """

    table: Table
    ends: str | None = None

    @property
    def fields(self) -> list[str]:
        return [column.name for column in self.table.columns if column.name not in _INNER]

    @property
    def filters(self) -> Filters:
        found: dict[str, Any] = {}
        for column in self.table.columns:
            if column.name in (*_INNER, "id", "key"):
                continue
            if isinstance(column.type, Boolean):
                found[column.name] = true_or_false
            elif isinstance(column.type, String):
                found[column.name] = text_value
        return found | (dict.fromkeys(ENDINGS, moment_value) if self.ends else {})

    def many(self, engine: Engine, question: Question) -> Page:
        """By id, so that the items of one device lie together; asked by when they end, the soonest first.

        Raises: BadQuery, DatabaseAway.
        """
        values = question.values(self.filters)
        query = self.query().where(*(self.condition(name, value) for name, value in values.items()))
        if any(name in values for name in ENDINGS):
            return self.by_end(engine, query, question)
        return read_page(engine, query, question, key=self.table.c.id)

    def one(self, engine: Engine, identifier: str) -> JSONObject | None:
        """Raises: DatabaseAway."""
        row = read_one(engine, self.query().where(self.table.c.id == text_value(identifier)))
        return chosen(row, row) if row is not None else None

    def query(self) -> "Select[Any]":
        columns = [self.table.c[name] for name in self.fields]
        if "told_at" not in self.table.c:
            return select(*columns)
        head, own = inventory_lists.c, self.table.c
        its = and_(head.device_id == own.device_id, head.channel_id == own.channel_id, head["list"] == self.table.name)
        at = func.coalesce(own.told_at, head["at"]).label("at")
        return select(*columns, at).select_from(self.table.outerjoin(inventory_lists, its))

    def by_end(self, engine: Engine, query: "Select[Any]", question: Question) -> Page:
        """A page of what ``query`` finds and tells its end, the soonest first. Raises: BadQuery, DatabaseAway."""
        identifier, ends = self.table.c.id, self.table.c[self.ends or ""]
        if question.after is not None:
            end, _, last = question.after.partition(" ")
            moment = parse_time(end)
            if moment is None:
                raise BadQuery("this cursor is none of this list; take `next` of the page before")
            query = query.where(ends >= moment, (ends > moment) | and_(ends == moment, identifier > last))
        ordered = query.where(ends.is_not(None)).order_by(ends, identifier).limit(question.limit + 1)
        with reading(engine) as connection:
            rows = connection.execute(ordered).mappings()
            return page([ready(row) for row in rows], question, key=(ends.name, "id"))

    def condition(self, name: str, value: Any) -> Any:
        """What a filter asks for, of the value that was read for it."""
        if name == "expires_before":
            return self.table.c[self.ends or ""] < value
        if name == "expires_after":
            return self.table.c[self.ends or ""] >= value
        return self.table.c[name] == value


_ENDS = {certificates.name: "not_after", provisioning_profiles.name: "expiry_date"}

INVENTORY_LISTS: Mapping[str, InventoryList] = {
    **{name: InventoryList(table=table, ends=_ENDS.get(name)) for name, table in LISTS.items()},
    "device_security": InventoryList(table=device_security),
    "device_locations": InventoryList(table=device_locations),
    "device_history": InventoryList(table=device_history),
}
"""By the names of their tables."""


def inventory_of(connection: Connection, device_id: str) -> JSONObject:
    """What a device itself answered, and when it or a user on it last told each list; None and empty: never.

    The items of the lists are in the lists, as there may be hundreds.
    """
    security = _rows(connection, device_security, device_id, device_security.c.channel_id)
    locations = _rows(connection, device_locations, device_id, device_locations.c.id)
    heads = inventory_lists.c
    return {
        "security": next((row for row in security if row["channel_id"] == ""), None),
        "location": next(iter(locations), None),
        "lists": _rows(connection, inventory_lists, device_id, heads["list"], heads.channel_id),
    }


def history_of(engine: Engine, device_ids: Sequence[str]) -> list[JSONObject]:
    """The values that facts of a device had, by name, those told last first. Raises: DatabaseAway.

    ``device_ids`` are its own and those of its records in Jamf Pro; each row has the one that it is from.
    """
    history = device_history.c
    query = select(*(history[name] for name in _HISTORY)).where(history.device_id.in_(device_ids))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(history.name, history.last_at.desc(), history.id)).mappings()
        return [ready(row) for row in rows]


_HISTORY = ("name", "value", "first_at", "last_at", "device_id")
_OF_DEVICE = ("id", "device_id", "rank", "by", "digest", *_INNER)


def _rows(connection: Connection, table: Table, device_id: str, *order: Any) -> list[JSONObject]:
    columns = [column for column in table.columns if column.name not in _OF_DEVICE]
    query = select(*columns).where(table.c.device_id == device_id).order_by(*order)
    return [ready(row) for row in connection.execute(query).mappings()]
