"""What facts of devices were, and from when to when: one row per value, its span the union of all that was heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, or_, select

from state.keys import inventory_id
from state.portions import portions
from state.schema import device_history
from state.upsert import insert

MOST_VALUES = 100
"""Of one fact of one device; those that were told last stay, whatever the order they came in."""


@dataclass(slots=True, kw_only=True)
class _Span:
    device_id: str
    name: str
    value: str
    first_at: datetime
    last_at: datetime


class DeviceHistory:
    """The values that a batch tells of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._spans: dict[str, _Span] = {}

    def saw(self, device_id: str, name: str, value: str, at: datetime) -> None:
        """A value as it is stored, short enough for its column (state.schema)."""
        identifier = inventory_id(device_id, name, value)
        span = self._spans.get(identifier)
        if span is None:
            self._spans[identifier] = _Span(device_id=device_id, name=name, value=value, first_at=at, last_at=at)
        else:
            span.first_at, span.last_at = min(span.first_at, at), max(span.last_at, at)

    def flush(self) -> None:
        """Widen the spans that are stored; only those that become wider are written."""
        rows = [
            {"id": i, "device_id": s.device_id, "name": s.name, "value": s.value} | _times(s)
            for i, s in sorted(self._spans.items())
        ]
        if rows:
            self._widen(rows)
            self._forget(sorted({span.device_id for span in self._spans.values()}))
        self._spans = {}

    def _widen(self, rows: Sequence[dict[str, Any]]) -> None:
        statement = insert(self._connection, device_history)
        old, new = device_history.c, statement.excluded
        is_sqlite = self._connection.dialect.name == "sqlite"
        least, most = (func.min, func.max) if is_sqlite else (func.least, func.greatest)
        wider = statement.on_conflict_do_update(
            index_elements=["id"],
            set_={"first_at": least(old.first_at, new.first_at), "last_at": most(old.last_at, new.last_at)},
            where=or_(new.first_at < old.first_at, new.last_at > old.last_at),
        )
        self._connection.execute(wider, rows)

    def _forget(self, device_ids: Sequence[str]) -> None:
        """Of what has had too many values, the oldest."""
        columns = device_history.c
        for portion in portions(device_ids):
            crowded: Select[Any] = (
                select(columns.device_id, columns.name)
                .where(columns.device_id.in_(portion))
                .group_by(columns.device_id, columns.name)
                .having(func.count() > MOST_VALUES)
            )
            for device_id, name in self._connection.execute(crowded).all():
                self._forget_oldest(device_id, name)

    def _forget_oldest(self, device_id: str, name: str) -> None:
        columns = device_history.c
        old = (
            select(columns.id)
            .where(columns.device_id == device_id, columns.name == name)
            .order_by(columns.last_at.desc(), columns.id)
            .offset(MOST_VALUES)
        )
        found = list(self._connection.scalars(old))
        self._connection.execute(delete(device_history).where(columns.id.in_(found)))


def _times(span: _Span) -> dict[str, datetime]:
    return {"first_at": span.first_at, "last_at": span.last_at}
