"""What went wrong, as people are told of it: read when they are told, so that it is what is so by then."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select

from state.schema import actions, assignment_failures, assignments

_FIRST_HOUR, _LAST_HOUR = "2000-01-01T00", "2999-12-31T23"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPair:
    """One app or book and its target, as one of Apple's events failed it; ``state`` is what the pair has come to."""

    adam_id: str
    serial_number: str | None
    client_user_id: str | None
    state: str
    error_number: int | None
    error_message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadActions:
    """How many gave up, when the first did, and why the newest of them did (None: there is none, or nobody said)."""

    count: int
    first_at: datetime | None
    error: str | None


def failed_pairs(engine: Engine, u_id: str, event_id: str) -> list[FailedPair]:
    """Everything that this event of Apple's could not do, by app and target; Apple allows 25 000 pairs in one."""
    failures, pairs = assignment_failures.c, assignments.c
    query = (
        select(
            pairs.adam_id,
            pairs.serial_number,
            pairs.client_user_id,
            pairs.state,
            failures.error_number,
            failures.error_message,
        )
        .join_from(assignment_failures, assignments, failures.assignment_id == pairs.id)
        .where(failures.u_id == u_id, failures.event_id == event_id)
        .order_by(pairs.adam_id, pairs.serial_number, pairs.client_user_id, pairs.id)
    )
    with engine.connect() as connection:
        return [FailedPair(**row) for row in connection.execute(query).mappings()]


def dead_actions(engine: Engine, destination: str, kind: str, *, since: datetime | None) -> DeadActions:
    """Actions of this kind that gave up on this destination since then (None: ever), and are still given up."""
    columns = actions.c
    given_up = (
        columns.state == "dead",
        columns.destination == destination,
        columns.kind == kind,
        *([] if since is None else [columns.settled_at >= since]),
    )
    newest = select(columns.error).where(*given_up).order_by(columns.settled_at.desc(), columns.id.desc()).limit(1)
    with engine.connect() as connection:
        count, first_at = connection.execute(select(func.count(), func.min(columns.settled_at)).where(*given_up)).one()
        return DeadActions(count=count, first_at=first_at, error=connection.scalar(newest))


def told_until(engine: Engine, key: str, *, claimed_for: timedelta) -> datetime | None:
    """Until when notices like this one have told: when the last that was sent was claimed; None: none was sent.

    ``key`` ends with `:` and an hour, and those are alike that differ in nothing else. Where this one itself was sent,
    and is now sent to the rest of its recipients, only those of earlier hours count. ``claimed_for`` is how long a
    claim lasts.
    """
    columns, alike = actions.c, f"{key.rpartition(':')[0]}:"
    # Between two keys, whatever the database makes of punctuation: they differ in digits only.
    query = select(columns.key, columns.next_attempt_at).where(
        columns.key >= f"{alike}{_FIRST_HOUR}",
        columns.key <= f"{alike}{_LAST_HOUR}",
        columns.key.startswith(alike, autoescape=True),
        columns.state == "done",
    )
    with engine.connect() as connection:
        # What is over keeps when its last claim would have ended.
        ends = {row.key: row.next_attempt_at for row in connection.execute(query)}
    counted = [end for other, end in ends.items() if other < key or key not in ends]
    return max(counted) - claimed_for if counted else None
