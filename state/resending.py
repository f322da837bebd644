"""Commands that their server took and does not have any more: they go out again, as they were and by themselves."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine, select

from state.engine import write_transaction
from state.later_orders import later_orders
from state.retrying import is_never_twice, is_whole, read_pairs, revive
from state.schema import commands

TIMES = 4
"""Tries of an action after which its command is not sent anew by itself: whoever loses all of them needs a person."""


def silent_commands(engine: Engine, device_id: str, sender: str, *, sent_before: datetime) -> dict[str, str]:
    """Commands sent before then that nobody has said anything about: ids, by command_uuid."""
    query = select(commands.c.command_uuid, commands.c.id).where(
        commands.c.device_id == device_id,
        commands.c.sender == sender,
        commands.c.state == "sent",
        commands.c.sent_at < sent_before,
    )
    with engine.connect() as connection:
        return {row.command_uuid: row.id for row in connection.execute(query)}


def send_anew(engine: Engine, ids: Collection[str], *, at: datetime) -> list[str]:
    """Owe these commands another time, under the same UUID and not before ``at``; those of them that are.

    Not those that were answered meanwhile, must not happen twice, lost their secrets, or were sent `TIMES` times; nor
    those that could turn back what was ordered later: the answer may be all that was lost of them.
    """
    if not ids:
        return []
    with write_transaction(engine) as connection:
        pairs = read_pairs(connection, sorted(ids), locked=True)
        outdated = later_orders(connection, ids)
        willing = [
            (action, command)
            for action, command in pairs
            if command is not None
            and (action["state"], command["state"]) == ("done", "sent")
            and command["id"] not in outdated
            and action["attempts"] < TIMES
            and is_whole(action)
            and not is_never_twice(action)
        ]
        revive(connection, willing, {"state": "pending", "next_attempt_at": at, "settled_at": None})
    return [action["id"] for action, _ in willing]
