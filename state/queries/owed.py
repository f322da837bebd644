"""Numbers about what is owed to the world, for metrics and health. What is done is not counted: there is much of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from state.destinations import TOLERATED
from state.outbox import OPEN
from state.queries.reading import reading
from state.schema import actions, destinations, installs

UNSETTLED = ("waiting", "command_sent", "acknowledged", "failed", "stuck")
"""States of installs that are not over, or that need a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCount:
    """How many actions of a kind are in a state now, at one destination."""

    destination: str
    kind: str
    state: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A destination that failed since it last succeeded, ``failures`` times in a row."""

    name: str
    failures: int
    paused_until: datetime | None
    error: str | None
    failed_at: datetime | None

    def is_paused(self, now: datetime) -> bool:
        """Nothing is tried there now."""
        return self.paused_until is not None and self.paused_until > now

    def is_away(self, now: datetime) -> bool:
        """Until it succeeds once: between two pauses it is only probed."""
        return self.is_paused(now) or self.failures >= TOLERATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """Actions that gave up, and the newest of them."""

    count: int
    id: str
    destination: str
    error: str | None


def action_counts(engine: Engine) -> list[ActionCount]:
    """Of all that is open or dead."""
    columns = (actions.c.destination, actions.c.kind, actions.c.state)
    query = select(*columns, func.count().label("count")).where(actions.c.state.in_((*OPEN, "dead")))
    with reading(engine) as connection:
        rows = connection.execute(query.group_by(*columns).order_by(*columns)).mappings()
        return [ActionCount(**row) for row in rows]


def install_counts(engine: Engine) -> dict[str, int]:
    """How many installs are in each of `UNSETTLED`, all named."""
    query = select(installs.c.state, func.count()).where(installs.c.state.in_(UNSETTLED)).group_by(installs.c.state)
    with reading(engine) as connection:
        numbers = dict.fromkeys(UNSETTLED, 0)
        for state, number in connection.execute(query):
            numbers[state] = number
        return numbers


def troubles(engine: Engine) -> Mapping[str, Trouble]:
    """Destinations by name; the others do well, or nothing was ever owed to them."""
    with reading(engine) as connection:
        rows = connection.execute(select(destinations).order_by(destinations.c.name)).mappings()
        return {row["name"]: Trouble(**row) for row in rows}


def dead_actions(engine: Engine) -> Dead | None:
    """None when nothing has given up."""
    dead = actions.c.state == "dead"
    newest = select(actions.c.id, actions.c.destination, actions.c.error).where(dead).order_by(actions.c.id.desc())
    with reading(engine) as connection:
        row = connection.execute(newest.limit(1)).mappings().first()
        count = connection.scalar(select(func.count()).select_from(actions).where(dead)) or 0
    return Dead(**row, count=count) if row is not None else None


def longest_due(engine: Engine, now: datetime) -> dict[str, datetime]:
    """Since when the longest due action of each destination is; while one runs, since its claim ended."""
    since = func.min(actions.c.next_attempt_at).label("since")
    query = select(actions.c.destination, since).where(actions.c.state.in_(OPEN), actions.c.next_attempt_at <= now)
    with reading(engine) as connection:
        rows = connection.execute(query.group_by(actions.c.destination).order_by(actions.c.destination))
        return {row.destination: row.since for row in rows}
