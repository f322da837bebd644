"""Forgetting what is old, in pieces so small that no drain waits long for one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Engine, Table, delete, exists, select, tuple_

from domain.clock import id_prefix
from state.engine import write_transaction
from state.schema import (
    actions,
    asset_deltas,
    assignment_failures,
    commands,
    device_history,
    event_bodies,
    event_keys,
    installs,
    jamf_api_operations,
)

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


def prune_effects(engine: Engine, *, before: datetime, go_on: GoOn) -> tuple[int, bool]:
    """Forget actions that were over before then, commands that were sent, calls of Jamf Pro's API, and what else only
    guards against repetition; the same. Events that could still be replayed must be younger."""
    total, more = 0, False
    age = id_prefix(before)
    over = select(actions.c.id).where(actions.c.state.in_(("done", "dead")), actions.c.id < age)
    awaited = exists().where(installs.c.command_id == commands.c.id, installs.c.state == "waiting")
    answered = select(commands.c.id).where(commands.c.state != "pending", commands.c.id < age, ~awaited)
    operations = select(jamf_api_operations.c.id).where(jamf_api_operations.c.id < age)
    deltas = select(asset_deltas.c.key).where(asset_deltas.c.received_at < before)
    failure = tuple_(*assignment_failures.primary_key)
    failures = select(*assignment_failures.primary_key).where(assignment_failures.c.received_at < before)
    for table, column, old in (
        (actions, actions.c.id, over),
        (commands, commands.c.id, answered),
        (jamf_api_operations, jamf_api_operations.c.id, operations),
        (asset_deltas, asset_deltas.c.key, deltas),
        (assignment_failures, failure, failures),
    ):
        count, left = _in_pieces(engine, table, column, old, go_on)
        total, more = total + count, more or left
    return total, more


def prune_history(engine: Engine, *, before: datetime, go_on: GoOn) -> tuple[int, bool]:
    """Forget values of devices' facts that were last told before then, except the last one; the same."""
    later = device_history.alias()
    is_last = ~exists().where(
        later.c.device_id == device_history.c.device_id,
        later.c.name == device_history.c.name,
        later.c.last_at > device_history.c.last_at,
    )
    old = select(device_history.c.id).where(device_history.c.last_at < before, ~is_last)
    return _in_pieces(engine, device_history, device_history.c.id, old, go_on)


def _in_pieces(engine: Engine, table: Table, column: Any, old: Any, go_on: GoOn) -> tuple[int, bool]:
    total = 0
    while go_on():
        with write_transaction(engine) as connection:
            count = connection.execute(delete(table).where(column.in_(old.limit(PIECE)))).rowcount
        total += count
        if count < PIECE:
            return total, False
    return total, True
