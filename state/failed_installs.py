"""Installs that failed with a command that nothing can send again, and that a person wants tried again all the same."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from state.changes import write_changes
from state.schema import commands, installs

_OVER = ("Acknowledged", "Error", "CommandFormatError", "void")
"""States of a command in which its device has answered it, or nobody waits for that any more."""


def failed_installs(connection: Connection, command_ids: Collection[str], *, locked: bool) -> dict[str, str]:
    """By the command that was the last of it, where that is over: a later one may have taken its place."""
    query = (
        select(installs.c.command_id, installs.c.id)
        .join(commands, commands.c.id == installs.c.command_id)
        .where(installs.c.command_id.in_(command_ids), installs.c.state == "failed", commands.c.state.in_(_OVER))
        .order_by(installs.c.id)
    )
    rows = connection.execute(query.with_for_update(of=installs) if locked else query)
    return {row.command_id: row.id for row in rows}


def begin_again(connection: Connection, ids: Collection[str], now: datetime) -> None:
    """They wait for a new command, which the sweep owes to the server that their device is enrolled in by then."""
    begins: dict[str, Any] = {
        "state": "waiting", "reason": None, "command_id": None, "sent_at": None, "acknowledged_at": None,
        "acknowledged_by": None, "checks": 0, "changed_at": now,
    }  # fmt: skip
    write_changes(connection, installs, dict.fromkeys(ids, begins), where=installs.c.state == "failed")
