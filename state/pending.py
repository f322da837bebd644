"""What waits for something to happen: questions that housekeeping asks, each answered by an index."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, exists, false, func, or_, select, true

from domain.clock import id_prefix
from state.changes import write_changes
from state.commands import unanswered_since
from state.schema import assignments, commands, devices, installs, user_channels
from state.schema.effects import UNANSWERED_INSTALLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """An install whose device should be asked, or that nobody has answered for too long."""

    id: str
    device_id: str
    serial_key: str | None
    sender: str


def unfinished_installs(engine: Engine, *, now: datetime, sent_before: datetime, limit: int) -> list[Unfinished]:
    """Installs to be checked by ``now``, and those sent before ``sent_before`` without an answer."""
    due = (installs.c.next_check_at <= now, installs.c.next_check_at)
    unanswered = (UNANSWERED_INSTALLS & (installs.c.sent_at < sent_before), installs.c.sent_at)
    columns = (installs.c.id, installs.c.device_id, devices.c.serial_key, devices.c.sender)
    found = []
    with engine.connect() as connection:
        for condition, since in (due, unanswered):
            query = select(*columns).join(devices, devices.c.id == installs.c.device_id).where(condition)
            rows = connection.execute(query.order_by(since, installs.c.id).limit(limit)).mappings()
            found += [Unfinished(**{**row, "sender": row["sender"] or ""}) for row in rows]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which licences are installed: the first that fits counts; None fits all."""

    adam_id: str | None
    u_id: str | None
    install: bool


SLICES = 16
"""Parts into which all licences fall by their ids, evenly."""


def unowed_serials(
    engine: Engine, *, senders: Collection[str], wishes: Sequence[Wish], part: int, limit: int
) -> list[str]:
    """Serial numbers (keys) with a licence, an enrolled device and nothing owed for it, in one of `SLICES` parts.

    ``senders`` are those whose server takes commands. What was released, and is licensed and wanted all the same, is
    not owed: policies change without an event. Of several devices only the one that enrolled last has licences.
    """
    later = devices.alias()
    enrolled_later = or_(
        later.c.enrolment_at > devices.c.enrolment_at,
        and_(later.c.enrolment_at.is_not(None), devices.c.enrolment_at.is_(None)),
        and_(later.c.enrolment_at.is_not_distinct_from(devices.c.enrolment_at), later.c.id < devices.c.id),
    )
    succeeded = exists().where(
        later.c.serial_key == devices.c.serial_key, later.c.enrolled.is_not(False), enrolled_later
    )
    owed = exists().where(
        installs.c.device_id == devices.c.id,
        installs.c.adam_id == assignments.c.adam_id,
        installs.c.generation == func.coalesce(devices.c.generation, ""),
        or_(
            installs.c.state.not_in(("waiting", "released")),
            and_(installs.c.state == "waiting", installs.c.command_id.is_not(None)),
        ),
    )
    query = (
        select(assignments.c.serial_key)
        .join(devices, devices.c.serial_key == assignments.c.serial_key)
        .where(
            assignments.c.id.startswith(f"{part % SLICES:x}"),
            assignments.c.state == "assigned",
            _wanted(wishes),
            devices.c.sender.in_(senders),
            devices.c.enrolled.is_not(False),
            ~owed,
            ~succeeded,
        )
        .limit(limit)
    )
    with engine.connect() as connection:
        return sorted(set(connection.scalars(query)))


def _wanted(wishes: Sequence[Wish]) -> "ColumnElement[bool]":
    cases = [
        (
            and_(
                true() if wish.adam_id is None else assignments.c.adam_id == wish.adam_id,
                true() if wish.u_id is None else assignments.c.u_id == wish.u_id,
            ),
            true() if wish.install else false(),
        )
        for wish in wishes
    ]
    return case(*cases, else_=true()) if cases else true()


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
    """Commands whose device is to be pushed by ``now``. The next push is after one of ``pauses``, by their number.

    Who has left is not pushed: nobody listens there.
    """
    columns = [commands.c[name] for name in Unanswered.__slots__]
    query = (
        select(*columns)
        .where(commands.c.next_push_at <= now, commands.c.state.in_(("sent", "NotNow")), ~_has_left())
        .order_by(commands.c.next_push_at, commands.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=commands)
    )
    found = [Unanswered(**row) for row in connection.execute(query).mappings()]
    changes = {
        one.id: {
            "pushes": one.pushes + 1,
            "next_push_at": now + pauses[one.pushes] if one.pushes < len(pauses) else None,
        }
        for one in found
    }
    write_changes(connection, commands, changes)
    return found


def _has_left() -> "ColumnElement[bool]":
    """The device that a command is for is not enrolled, or the user's; one that we know nothing of may be."""
    device = exists().where(devices.c.id == commands.c.device_id, devices.c.enrolled.is_(False))
    user = exists().where(
        user_channels.c.id == commands.c.device_id,
        devices.c.id == user_channels.c.device_id,
        or_(user_channels.c.enrolled.is_(False), devices.c.enrolled.is_(False)),
    )
    return or_(device, user)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Which devices are asked for information: of ``senders``, enrolled before ``enrolled_before``, and

    - without a serial number and never asked (user enrolments have none), or
    - of ``unlisted`` senders, whose server has no list of devices, and not asked since ``asked_before``, nor
      with a question from after ``lost_before`` that is unanswered.

    Who was never heard to enrol, and speaks, is enrolled, since it was first heard or earlier.
    """

    senders: Collection[str]
    unlisted: Collection[str]
    enrolled_before: datetime
    asked_before: datetime
    lost_before: datetime


def devices_to_ask(engine: Engine, asking: Asking, *, limit: int) -> list[tuple[str, str]]:
    """Device ids and their senders."""
    asked = exists().where(commands.c.device_id == devices.c.id, commands.c.request_type == "DeviceInformation")
    unnamed = devices.c.serial_number.is_(None) & devices.c.udid.is_not(None) & ~asked
    # Ids sort by time.
    lately = asked.where(commands.c.id >= id_prefix(asking.asked_before))
    waited_for = asked.where(unanswered_since(asking.lost_before))
    old = devices.c.sender.in_(asking.unlisted) & ~lately & ~waited_for
    query = (
        select(devices.c.id, devices.c.sender)
        .where(
            devices.c.sender.in_(asking.senders),
            devices.c.enrolled.is_not(False),
            func.coalesce(devices.c.enrolment_at, devices.c.first_seen_at) < asking.enrolled_before,
            unnamed | old,
        )
        .order_by(devices.c.id)
        .limit(limit)
    )
    with engine.connect() as connection:
        return [(row.id, row.sender) for row in connection.execute(query)]
