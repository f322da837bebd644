"""The ledger of what is owed to the world: actions are added once, claimed by one, settled by who claimed them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from domain.json_types import JSONObject
from state.changes import write_changes
from state.commands import add_commands
from state.engine import write_transaction
from state.schema import actions
from state.schema.effects import OPEN_ACTIONS
from state.settling import Outcome, follow_commands
from state.upsert import insert_new

OPEN = ("pending", "running", "retryable")
"""States in which an action is still owed. While it runs, `next_attempt_at` is when its claim ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """One effect that is owed. ``key`` names it: owing it again is nothing new. ``command`` is its row, if it is one.

    ``not_before`` delays the first attempt. Owed again before that it waits anew, in all at most so ``long``; owed
    again when an attempt may have looked at the world already, ``instead`` is owed.
    """

    id: str
    key: str
    kind: str
    destination: str
    arguments: JSONObject
    created_at: datetime
    not_before: datetime
    device_id: str | None = None
    command: Mapping[str, Any] | None = None
    long: timedelta | None = None
    instead: "NewAction | None" = None


def add_actions(connection: Connection, owed: Sequence[NewAction]) -> list[NewAction]:
    """Those that were not owed before, or what is owed instead of them; now they are."""
    added: list[NewAction] = []
    while owed:
        unique = {action.key: action for action in reversed(owed)}
        rows = [_row(unique[key]) for key in sorted(unique)]
        new = insert_new(connection, actions, rows, actions.c.key)
        added += [unique[key] for key in sorted(new)]
        owed = _meet(connection, {key: action for key, action in unique.items() if key not in new})
    add_commands(connection, [{"id": action.id, **action.command} for action in added if action.command is not None])
    return added


def _meet(connection: Connection, again: Mapping[str, NewAction]) -> list[NewAction]:
    """What is owed instead of actions whose keys were owed before; those that still wait for more wait longer."""
    minded = {key: one for key, one in again.items() if one.long is not None or one.instead is not None}
    if not minded:
        return []
    columns = actions.c
    # Nobody claims it before we have committed: it then looks at a world in which we have.
    query = (
        select(columns.id, columns.key, columns.state, columns.attempts, columns.next_attempt_at, columns.created_at)
        .where(columns.key.in_(minded))
        .order_by(columns.id)
        .with_for_update()
    )
    later, instead = {}, []
    for row in connection.execute(query):
        one = minded[row.key]
        if one.long is not None and (row.state, row.attempts) == ("pending", 0):
            later[row.id] = {
                "next_attempt_at": max(row.next_attempt_at, min(one.not_before, row.created_at + one.long))
            }
        if one.instead is not None and row.state not in ("pending", "retryable"):
            instead.append(one.instead)
    write_changes(connection, actions, later)
    return instead


def _row(action: NewAction) -> dict[str, Any]:
    return {
        "id": action.id,
        "key": action.key,
        "kind": action.kind,
        "destination": action.destination,
        "state": "pending",
        "attempts": 0,
        "next_attempt_at": action.not_before,
        "arguments": action.arguments,
        "device_id": action.device_id,
        "created_at": action.created_at,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An action that is ours to perform until ``until``. ``attempt`` is its number, the first is 1."""

    id: str
    key: str
    kind: str
    destination: str
    arguments: JSONObject
    attempt: int
    until: datetime


def claim(engine: Engine, destination: str, *, now: datetime, until: datetime, limit: int) -> list[Claimed]:
    """Up to ``limit`` due actions of a destination, the longest due first; nobody else gets them before ``until``."""
    columns = actions.c
    due = (
        select(columns.id, columns.key, columns.kind, columns.arguments, columns.attempts)
        .where(columns.destination == destination, OPEN_ACTIONS, columns.next_attempt_at <= now)
        .order_by(columns.next_attempt_at, columns.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with write_transaction(engine) as connection:
        rows = connection.execute(due).all()
        if rows:
            running = {"state": "running", "attempts": columns.attempts + 1, "next_attempt_at": until}
            connection.execute(update(actions).where(columns.id.in_([row.id for row in rows])).values(running))
    return [
        Claimed(
            id=row.id,
            key=row.key,
            kind=row.kind,
            destination=destination,
            arguments=row.arguments,
            attempt=row.attempts + 1,
            until=until,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How an attempt ended. ``state`` is `done`, `retryable` (then not before ``at``), `dead` or `released`: not tried.

    ``attempt`` and ``until`` are those of the claim.
    ``happened`` is False only when the effect surely did not happen. ``arguments`` replace the action's, to leave
    secrets behind.
    """

    id: str
    attempt: int
    until: datetime
    state: str
    error: str | None = None
    at: datetime | None = None
    happened: bool | None = None
    arguments: JSONObject | None = None


def settle(
    engine: Engine,
    settlements: Sequence[Settlement],
    now: datetime,
    *,
    owed: Mapping[str, Sequence[NewAction]] | None = None,
) -> list[Settlement]:
    """Write down how attempts ended, and what follows for their commands and installs. Those that were still ours.

    An attempt whose claim ran out and was taken by somebody else is theirs to settle. ``owed``, by action, is owed from
    then on if the action was ours.
    """
    if not settlements:
        return []
    with write_transaction(engine) as connection:
        ours = _still_ours(connection, settlements)
        follow_commands(connection, {s.id: Outcome(s.state, s.error, s.happened) for s in ours}, now)
        for settlement in ours:
            connection.execute(update(actions).where(actions.c.id == settlement.id).values(_outcome(settlement, now)))
        add_actions(connection, [action for s in ours for action in (owed or {}).get(s.id, ())])
    return ours


def _still_ours(connection: Connection, settlements: Sequence[Settlement]) -> list[Settlement]:
    by_id = {settlement.id: settlement for settlement in settlements}
    query = (
        select(actions.c.id, actions.c.attempts, actions.c.next_attempt_at)
        .where(actions.c.id.in_(by_id), actions.c.state == "running")
        .order_by(actions.c.id)
        .with_for_update()
    )
    claims = {row.id: (row.attempts, row.next_attempt_at) for row in connection.execute(query)}
    return [s for _, s in sorted(by_id.items()) if claims.get(s.id) == (s.attempt, s.until)]


def _outcome(settlement: Settlement, now: datetime) -> dict[str, Any]:
    if settlement.state == "released":
        attempts = settlement.attempt - 1
        return {"state": "retryable" if attempts else "pending", "attempts": attempts, "next_attempt_at": now}
    outcome: dict[str, Any] = {"state": settlement.state, "error": settlement.error}
    if settlement.state == "retryable":
        return outcome | {"next_attempt_at": settlement.at}
    if settlement.arguments is not None:
        outcome["arguments"] = settlement.arguments
    return outcome | {"settled_at": now}


def due_destinations(engine: Engine, now: datetime) -> list[str]:
    """Destinations for which something is due."""
    query = select(actions.c.destination).distinct().where(OPEN_ACTIONS, actions.c.next_attempt_at <= now)
    with engine.connect() as connection:
        return sorted(connection.scalars(query))


def is_due(engine: Engine, destination: str, now: datetime) -> bool:
    """Whether anything is due for this destination."""
    query = select(actions.c.id).where(
        actions.c.destination == destination, OPEN_ACTIONS, actions.c.next_attempt_at <= now
    )
    with engine.connect() as connection:
        return connection.execute(query.limit(1)).first() is not None
