"""Forgetting what is old, in pieces so small that no drain waits long for one."""

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Table, delete, select

from domain.clock import id_prefix
from state.schema import event_bodies, event_keys

PIECE = 2_000
"""Rows in one transaction."""


def prune_bodies(engine: Engine, *, before: datetime) -> int:
    """Delete the bodies of events stored before then, their events stay; how many that were."""
    old = select(event_bodies.c.id).where(event_bodies.c.id < id_prefix(before)).order_by(event_bodies.c.id)
    return _in_pieces(engine, event_bodies, event_bodies.c.id, old)


def prune_keys(engine: Engine, *, before: datetime) -> int:
    """Forget the identity of events first seen before then: one that comes once more is new; how many that were."""
    old = select(event_keys.c.key).where(event_keys.c.first_seen_at < before)
    return _in_pieces(engine, event_keys, event_keys.c.key, old)


def _in_pieces(engine: Engine, table: Table, column: Any, old: Any) -> int:
    total = 0
    while True:
        with engine.connect().execution_options(windfall_writes=True) as connection, connection.begin():
            count = connection.execute(delete(table).where(column.in_(old.limit(PIECE)))).rowcount
        total += count
        if count < PIECE:
            return total
