"""How destinations do: failures in a row, and until when one is left alone. Shared by all who deliver to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, case, delete, select

from state.engine import write_transaction
from state.schema import destinations
from state.upsert import insert

TOLERATED = 3
"""Failures in a row that open the breaker."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=5)
"""The breaker's pause; it doubles with each failure of the one attempt that is made after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """No failures: nothing is known against it."""

    failures: int = 0
    paused_until: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        return self.paused_until is not None and self.paused_until > now

    @property
    def is_probed(self) -> bool:
        """One attempt at a time, until one succeeds."""
        return self.failures >= TOLERATED


def standing(engine: Engine, name: str) -> Standing:
    query = select(destinations.c.failures, destinations.c.paused_until).where(destinations.c.name == name)
    with engine.connect() as connection:
        row = connection.execute(query).first()
    return Standing(failures=row.failures, paused_until=row.paused_until) if row else Standing()


def note_success(engine: Engine, name: str, now: datetime) -> None:
    """Nothing is held against it any more; but for how long it asked for quiet, it has quiet."""
    over = destinations.c.paused_until.is_(None) | (destinations.c.paused_until <= now)
    with write_transaction(engine) as connection:
        connection.execute(delete(destinations).where(destinations.c.name == name, over))


def note_failure(engine: Engine, name: str, *, error: str, now: datetime, retry_after: float | None) -> Standing:
    """One more failure of the far end itself. From `TOLERATED` on, or when it asks for it, it is left alone a while."""
    with write_transaction(engine) as connection:
        row = {"name": name, "failures": 1, "error": error, "failed_at": now}
        statement = insert(connection, destinations).values(row)
        # Whoever was on its way when the breaker opened does not make the pause longer.
        more = case((destinations.c.paused_until > now, destinations.c.failures), else_=destinations.c.failures + 1)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"failures": more, "error": error, "failed_at": now}
            )
        )
        mine = destinations.c.name == name
        found = connection.execute(select(destinations).where(mine).with_for_update()).one()
        is_open = found.paused_until is not None and found.paused_until > now
        pause = found.paused_until if is_open else _pause(found.failures, now)
        until = max(pause, _asked(retry_after, now))
        if until > now:
            connection.execute(destinations.update().where(mine).values(paused_until=until))
    return Standing(failures=found.failures, paused_until=until)


def _pause(failures: int, now: datetime) -> datetime:
    if failures < TOLERATED:
        return now
    doubled: int = 2 ** min(failures - TOLERATED, 10)
    return now + min(FIRST_PAUSE * doubled, LONGEST_PAUSE)


def _asked(retry_after: float | None, now: datetime) -> datetime:
    return now + timedelta(seconds=min(retry_after or 0.0, 3600.0))
