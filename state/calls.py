"""Commands on their way to an MDM server: what is stored before a call goes out, so that a successor can repeat it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select, update

from state.engine import write_transaction
from state.schema import commands
from state.settling import free_installs


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A command as it is to be sent. ``called_at``: then it last may have been, whatever we heard.

    ``sent_at``: the last call of which its server said that it has it.
    """

    id: str
    command_uuid: str
    device_id: str
    digest: str
    state: str
    error: str | None
    called_at: datetime | None
    sent_at: datetime | None


def read_calls(engine: Engine, ids: Iterable[str]) -> dict[str, Call]:
    """Commands by id."""
    columns = [commands.c[name] for name in Call.__slots__]
    with engine.connect() as connection:
        rows = connection.execute(select(*columns).where(commands.c.id.in_(list(ids)))).mappings()
        return {row["id"]: Call(**row) for row in rows}


def members(engine: Engine, command_uuid: str) -> list[str]:
    """The enrolment ids that this command went to in one call, sorted; without those that need it no more."""
    query = (
        select(commands.c.device_id)
        .where(commands.c.command_uuid == command_uuid, commands.c.state == "pending")
        .order_by(commands.c.device_id)
    )
    with engine.connect() as connection:
        return list(connection.scalars(query))


def begin_call(engine: Engine, ids: Sequence[str], now: datetime, *, command_uuid: str | None = None) -> list[str]:
    """Note that these go out now, under one ``command_uuid`` if given; those of them that still wait for it.

    Those that were called before keep their UUID: only what surely never went out gets another one. Whom somebody else
    is about to change does not count: he is not waited for, as he may wait for us.
    """
    values = {"called_at": now} | ({"command_uuid": command_uuid} if command_uuid else {})
    with write_transaction(engine) as connection:
        waiting = (
            select(commands.c.id)
            .where(commands.c.id.in_(ids), commands.c.state == "pending", commands.c.called_at.is_(None))
            .order_by(commands.c.id)
            .with_for_update(skip_locked=True)
        )
        found = list(connection.scalars(waiting))
        if found:
            connection.execute(update(commands).where(commands.c.id.in_(found)).values(values))
    return found


def call_again(engine: Engine, identifier: str, now: datetime) -> bool:
    """Note that this goes out another time now, under the UUID that it has; False when nobody waits for that."""
    waiting = (commands.c.id == identifier) & (commands.c.state == "pending")
    with write_transaction(engine) as connection:
        return connection.execute(update(commands).where(waiting).values(called_at=now)).rowcount > 0


def uncall(engine: Engine, ids: Sequence[str], now: datetime) -> None:
    """These surely did not go out, and what waits until they are answered does so no more."""
    waiting = commands.c.id.in_(ids) & (commands.c.state == "pending")
    with write_transaction(engine) as connection:
        connection.execute(update(commands).where(waiting).values(called_at=None))
        free_installs(connection, ids, now)
