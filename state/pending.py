"""What waits for something to happen: questions that housekeeping asks, each answered by an index."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from state.schema import devices, installs


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
