"""What a device was asked when it was asked for everything, and what became of each question."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from domain.facts import Facts
from domain.json_types import JSONObject
from state.queries.pages import ready, text_value
from state.queries.reading import reading
from state.schema import commands, devices, inquiries

_FIELDS = ("id", "command_uuid", "state", "error", "created_at", "sent_at", "answered_at", "next_push_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """``asked`` is the newest command that asked each question, by digest (domain.commands), as JSON."""

    device_id: str
    is_user_enrollment: bool
    facts: Facts
    asked_at: datetime | None
    due_at: datetime | None
    waits_for: str | None
    asked: Mapping[str, JSONObject]


def one_inquiry(engine: Engine, identifier: str, digests: Collection[str]) -> Inquiry | None:
    """None when there is no such device. Raises: DatabaseAway."""
    wanted, table = text_value(identifier), inquiries.c
    rows = devices.outerjoin(inquiries, table.id == devices.c.id)
    columns = (devices.c.udid, devices.c.enrollment_id, devices.c.facts, table.asked_at, table.due_at, table.waits_for)
    newest = (
        select(func.max(commands.c.id))
        .where(commands.c.device_id == wanted, commands.c.digest.in_(digests))
        .group_by(commands.c.digest)
    )
    with reading(engine) as connection:
        row = connection.execute(select(*columns).select_from(rows).where(devices.c.id == wanted)).first()
        if row is None:
            return None
        query = select(commands.c.digest, *(commands.c[name] for name in _FIELDS)).where(commands.c.id.in_(newest))
        asked = connection.execute(query).mappings().all()
    return Inquiry(
        device_id=wanted,
        is_user_enrollment=row.udid is None and row.enrollment_id is not None,
        facts=row.facts,
        asked_at=row.asked_at,
        due_at=row.due_at,
        waits_for=row.waits_for,
        asked={command["digest"]: ready({name: command[name] for name in _FIELDS}) for command in asked},
    )
