"""Numbers about events, for metrics and health."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, func, select

from state.queries.events import STORED
from state.queries.reading import reading
from state.schema import event_counts, events


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCount:
    """How often events of a type came to an outcome, since there is a database."""

    kind: str
    type: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One sender's events since some time: number by status, and when the last was received (None: never any)."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    last_event_at: datetime | None = None


def read_event_counts(engine: Engine) -> list[EventCount]:
    with reading(engine) as connection:
        rows = connection.execute(select(event_counts).order_by(*event_counts.primary_key)).mappings()
        return [EventCount(**row) for row in rows]


def stuck_numbers(engine: Engine) -> dict[str, int]:
    """How many events are buried or quarantined now, both named."""
    numbers = dict.fromkeys(STORED[1:], 0)
    query = select(events.c.status, func.count()).where(events.c.status.in_(numbers)).group_by(events.c.status)
    with reading(engine) as connection:
        return numbers | _pairs(connection, query)


def activity(engine: Engine, senders: Mapping[str, str], *, since: datetime) -> dict[str, Activity]:
    """What each of ``senders`` (name → kind) sent since then; its last event is told also when that was before."""
    numbers: dict[str, dict[str, int]] = defaultdict(dict)
    grouped = select(events.c.sender, events.c.status, func.count()).group_by(events.c.sender, events.c.status)
    with reading(engine) as connection:
        for sender, status, count in connection.execute(grouped.where(events.c.id >= _first_id(since))):
            numbers[sender][status] = count
        # No index finds the last event of a sender that never sent one; most of those are the only one of their kind.
        heard = set(connection.scalars(select(event_counts.c.kind).distinct()))
        return {
            name: Activity(
                numbers=numbers.get(name, {}),
                last_event_at=_last_event_at(connection, name) if kind in heard else None,
            )
            for name, kind in senders.items()
        }


def stuck_since(engine: Engine, since: datetime) -> dict[str, int]:
    """How many of the events that were stored since then are buried or quarantined."""
    numbers = dict.fromkeys(STORED[1:], 0)
    query = select(events.c.status, func.count()).where(events.c.status.in_(numbers), events.c.id >= _first_id(since))
    with reading(engine) as connection:
        return numbers | _pairs(connection, query.group_by(events.c.status))


def _pairs(connection: Connection, query: "Select[str, int]") -> dict[str, int]:
    return {status: count for status, count in connection.execute(query)}  # noqa: C416 - a result has keys()


def _first_id(since: datetime) -> str:
    """Ids begin with the milliseconds at which the event was stored, in 12 hex digits."""
    return f"{int(since.timestamp() * 1000):012x}"


def _last_event_at(connection: Connection, sender: str) -> datetime | None:
    query = select(events.c.received_at).where(events.c.sender == sender).order_by(events.c.id.desc()).limit(1)
    return connection.scalar(query)
