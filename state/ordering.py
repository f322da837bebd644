"""Commands that people order themselves: each is owed once under its key, and asking again tells what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, select

from domain.json_types import JSONObject
from state.changes import write_changes
from state.commands import OPEN, void_commands
from state.outbox import NewAction, add_actions
from state.queries.reading import reading, writing
from state.schema import actions, commands, installs
from state.settling import INSTALL, free_installs


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A command as it stands; ``is_new`` when it was not ordered before. ``arguments`` are without secrets."""

    id: str
    command_uuid: str
    device_id: str
    request_type: str
    arguments: JSONObject
    state: str
    is_new: bool


def order(engine: Engine, action: NewAction) -> Ordered:
    """Owe a command, or find the one that was ordered under the same key before. Raises: DatabaseAway."""
    names = [name for name in Ordered.__slots__ if name != "is_new"]
    query = (
        select(*(commands.c[name] for name in names))
        .join_from(actions, commands, actions.c.id == commands.c.id)
        .where(actions.c.key == action.key)
    )
    with writing(engine) as connection:
        is_new = bool(add_actions(connection, [action]))
        return Ordered(**connection.execute(query).mappings().one(), is_new=is_new)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCommand:
    """A command that its device has not answered; ``is_leaving`` while somebody is sending it at this moment."""

    id: str
    command_uuid: str
    is_leaving: bool


def open_commands(engine: Engine, device_id: str, sender: str) -> list[OpenCommand]:
    """Commands of ours that wait for this device, sent or not, oldest first. Raises: DatabaseAway."""
    query = (
        select(commands.c.id, commands.c.command_uuid, actions.c.state)
        .join_from(commands, actions, actions.c.id == commands.c.id, isouter=True)
        .where(commands.c.device_id == device_id, commands.c.sender == sender, commands.c.state.in_(OPEN))
        .order_by(commands.c.id)
    )
    with reading(engine) as connection:
        return [
            OpenCommand(id=row.id, command_uuid=row.command_uuid, is_leaving=row.state == "running")
            for row in connection.execute(query)
        ]


def give_up(engine: Engine, ids: Sequence[str], *, reason: str, now: datetime) -> None:
    """Nobody waits for these commands any more; installs that did have failed, and apps that were to go stay.

    Raises: DatabaseAway.
    """
    with writing(engine) as connection:
        connection.execute(
            select(commands.c.id).where(commands.c.id.in_(ids)).order_by(commands.c.id).with_for_update()
        )
        void_commands(connection, dict.fromkeys(ids, reason))
        gone = select(commands.c.id).where(commands.c.id.in_(ids), commands.c.state == "void")
        sent = installs.c.command_id.in_(gone.where(commands.c.request_type == INSTALL))
        failed: dict[str, Any] = {"state": "failed", "reason": reason, "next_check_at": None, "changed_at": now}
        _change_installs(connection, sent & installs.c.state.in_(("waiting", "command_sent")), failed)
        removal = installs.c.command_id.in_(gone.where(commands.c.request_type != INSTALL))
        stays = {"reason": f"the app is not removed: {reason}", "changed_at": now}
        _change_installs(connection, removal & (installs.c.state == "released"), stays)
        free_installs(connection, ids, now)


def _change_installs(connection: Connection, which: "ColumnElement[bool]", values: Mapping[str, Any]) -> None:
    found = connection.scalars(select(installs.c.id).where(which).order_by(installs.c.id).with_for_update())
    write_changes(connection, installs, dict.fromkeys(list(found), values))
