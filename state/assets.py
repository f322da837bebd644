"""Counts of assets: differences that notifications tell, each counted once, and what a read of Apple's API says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Update, bindparam, case, select, update

from state.keys import asset_id
from state.moment import Moment
from state.schema import asset_deltas, assets
from state.upsert import insert_missing, insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A difference of an asset's count. ``key`` is the identity of the event that told it (hex)."""

    key: str
    u_id: str
    adam_id: str
    pricing_param: str
    count: int
    received_at: datetime

    @property
    def asset_id(self) -> str:
        return asset_id(self.u_id, self.adam_id, self.pricing_param)


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
        read_at = self._lock(deltas)
        rows = [
            {
                "key": bytes.fromhex(delta.key),
                "asset_id": delta.asset_id,
                "delta": delta.count,
                "received_at": delta.received_at,
            }
            for delta in deltas
        ]
        new = insert_new(self._connection, asset_deltas, rows, asset_deltas.c.key)
        self._apply([d for d in deltas if bytes.fromhex(d.key) in new and not _is_in_read(d, read_at[d.asset_id])])

    def _lock(self, deltas: Sequence[Delta]) -> dict[str, datetime | None]:
        """Asset → when it was last read. Before differences are inserted: no read is stored that does not see them."""
        blanks = {delta.asset_id: {"id": delta.asset_id, **_blank(delta)} for delta in deltas}
        ids = sorted(blanks)
        insert_missing(self._connection, assets, [blanks[identifier] for identifier in ids])
        query = select(assets.c.id, assets.c.read_at).where(assets.c.id.in_(ids)).order_by(assets.c.id)
        return {row.id: row.read_at for row in self._connection.execute(query.with_for_update())}

    def _apply(self, deltas: Sequence[Delta]) -> None:
        sums: dict[str, dict[str, Any]] = {}
        for delta in deltas:
            blank: dict[str, Any] = {"row_id": delta.asset_id, "added": 0, "newest": delta.received_at}
            row = sums.setdefault(delta.asset_id, blank)
            row["added"] += delta.count
            row["newest"] = max(row["newest"], delta.received_at)
        if sums:
            self._connection.execute(_ADD, [sums[identifier] for identifier in sorted(sums)])


def _is_in_read(delta: Delta, read_at: datetime | None) -> bool:
    return read_at is not None and delta.received_at < read_at


def _addition() -> Update:
    columns = assets.c
    counts = columns.count_known & ~columns.unlimited
    added, newest = bindparam("added", type_=BigInteger), bindparam("newest", type_=Moment)
    return (
        update(assets)
        .where(columns.id == bindparam("row_id"))
        .values(
            net_delta=case((columns.unlimited, columns.net_delta), else_=columns.net_delta + added),
            total_count=case((counts, columns.total_count + added), else_=columns.total_count),
            available_count=case((counts, columns.available_count + added), else_=columns.available_count),
            changed_at=case((columns.changed_at > newest, columns.changed_at), else_=newest),
        )
    )


_ADD = _addition()


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
    """Take over Apple's counts. False when a difference came in since the read began: it may or may not be in them.

    One that was received before, and is processed after this, is in them. A read that began before the one that is
    stored is not taken over either.
    """
    identifier = asset_id(read.u_id, read.adam_id, read.pricing_param)
    insert_missing(connection, assets, [{"id": identifier, **_blank(read)}])
    read_at = connection.scalar(select(assets.c.read_at).where(assets.c.id == identifier).with_for_update())
    if read_at is not None and read_at > read.began_at:
        return False
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
        "read_at": read.began_at,
        "changed_at": read.began_at,
    }
    connection.execute(update(assets).where(assets.c.id == identifier).values(counts))
    return True
