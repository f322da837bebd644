"""What follows for commands and installs when the action that sends a command is over, or is given another try."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from state.changes import write_changes
from state.schema import commands, installs

FIRST_PUSH = timedelta(minutes=5)
"""After so long without an answer a device is pushed again."""


def follow_commands(
    connection: Connection, outcomes: Mapping[str, tuple[str, str | None, bool | None]], now: datetime
) -> None:
    """Outcomes are `(state, error, happened)` by the id of action and command; those of other actions say nothing here.

    A command whose device has answered already, or that is void, stays so.
    """
    ids = sorted(outcomes)
    query = select(commands.c.id).where(commands.c.id.in_(ids)).order_by(commands.c.id).with_for_update()
    known = set(connection.scalars(query))
    sent = [identifier for identifier in ids if identifier in known and outcomes[identifier][0] == "done"]
    dead = [identifier for identifier in ids if identifier in known and outcomes[identifier][0] == "dead"]
    uncalled = [
        identifier
        for identifier in ids
        if identifier in known and outcomes[identifier][2] is False and outcomes[identifier][0] != "dead"
    ]
    pending = commands.c.state == "pending"
    _mark_sent(connection, sent, now)
    write_changes(connection, commands, {i: {"called_at": None} for i in uncalled}, where=pending)
    died = {i: {"state": "dead", "error": outcomes[i][1], "next_push_at": None} for i in dead}
    write_changes(connection, commands, died, where=pending)
    for identifier in dead:
        reason = f"the command could not be sent: {outcomes[identifier][1]}"
        _follow_installs(connection, [identifier], {"state": "failed", "reason": reason, "changed_at": now})


def _mark_sent(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    on_its_way = {"state": "sent", "sent_at": now, "next_push_at": now + FIRST_PUSH}
    write_changes(connection, commands, dict.fromkeys(ids, on_its_way), where=commands.c.state == "pending")
    _follow_installs(connection, ids, {"state": "command_sent", "reason": None, "sent_at": now, "changed_at": now})


def _follow_installs(connection: Connection, command_ids: Sequence[str], values: Mapping[str, Any]) -> None:
    """Installs that wait for these commands, and only those: an answer may have come before we heard ourselves."""
    waiting = installs.c.command_id.in_(command_ids) & (installs.c.state == "waiting")
    ids = list(connection.scalars(select(installs.c.id).where(waiting).order_by(installs.c.id).with_for_update()))
    write_changes(connection, installs, dict.fromkeys(ids, values), where=installs.c.state == "waiting")
