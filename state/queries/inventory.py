"""What devices answered, as people read it: each list of all devices, and what a device has in all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Engine, Select, String, Table, and_, func, select

from domain.clock import parse_time
from domain.json_types import JSONObject
from state.queries.pages import Filters, Page, Question, ready, text_value, true_or_false
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
        return found | (dict.fromkeys(("expires_before", "expires_after"), moment_value) if self.ends else {})

    def many(self, engine: Engine, question: Question) -> Page:
        """By id, so that the items of one device lie together. Raises: BadQuery, DatabaseAway."""
        wanted = (self._condition(name, value) for name, value in question.values(self.filters).items())
        return read_page(engine, self.query().where(*wanted), question, key=self.table.c.id)

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

    def _condition(self, name: str, value: Any) -> Any:
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
    history = device_history.c
    heads = inventory_lists.c
    return {
        "security": next((row for row in security if row["channel_id"] == ""), None),
        "location": next(iter(locations), None),
        "history": _rows(connection, device_history, device_id, history.name, history.last_at.desc(), history.id),
        "lists": _rows(connection, inventory_lists, device_id, heads["list"], heads.channel_id),
    }


_OF_DEVICE = ("id", "device_id", "rank", "by", "digest", *_INNER)


def _rows(connection: Connection, table: Table, device_id: str, *order: Any) -> list[JSONObject]:
    columns = [column for column in table.columns if column.name not in _OF_DEVICE]
    query = select(*columns).where(table.c.device_id == device_id).order_by(*order)
    return [ready(row) for row in connection.execute(query).mappings()]
