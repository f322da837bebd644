"""Asking devices for everything, in a unit of work: who is due, what was asked before, and when the next time is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, case, func, or_, select

from domain.facts import Facts
from state.changes import write_changes
from state.channels import Channel, channels_of
from state.commands import OPEN, unanswered_since
from state.portions import portions
from state.schema import commands, devices, inquiries
from state.upsert import insert_missing

MOST_USERS = 8
"""Users of one device that are asked, those heard last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A device to be asked; ``waits_for`` is the command whose answer tells what else there is to ask.

    ``users`` are those of it that are asked too.
    """

    device_id: str
    sender: str | None
    enrolled: bool | None
    is_user_enrollment: bool
    last_seen_at: datetime | None
    facts: Facts
    waits_for: str | None
    users: Sequence[Channel] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The newest command that asked the same of a device or a user, and how many lately did and are unanswered."""

    id: str
    state: str
    answered_at: datetime | None
    unanswered: int


def asked_users(channels: Sequence[Channel]) -> list[Channel]:
    """The users that are asked when their device is: those that a command reaches, and may soon."""
    return [one for one in channels if one.is_enrolled and one.has_own_queue and one.is_recent][:MOST_USERS]


def unplaced(engine: Engine, senders: Collection[str], *, until: datetime, limit: int) -> list[str]:
    """Devices of these senders that have no moment, and those whose moment is later than ``until``."""
    table = inquiries.c
    new = (
        select(devices.c.id)
        .outerjoin(inquiries, table.id == devices.c.id)
        .where(devices.c.sender.in_(senders), table.due_at.is_(None))
        .order_by(devices.c.id)
        .limit(limit)
    )
    far = select(table.id).where(table.due_at > until).order_by(table.due_at).limit(limit)
    with engine.connect() as connection:
        return [*connection.scalars(new), *connection.scalars(far)]


def count_placed(engine: Engine) -> int:
    """Devices that beat asks by itself."""
    query = select(func.count()).select_from(inquiries).where(inquiries.c.due_at.is_not(None))
    with engine.connect() as connection:
        return int(connection.scalar(query) or 0)


class Inquiries:
    """The rows of devices that are asked for everything; they are locked until commit, and written at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def place(self, moments: Mapping[str, datetime]) -> None:
        """When beat asks these devices next."""
        for portion in portions(sorted(moments)):
            insert_missing(self._connection, inquiries, [{"id": device_id} for device_id in portion])
        self.write({device_id: {"due_at": at} for device_id, at in moments.items()})

    def asked_since(self, since: datetime) -> int:
        query = select(func.count()).select_from(inquiries).where(inquiries.c.asked_at >= since)
        return int(self._connection.scalar(query) or 0)

    def take_due(self, now: datetime, *, limit: int) -> list[Asked]:
        """Devices whose time has come, the longest due first."""
        due = inquiries.c.due_at
        return self._take(_query().where(due <= now).order_by(due, inquiries.c.id).limit(limit))

    def take_answered(self, *, limit: int) -> list[Asked]:
        """Devices of which it can be known now what else to ask, or that will not say."""
        waits = inquiries.join(devices, devices.c.id == inquiries.c.id).outerjoin(
            commands, commands.c.id == inquiries.c.waits_for
        )
        over = or_(commands.c.id.is_(None), commands.c.state.not_in(OPEN))
        query = _query(waits).where(inquiries.c.waits_for.is_not(None), over)
        return self._take(query.order_by(inquiries.c.waits_for).limit(limit))

    def take(self, device_id: str) -> list[Asked]:
        """This device; an empty list when there is none."""
        insert_missing(self._connection, inquiries, [{"id": device_id}])
        return self._take(_query().where(inquiries.c.id == device_id))

    def _take(self, query: "Select[Any]") -> list[Asked]:
        locked = query.with_for_update(of=inquiries, skip_locked=False)
        found = [Asked(**row) for row in self._connection.execute(locked).mappings()]
        channels = channels_of(self._connection, [one.device_id for one in found])
        return [replace(one, users=asked_users(channels[one.device_id])) for one in found]

    def before(
        self, device_ids: Iterable[str], digests: Collection[str], *, since: datetime
    ) -> Mapping[tuple[str, str], Before]:
        """What was asked before, by device or user and digest of the question (domain.commands).

        What was asked earlier than ``since`` counts as unanswered no more.
        """
        found: dict[tuple[str, str], Before] = {}
        for portion in portions(sorted(device_ids)):
            newest = _newest(portion, digests, since).subquery()
            columns = (commands.c.id, commands.c.device_id, commands.c.digest, commands.c.state, commands.c.answered_at)
            query = select(*columns, newest.c.unanswered).join(newest, newest.c.id == commands.c.id)
            for row in self._connection.execute(query):
                found[row.device_id, row.digest] = Before(
                    id=row.id, state=row.state, answered_at=row.answered_at, unanswered=row.unanswered
                )
        return found

    def write(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """New values of columns, by device."""
        write_changes(self._connection, inquiries, changes)


def _query(source: Any = None) -> "Select[Any]":
    rows = inquiries.join(devices, devices.c.id == inquiries.c.id) if source is None else source
    return select(
        devices.c.id.label("device_id"),
        devices.c.sender,
        devices.c.enrolled,
        case((devices.c.udid.is_(None) & devices.c.enrollment_id.is_not(None), 1), else_=0).label("is_user_enrollment"),
        devices.c.last_seen_at,
        devices.c.facts,
        inquiries.c.waits_for,
    ).select_from(rows)


def _newest(device_ids: Sequence[str], digests: Collection[str], since: datetime) -> "Select[Any]":
    columns = commands.c
    return (
        select(
            func.max(columns.id).label("id"),
            func.sum(case((unanswered_since(since), 1), else_=0)).label("unanswered"),
        )
        .where(columns.device_id.in_(device_ids), columns.digest.in_(digests))
        .group_by(columns.device_id, columns.digest)
    )
