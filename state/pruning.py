"""Forgetting what is old, in pieces so small that no drain waits long for one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Engine, Table, delete, select

from domain.clock import id_prefix
from state.schema import event_bodies, event_keys

GoOn: TypeAlias = Callable[[], bool]
"""Asked before each piece."""

PIECE = 2_000
"""Rows in one transaction."""


def prune_bodies(engine: Engine, *, before: datetime, go_on: GoOn) -> tuple[int, bool]:
    """Delete the bodies of events stored before then, their events stay; how many, and whether more are left."""
    old = select(event_bodies.c.id).where(event_bodies.c.id < id_prefix(before)).order_by(event_bodies.c.id)
    return _in_pieces(engine, event_bodies, event_bodies.c.id, old, go_on)


def prune_keys(engine: Engine, *, before: datetime, go_on: GoOn) -> tuple[int, bool]:
    """Forget the identity of events first seen before then, so that one that comes once more is new; the same."""
    old = select(event_keys.c.key).where(event_keys.c.first_seen_at < before)
    return _in_pieces(engine, event_keys, event_keys.c.key, old, go_on)


def _in_pieces(engine: Engine, table: Table, column: Any, old: Any, go_on: GoOn) -> tuple[int, bool]:
    total = 0
    while go_on():
        with engine.connect().execution_options(windfall_writes=True) as connection, connection.begin():
            count = connection.execute(delete(table).where(column.in_(old.limit(PIECE)))).rowcount
        total += count
        if count < PIECE:
            return total, False
    return total, True
