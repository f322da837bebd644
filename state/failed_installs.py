"""Installs that ended with a command that nothing can send again, and that a person wants tried again all the same."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from state.changes import is_one_of, write_changes
from state.commands import void_commands
from state.schema import commands, devices, installs

_OVER = ("Acknowledged", "Error", "CommandFormatError", "void")
"""States of a command in which its device has answered it, or nobody waits for that any more."""


def failed_installs(
    connection: Connection, command_ids: Collection[str], once: Collection[str], *, locked: bool
) -> dict[str, str]:
    """By the command that was the last of it, where that is over: a later one may have taken its place.

    So is one that was never answered, if its sender is one of ``once``: their servers take no UUID twice. An install
    that waits for such a one waits for its app to be removed first.
    """
    failed = (installs.c.state == "failed") & commands.c.state.in_(_OVER)
    unanswered = installs.c.state.in_(("stuck", "waiting")) & (commands.c.state == "sent") & commands.c.sender.in_(once)
    query = (
        select(installs.c.command_id, installs.c.id)
        .join(commands, commands.c.id == installs.c.command_id)
        .where(installs.c.command_id.in_(command_ids), failed | unanswered)
        .order_by(installs.c.id)
    )
    rows = connection.execute(query.with_for_update(of=installs) if locked else query)
    return {row.command_id: row.id for row in rows}


def begin_again(connection: Connection, failed: Mapping[str, str], now: datetime) -> None:
    """They wait for a new command, to the server that their device is enrolled in by now; the last one is nobody's."""
    begins: dict[str, Any] = {
        "state": "waiting", "reason": None, "command_id": None, "sent_at": None, "acknowledged_at": None,
        "acknowledged_by": None, "checks": 0, "changed_at": now,
    }  # fmt: skip
    void_commands(connection, dict.fromkeys(failed, "the app is sent anew"))
    ended = is_one_of(installs.c.state, ("failed", "stuck", "waiting"))
    write_changes(connection, installs, dict.fromkeys(failed.values(), begins), where=ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where an install belongs: the device, and what it says its serial number is by now."""

    id: str
    device_id: str
    adam_id: str
    serial_key: str | None


def homes_of(engine: Engine, ids: Collection[str]) -> list[Home]:
    """Of these installs, by id."""
    query = (
        select(installs.c.id, installs.c.device_id, installs.c.adam_id, devices.c.serial_key)
        .join(devices, devices.c.id == installs.c.device_id)
        .where(installs.c.id.in_(ids))
        .order_by(installs.c.id)
    )
    with engine.connect() as connection:
        return [Home(**row) for row in connection.execute(query).mappings()]
