"""Which devices are pushed because they have not answered, and when they are pushed next."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, case, exists, func, literal, null, or_, select, update

from state.moment import Moment
from state.schema import commands, devices, user_channels

MOST = 2_000
"""Commands that are looked at, or changed, in one go: it takes the same time however much is due, and far less than a
statement may, also on a machine that is ten times as slow."""


def devices_to_push(engine: Engine, *, now: datetime, limit: int) -> list[str]:
    """Enrolment ids that have a command whose next push is due, those who have waited longest first.

    Who has left is not pushed: nobody listens there.
    """
    oldest = (
        select(commands.c.device_id, commands.c.next_push_at)
        .where(_is_due(now), ~_has_left())
        .order_by(commands.c.next_push_at)
        .limit(MOST)
        .subquery()
    )
    query = (
        select(oldest.c.device_id)
        .group_by(oldest.c.device_id)
        .order_by(func.min(oldest.c.next_push_at), oldest.c.device_id)
        .limit(limit)
    )
    with engine.connect() as connection:
        return list(connection.scalars(query))


def take_unanswered(
    connection: Connection, device_ids: Collection[str], *, now: datetime, pauses: Sequence[timedelta]
) -> list[tuple[str, str]]:
    """Those of these enrolments that are to be pushed now, each with the sender whose commands it has not answered.

    All their commands that are due wait for their next push, after one of ``pauses`` by how often each was pushed.
    What somebody else has locked is left alone: it is answered at this moment, or its device pushed by another.
    Devices for which there is no room (`MOST`) stay due.
    """
    if not device_ids:
        return []
    taken = (
        select(commands.c.id)
        .where(commands.c.device_id.in_(device_ids), _is_due(now))
        .order_by(commands.c.device_id)
        .limit(MOST)
        .with_for_update(skip_locked=True)
        .cte()
    )
    nexts = [(commands.c.pushes == pushes, literal(now + pause, Moment)) for pushes, pause in enumerate(pauses)]
    statement = (
        update(commands)
        .where(commands.c.id.in_(select(taken.c.id)))
        .values(pushes=commands.c.pushes + 1, next_push_at=case(*nexts, else_=null()))
        .returning(commands.c.device_id, commands.c.sender)
    )
    return sorted({(row.device_id, row.sender) for row in connection.execute(statement)})


def _is_due(now: datetime) -> "ColumnElement[bool]":
    return (commands.c.next_push_at <= now) & commands.c.state.in_(("sent", "NotNow"))


def _has_left() -> "ColumnElement[bool]":
    """The device that a command is for is not enrolled, or the user's; one that we know nothing of may be."""
    device = exists().where(devices.c.id == commands.c.device_id, devices.c.enrolled.is_(False))
    user = exists().where(
        user_channels.c.id == commands.c.device_id,
        devices.c.id == user_channels.c.device_id,
        or_(user_channels.c.enrolled.is_(False), devices.c.enrolled.is_(False)),
    )
    return or_(device, user)
