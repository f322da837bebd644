"""Counts of assets: differences that notifications tell, each counted once, and what a read of Apple's API says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, case, select, update

from state.keys import asset_id
from state.schema import asset_deltas, assets
from state.upsert import insert, insert_missing, insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A difference of an asset's count. ``key`` is the identity of the event that told it (hex)."""

    key: str
    u_id: str
    adam_id: str
    pricing_param: str
    count: int
    received_at: datetime


class Assets:
    """The differences that a batch brings; each counts once, whoever brings it again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._deltas: dict[str, Delta] = {}

    def add(self, delta: Delta) -> None:
        self._deltas.setdefault(delta.key, delta)

    def flush(self) -> None:
        """Insert what is new, and add just that: on known counts too, unless the asset has no number."""
        deltas = [self._deltas[key] for key in sorted(self._deltas)]
        self._deltas = {}
        if not deltas:
            return
        rows = [
            {
                "key": bytes.fromhex(delta.key),
                "asset_id": asset_id(delta.u_id, delta.adam_id, delta.pricing_param),
                "delta": delta.count,
                "received_at": delta.received_at,
            }
            for delta in deltas
        ]
        new = insert_new(self._connection, asset_deltas, rows, asset_deltas.c.key)
        self._apply([delta for delta in deltas if bytes.fromhex(delta.key) in new])

    def _apply(self, deltas: Sequence[Delta]) -> None:
        sums: dict[str, dict[str, Any]] = {}
        for delta in deltas:
            identifier = asset_id(delta.u_id, delta.adam_id, delta.pricing_param)
            row = sums.setdefault(identifier, {"id": identifier, **_blank(delta)})
            row["net_delta"] += delta.count
            row["changed_at"] = max(row["changed_at"], delta.received_at)
        if sums:
            self._add([sums[identifier] for identifier in sorted(sums)])

    def _add(self, rows: Sequence[dict[str, Any]]) -> None:
        statement, columns = insert(self._connection, assets), assets.c
        counts = columns.count_known & ~columns.unlimited
        added = statement.excluded.net_delta
        newest = case(
            (columns.changed_at > statement.excluded.changed_at, columns.changed_at),
            else_=statement.excluded.changed_at,
        )
        values = {
            "net_delta": case((columns.unlimited, columns.net_delta), else_=columns.net_delta + added),
            "total_count": case((counts, columns.total_count + added), else_=columns.total_count),
            "available_count": case((counts, columns.available_count + added), else_=columns.available_count),
            "changed_at": newest,
        }
        self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values), rows)


def _blank(asset: "Delta | AssetRead") -> dict[str, Any]:
    """An asset of which only differences are known."""
    return {
        "u_id": asset.u_id,
        "adam_id": asset.adam_id,
        "pricing_param": asset.pricing_param,
        "total_count": None,
        "available_count": None,
        "count_known": False,
        "net_delta": 0,
        "unlimited": False,
        "changed_at": datetime.fromtimestamp(0, UTC),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRead:
    """An asset as Apple's API shows it. ``began_at`` is when it was asked; no counts mean that it is unlimited.

    Source: https://developer.apple.com/documentation/devicemanagement/responseasset
    """

    u_id: str
    adam_id: str
    pricing_param: str
    total_count: int | None
    available_count: int | None
    began_at: datetime


def store_read(connection: Connection, read: AssetRead) -> bool:
    """Take over Apple's counts. False when a difference came in since the read began: it may or may not be in them."""
    identifier = asset_id(read.u_id, read.adam_id, read.pricing_param)
    insert_missing(connection, assets, [{"id": identifier, **_blank(read)}])
    connection.execute(select(assets.c.id).where(assets.c.id == identifier).with_for_update())
    later = select(asset_deltas.c.key).where(
        asset_deltas.c.asset_id == identifier, asset_deltas.c.received_at >= read.began_at
    )
    if connection.execute(later.limit(1)).first() is not None:
        return False
    counts = {
        "total_count": read.total_count,
        "available_count": read.available_count,
        "count_known": read.total_count is not None,
        "unlimited": read.total_count is None,
        "net_delta": 0,
        "changed_at": read.began_at,
    }
    connection.execute(update(assets).where(assets.c.id == identifier).values(counts))
    return True
