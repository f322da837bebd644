"""What follows for commands and installs when the action that sends a command is over, or is given another try."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from state.changes import write_changes
from state.commands import void_commands
from state.schema import commands, installs

FIRST_PUSH = timedelta(minutes=2)
"""After so long without an answer a device is pushed again."""

LONGEST_CALL = timedelta(minutes=5)
"""From before a call until what became of it is known, that of all its claim's others too."""

INSTALL = "InstallApplication"
"""What installs wait for to go out; if they wait for anything else, then until that is over."""


class Outcome(NamedTuple):
    """As in state.outbox.Settlement."""

    state: str
    error: str | None
    happened: bool | None


def follow_commands(connection: Connection, outcomes: Mapping[str, Outcome], now: datetime) -> None:
    """Outcomes are by the id that an action and its command share; those of other actions say nothing here.

    A command whose device has answered already, or that is void, stays so, and so does its install.
    """
    waiting = commands.c.id.in_(outcomes) & (commands.c.state == "pending")
    columns = (commands.c.id, commands.c.request_type, commands.c.called_at)
    found = connection.execute(select(*columns).where(waiting).order_by(commands.c.id).with_for_update()).all()
    types = {row.id: row.request_type for row in found}
    ours = {identifier: outcomes[identifier] for identifier in types}
    sent = {i: outcome for i, outcome in ours.items() if outcome.state == "done"}
    dead = {i: outcome for i, outcome in ours.items() if outcome.state == "dead"}
    uncalled = [i for i, outcome in ours.items() if outcome.happened is False and i not in dead]
    left_at = {row.id: _left_at(row.called_at, now) for row in found}
    changes: dict[str, dict[str, Any]] = {
        i: {"state": "sent", "sent_at": left_at[i], "next_push_at": now + FIRST_PUSH} for i in sent
    }
    changes |= {
        i: {"state": "dead", "error": outcome.error, "next_push_at": None, **_never_left(outcome)}
        for i, outcome in dead.items()
    }
    changes |= {i: {"called_at": None} for i in uncalled}
    write_changes(connection, commands, changes)
    _tell_installs(connection, ours, types, left_at, now)


def _left_at(called_at: datetime | None, now: datetime) -> datetime:
    """When a command went out of which its server says now that it has it: the device may have answered before that.

    Of a call that is long past the reply was lost, and nobody knows since when the server has it.
    """
    return called_at if called_at is not None and now - called_at < LONGEST_CALL else now


def _tell_installs(
    connection: Connection,
    ours: Mapping[str, Outcome],
    types: Mapping[str, str],
    left_at: Mapping[str, datetime],
    now: datetime,
) -> None:
    told: dict[str, dict[str, Any]] = {}
    for identifier, outcome in ours.items():
        if types[identifier] == INSTALL and outcome.state == "done":
            told[identifier] = {"state": "command_sent", "reason": None, "sent_at": left_at[identifier]}
        if types[identifier] == INSTALL and outcome.state == "dead":
            told[identifier] = {"state": "failed", "reason": f"the command could not be sent: {outcome.error}"}
    _follow_installs(connection, {identifier: {**news, "changed_at": now} for identifier, news in told.items()})
    free_installs(connection, [i for i, one in ours.items() if one.state == "dead" or one.happened is False], now)


def free_installs(connection: Connection, command_ids: Collection[str], now: datetime) -> None:
    """Installs that wait until their app was removed wait for those of these commands no more: the sweep owes theirs.

    What was to remove the app must not go out after that.
    """
    others = commands.c.id.in_(command_ids) & (commands.c.request_type != INSTALL)
    waiting = installs.c.command_id.in_(select(commands.c.id).where(others)) & (installs.c.state == "waiting")
    query = select(installs.c.id, installs.c.command_id).where(waiting).order_by(installs.c.id).with_for_update()
    found = {row.id: row.command_id for row in connection.execute(query)}
    free: Mapping[str, Any] = {"command_id": None, "changed_at": now}
    write_changes(connection, installs, dict.fromkeys(found, free))
    void_commands(connection, dict.fromkeys(found.values(), "the app is sent anew"))


def _never_left(outcome: Outcome) -> dict[str, None]:
    return {"called_at": None} if outcome.happened is False else {}


def _follow_installs(connection: Connection, told: Mapping[str, Mapping[str, Any]]) -> None:
    """Installs that wait for these commands, and only those: an answer may have come before we heard ourselves."""
    waiting = installs.c.command_id.in_(list(told)) & (installs.c.state == "waiting")
    query = select(installs.c.id, installs.c.command_id).where(waiting).order_by(installs.c.id).with_for_update()
    changes = {row.id: told[row.command_id] for row in connection.execute(query)}
    write_changes(connection, installs, changes, where=installs.c.state == "waiting")
