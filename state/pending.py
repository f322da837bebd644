"""What waits for something to happen: questions that housekeeping asks.

None of them reads all commands or all licences; who is to be asked for information is found among all devices.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, ScalarSelect, Select, and_, case, exists, false, func, or_, select, true

from domain.clock import id_prefix
from state.commands import ANSWERED, unanswered_since
from state.schema import assignments, commands, devices, installs
from state.schema.effects import INFORMATION, UNANSWERED_INSTALLS


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
"""Parts into which all licences fall by their ids, which are hexadecimal, evenly: the first digit."""


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
            _in_part(part % SLICES),
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


def _in_part(part: int) -> "ColumnElement[bool]":
    """A range: no index of PostgreSQL's answers how a text begins, unless its collation is C. `g` follows all ids."""
    return (assignments.c.id >= f"{part:x}") & (assignments.c.id < "123456789abcdefg"[part])


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
class Asking:
    """Which devices are asked for information: of ``senders``, enrolled before ``enrolled_before``, and

    - without a serial number and never asked (user enrolments have none), or
    - of ``unlisted`` senders, whose server has no list of devices, and not asked since ``asked_before``, nor
      with a question from after ``lost_before`` that is unanswered while none that was asked with it or later has
      an answer.

    Who was never heard to enrol, and speaks, is enrolled, since it was first heard or earlier.
    """

    senders: Collection[str]
    unlisted: Collection[str]
    enrolled_before: datetime
    asked_before: datetime
    lost_before: datetime


def devices_to_ask(engine: Engine, asking: Asking, *, limit: int) -> list[tuple[str, str]]:
    """Device ids and their senders."""
    with engine.connect() as connection:
        rows = [row for query in (_unnamed(asking), _old(asking)) for row in connection.execute(query.limit(limit))]
    return sorted({(row.id, row.sender) for row in rows})[:limit]


def _among(asking: Asking) -> "ColumnElement[bool]":
    return and_(
        devices.c.sender.in_(asking.senders),
        devices.c.enrolled.is_not(False),
        func.coalesce(devices.c.enrolment_at, devices.c.first_seen_at) < asking.enrolled_before,
    )


def _unnamed(asking: Asking) -> "Select[Any]":
    asked = exists().where(commands.c.device_id == devices.c.id, INFORMATION)
    nameless = devices.c.serial_number.is_(None) & devices.c.udid.is_not(None)
    return select(devices.c.id, devices.c.sender).where(_among(asking), nameless, ~asked).order_by(devices.c.id)


def _old(asking: Asking) -> "Select[Any]":
    """Nearly all were asked of late. So who was is read once, and who is waited for only among the others."""
    lately = select(commands.c.device_id).where(INFORMATION, commands.c.id >= id_prefix(asking.asked_before)).subquery()
    unasked = (
        select(devices.c.id, devices.c.sender)
        .outerjoin(lately, lately.c.device_id == devices.c.id)
        .where(_among(asking), devices.c.sender.in_(asking.unlisted), lately.c.device_id.is_(None))
        .order_by(devices.c.id)
        # A database takes such a query as it stands, and does not ask the second question of all devices first.
        .offset(0)
        .subquery()
    )
    # In the order in which they come: to sort them, all of them would be asked about.
    return select(unasked.c.id, unasked.c.sender).where(_waited_for(unasked.c.id, asking).is_(None))


def _waited_for(device_id: "ColumnElement[str]", asking: Asking) -> "ScalarSelect[str]":
    """A value, not an `exists`, which PostgreSQL may answer by reading the commands of all devices."""
    other = commands.alias()
    answered_since = exists().where(
        other.c.device_id == commands.c.device_id,
        other.c.request_type == "DeviceInformation",
        other.c.id >= func.substr(commands.c.id, 1, len(id_prefix(asking.lost_before))),
        other.c.state.in_(ANSWERED),
    )
    question = select(commands.c.id).where(
        commands.c.device_id == device_id,
        commands.c.request_type == "DeviceInformation",
        unanswered_since(asking.lost_before),
        ~answered_since,
    )
    return question.limit(1).scalar_subquery()
