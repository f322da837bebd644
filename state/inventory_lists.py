"""Lists that devices answered, in a unit of work: told in memory, and joined at the end with what is stored.

Items are written only where they changed, however often a device says the same; a list that says exactly the same
as before is not even compared item by item, and of a list of which only some items were told no others are read.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from domain.clock import parse_time, rfc3339
from domain.facts import Stamp
from domain.inventory.answers import ListAnswer
from domain.inventory.listing import Layer, Listing, Order
from domain.json_types import JSONObject
from state.changes import write_changes
from state.keys import inventory_id, item_id, list_of_item
from state.moment import Moment
from state.portions import portions
from state.schema import LISTS, inventory_lists
from state.upsert import insert_missing, upsert

AT_ONCE = 100
"""Lists whose items are in memory at the same time."""

_OURS = ("id", "device_id", "channel_id", "key", "listed", "layers", "told_at")
"""Columns of every list that are no columns of an item."""

_Items: TypeAlias = tuple[dict[str, JSONObject], dict[str, list[Layer]]]
"""The `base` and the `layers` of a list, or some of each."""


@dataclass(slots=True, kw_only=True)
class _Told:
    """What a batch says of one list."""

    identity: Mapping[str, str]
    listing: Listing = field(default_factory=Listing)


class InventoryLists:
    """The lists that a batch tells about."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told: dict[str, _Told] = {}

    def tell(self, device_id: str, channel_id: str, answer: ListAnswer, stamp: Stamp) -> None:
        """One answer of a device, or of a user channel on it."""
        identifier = inventory_id(device_id, channel_id, answer.list)
        identity = {"device_id": device_id, "channel_id": channel_id, "list": answer.list}
        told = self._told.setdefault(identifier, _Told(identity=identity))
        told.listing.tell(answer.items, stamp.order(), whole=answer.whole, left_out=answer.left_out)

    def flush(self) -> None:
        """Lock the lists, then write their items, list by list in one order."""
        heads = self._locked()
        by_table: dict[str, list[str]] = defaultdict(list)
        for identifier, told in sorted(self._told.items()):
            if _is_news(told.listing, heads[identifier]):
                by_table[told.identity["list"]].append(identifier)
        changes: dict[str, Mapping[str, Any]] = {}
        for name, identifiers in sorted(by_table.items()):
            for start in range(0, len(identifiers), AT_ONCE):
                changes |= self._write(LISTS[name], identifiers[start : start + AT_ONCE], heads)
        write_changes(self._connection, inventory_lists, changes)
        self._told = {}

    def _locked(self) -> dict[str, Mapping[Any, Any]]:
        """The rows of the lists themselves, missing ones made."""
        heads: dict[str, Mapping[Any, Any]] = {}
        columns = inventory_lists.c
        for portion in portions(sorted(self._told)):
            known = set(self._connection.scalars(select(columns.id).where(columns.id.in_(portion))))
            blank = {"item_count": 0, "left_out": 0}
            missing = [{"id": i, **self._told[i].identity, **blank} for i in portion if i not in known]
            if missing:
                insert_missing(self._connection, inventory_lists, missing)
            query = select(inventory_lists).where(columns.id.in_(portion)).order_by(columns.id).with_for_update()
            heads |= {row["id"]: row for row in self._connection.execute(query).mappings()}
        return heads

    def _write(
        self, table: Table, identifiers: Sequence[str], heads: Mapping[str, Mapping[Any, Any]]
    ) -> dict[str, Mapping[str, Any]]:
        """Write the items of some lists of one table; the changes of the lists themselves."""
        changes: dict[str, Mapping[str, Any]] = {}
        compared = []
        for identifier in identifiers:
            listing = self._told[identifier].listing
            if not listing.layers and _digest(listing) == heads[identifier]["digest"]:
                changes[identifier] = _head(listing)
            else:
                compared.append(identifier)
        stored = self._stored(table, compared) if compared else {}
        rows: list[dict[str, Any]] = []
        gone: list[str] = []
        for identifier in compared:
            told, head = self._told[identifier], heads[identifier]
            base, layers = stored.get(list_of_item(identifier), ({}, {}))
            listing = Listing(since=_since(head), left_out=head["left_out"], base=base, layers=dict(layers))
            listing.join(told.listing)
            changed = [k for k in listing.keys if listing.of(k) != (base.get(k), layers.get(k))]
            rows += _rows(table, identifier, told.identity, listing, changed)
            gone += (item_id(identifier, key) for key in (base.keys() | layers.keys()) - listing.keys)
            if told.listing.since is not None:
                changes[identifier] = _head(listing)
            elif listing.layers and head["digest"]:
                changes[identifier] = {"digest": None}
        self._replace(table, rows, gone)
        return changes

    def _stored(self, table: Table, identifiers: Sequence[str]) -> dict[str, _Items]:
        """By how the ids of their items begin: lists that were told whole, and of others the items that were told.

        What was said before a layer said it anew is not among it: nothing can bring it back.
        """
        named = [name for name in table.columns.keys() if name not in _OURS]  # noqa: SIM118 - a collection of columns
        moments = _moments(table)
        columns = table.c
        query = select(columns.id, columns.key, columns.listed, columns.layers, *(columns[name] for name in named))
        found: dict[str, _Items] = defaultdict(lambda: ({}, {}))
        for condition in self._conditions(table, identifiers):
            for identifier, key, listed, said, *values in self._connection.execute(query.where(condition)):
                base, layers = found[list_of_item(identifier)]
                if said:
                    layers[key] = said
                if listed:
                    item = {name: value for name, value in zip(named, values, strict=True) if value is not None}
                    for name in moments & item.keys():
                        item[name] = rfc3339(item[name])
                    for layer in said or ():
                        item = {name: value for name, value in item.items() if name not in layer[3]}
                    base[key] = item
        return found

    def _conditions(self, table: Table, identifiers: Sequence[str]) -> Iterator[ColumnElement[bool]]:
        whole = {i for i in identifiers if self._told[i].listing.since is not None}
        if whole:
            yield table.c.device_id.in_(sorted({self._told[i].identity["device_id"] for i in whole}))
        named = [item_id(i, key) for i in identifiers if i not in whole for key in self._told[i].listing.layers]
        for portion in portions(sorted(named)):
            yield table.c.id.in_(portion)

    def _replace(self, table: Table, rows: list[dict[str, Any]], gone: list[str]) -> None:
        for portion in portions(sorted(gone)):
            self._connection.execute(delete(table).where(table.c.id.in_(portion)))
        for written in portions(sorted(rows, key=lambda row: str(row["id"]))):
            upsert(self._connection, table, written)


def _is_news(told: Listing, head: Mapping[Any, Any]) -> bool:
    """False when all of it is older than the whole answer that is known."""
    since = _since(head)
    if since is None or (told.since is not None and told.since >= since):
        return True
    return any(layer[:3] > since for layers in told.layers.values() for layer in layers)


def _since(head: Mapping[Any, Any]) -> Order | None:
    return None if head["at"] is None else [rfc3339(head["at"]), head["rank"], head["by"]]


def _head(listing: Listing) -> dict[str, Any]:
    at, rank, by = listing.since or (None, None, None)
    return {
        "at": parse_time(at),
        "rank": rank,
        "by": by,
        "item_count": len(listing.base),
        "left_out": listing.left_out,
        "digest": _digest(listing),
    }


def _digest(listing: Listing) -> str | None:
    """Of all items, None where answers that were not whole said something."""
    if listing.layers or listing.since is None:
        return None
    return hashlib.sha256(json.dumps(listing.base, sort_keys=True).encode()).hexdigest()


def _moments(table: Table) -> set[str]:
    return {column.name for column in table.columns if isinstance(column.type, Moment)}


def _rows(
    table: Table, list_id: str, identity: Mapping[str, str], listing: Listing, keys: Iterable[str]
) -> list[dict[str, Any]]:
    """The rows that a list should have of these items, whole."""
    blank = {column.name: None for column in table.columns if column.name not in _OURS}
    moments = _moments(table) & blank.keys()
    owner = {"device_id": identity["device_id"], "channel_id": identity["channel_id"]}
    rows = []
    for key in keys:
        layers = listing.layers.get(key)
        columns: JSONObject = listing.columns(key)
        values: dict[str, Any] = blank | {name: value for name, value in columns.items() if name in blank}
        for name in moments & columns.keys():
            values[name] = parse_time(columns[name])
        ours = {"id": item_id(list_id, key), **owner, "key": key, "listed": key in listing.base, "layers": layers}
        rows.append({**ours, "told_at": parse_time(layers[0][0]) if layers else None, **values})
    return rows
