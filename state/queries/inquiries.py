"""What a device and its users were asked when it was asked for everything, and what became of each question."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from domain.facts import Facts
from domain.json_types import JSONObject
from state.channels import Channel, channels_of
from state.inquiries import asked_users
from state.queries.pages import ready, text_value
from state.queries.reading import reading
from state.schema import commands, devices, inquiries

_FIELDS = ("id", "command_uuid", "state", "error", "created_at", "sent_at", "answered_at", "next_push_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """``asked`` is the newest command that asked each question, as JSON, by whom it is to and digest (domain.commands).

    ``users`` are those who are asked when the device is, ``left_out`` those who cannot be.
    """

    device_id: str
    is_user_enrollment: bool
    facts: Facts
    asked_at: datetime | None
    due_at: datetime | None
    waits_for: str | None
    asked: Mapping[tuple[str, str], JSONObject]
    users: Sequence[Channel] = ()
    left_out: Sequence[Channel] = ()


def one_inquiry(engine: Engine, identifier: str, digests: Collection[str]) -> Inquiry | None:
    """None when there is no such device. Raises: DatabaseAway."""
    wanted, table = text_value(identifier), inquiries.c
    rows = devices.outerjoin(inquiries, table.id == devices.c.id)
    columns = (devices.c.udid, devices.c.enrollment_id, devices.c.facts, table.asked_at, table.due_at, table.waits_for)
    with reading(engine) as connection:
        row = connection.execute(select(*columns).select_from(rows).where(devices.c.id == wanted)).first()
        if row is None:
            return None
        channels = channels_of(connection, [wanted])[wanted]
        users = asked_users(channels)
        asked = _asked(connection, [wanted, *(user.id for user in users)], digests)
    return Inquiry(
        device_id=wanted,
        is_user_enrollment=row.udid is None and row.enrollment_id is not None,
        facts=row.facts,
        asked_at=row.asked_at,
        due_at=row.due_at,
        waits_for=row.waits_for,
        asked=asked,
        users=users,
        left_out=[one for one in channels if one.is_enrolled and one.is_recent and one not in users],
    )


def _asked(
    connection: Connection, speakers: Sequence[str], digests: Collection[str]
) -> Mapping[tuple[str, str], JSONObject]:
    table = commands.c
    newest = (
        select(func.max(table.id))
        .where(table.device_id.in_(speakers), table.digest.in_(digests))
        .group_by(table.device_id, table.digest)
    )
    query = select(table.device_id, table.digest, *(table[name] for name in _FIELDS)).where(table.id.in_(newest))
    return {
        (row["device_id"], row["digest"]): ready({name: row[name] for name in _FIELDS})
        for row in connection.execute(query).mappings()
    }
