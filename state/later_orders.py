"""Commands that their device was ordered something after: to send one of them again could turn that back."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, Engine, exists, or_, select

from domain.questions import QUESTIONS
from state.schema import commands, installs

_QUESTIONS = sorted({question.request_type for question in QUESTIONS})
"""Change nothing, whenever they are asked."""

_AWAITING = ("waiting", "command_sent", "stuck", "failed", "released")
"""States of an install that goes on with its last command: whatever was ordered since, the app is licensed, or (when it
is released) is to be removed."""


def later_orders(connection: Connection, ids: Collection[str]) -> Mapping[str, Sequence[str]]:
    """By id, of those of these commands that could turn something back: the request types of what came after them.

    A question could not, nor the last command of an install that still waits for it.
    """
    later = commands.alias()
    awaited = exists().where(installs.c.command_id == commands.c.id, installs.c.state.in_(_AWAITING))
    query = (
        select(commands.c.id, later.c.request_type)
        # Ids sort by time.
        .join(later, (later.c.device_id == commands.c.device_id) & (later.c.id > commands.c.id))
        .where(
            commands.c.id.in_(ids),
            commands.c.request_type.not_in(_QUESTIONS),
            later.c.request_type.not_in(_QUESTIONS),
            # What is void and never went out changed nothing.
            or_(later.c.state != "void", later.c.called_at.is_not(None)),
            ~awaited,
        )
        .distinct()
        .order_by(commands.c.id, later.c.request_type)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.id].append(row.request_type)
    return found


def has_later_orders(engine: Engine, identifier: str) -> bool:
    """Whether this command could turn something back by now."""
    with engine.connect() as connection:
        return bool(later_orders(connection, [identifier]))
