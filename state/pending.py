"""What waits for something to happen: questions that housekeeping asks, each answered by an index."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, exists, func, or_, select

from state.changes import write_changes
from state.schema import assignments, commands, devices, installs


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """An install whose device should be asked, or that nobody has answered for too long."""

    id: str
    device_id: str
    serial_key: str | None
    sender: str


def unfinished_installs(engine: Engine, *, now: datetime, sent_before: datetime, limit: int) -> list[Unfinished]:
    """Installs to be checked by ``now``, and those sent before ``sent_before`` without an answer."""
    due = installs.c.next_check_at <= now
    unanswered = (installs.c.state == "command_sent") & (installs.c.sent_at < sent_before)
    columns = (installs.c.id, installs.c.device_id, devices.c.serial_key, devices.c.sender)
    found = []
    with engine.connect() as connection:
        for condition in (due, unanswered):
            query = select(*columns).join(devices, devices.c.id == installs.c.device_id).where(condition).limit(limit)
            rows = connection.execute(query).mappings()
            found += [Unfinished(**{**row, "sender": row["sender"] or ""}) for row in rows]
    return found[:limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unowed:
    """A licence of a serial number whose device is enrolled, and no install that anything is owed for."""

    serial_key: str
    u_id: str
    adam_id: str


def unowed_installs(engine: Engine, *, senders: Collection[str], limit: int) -> list[Unowed]:
    """Some of them, drawn at random: what cannot be helped must not hide the rest. ``senders`` take commands."""
    owed = exists().where(
        installs.c.device_id == devices.c.id,
        installs.c.adam_id == assignments.c.adam_id,
        installs.c.generation == func.coalesce(devices.c.generation, ""),
        or_(installs.c.state != "waiting", installs.c.command_id.is_not(None)),
    )
    columns = [assignments.c[name] for name in Unowed.__slots__]
    query = (
        select(*columns)
        .join(devices, devices.c.serial_key == assignments.c.serial_key)
        .where(
            assignments.c.state == "assigned", devices.c.sender.in_(senders), devices.c.enrolled.is_not(False), ~owed
        )
        .order_by(func.random())
        .limit(limit)
    )
    with engine.connect() as connection:
        return [Unowed(**row) for row in connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A command that its device should be pushed for."""

    id: str
    device_id: str
    sender: str
    pushes: int


def take_unanswered(
    connection: Connection, *, now: datetime, pauses: Sequence[timedelta], limit: int
) -> list[Unanswered]:
    """Commands whose device is to be pushed by ``now``. The next push is after one of ``pauses``, by their number."""
    columns = [commands.c[name] for name in Unanswered.__slots__]
    query = (
        select(*columns)
        .where(commands.c.next_push_at <= now, commands.c.state.in_(("sent", "NotNow")))
        .order_by(commands.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [Unanswered(**row) for row in connection.execute(query).mappings()]
    changes = {
        one.id: {"pushes": one.pushes + 1, "next_push_at": now + pauses[min(one.pushes, len(pauses) - 1)]}
        for one in found
    }
    write_changes(connection, commands, changes)
    return found


def unknown_devices(
    engine: Engine, *, senders: Collection[str], enrolled_before: datetime, limit: int
) -> list[tuple[str, str]]:
    """Enrolled devices (id and sender) that have not said their serial number; user enrolments have none."""
    query = (
        select(devices.c.id, devices.c.sender)
        .where(
            devices.c.serial_number.is_(None),
            devices.c.udid.is_not(None),
            devices.c.sender.in_(senders),
            devices.c.enrolled.is_(True),
            devices.c.enrolment_at < enrolled_before,
        )
        .order_by(func.random())
        .limit(limit)
    )
    with engine.connect() as connection:
        return [(row.id, row.sender) for row in connection.execute(query)]
