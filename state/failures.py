"""What went wrong, as people are told of it: read when they are told, so that it is what is so by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from state.schema import actions, assignment_failures, assignments


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


def dead_actions(engine: Engine, destination: str, kind: str, *, since: datetime) -> DeadActions:
    """Actions of this kind that gave up on this destination since then, and are still given up."""
    columns = actions.c
    given_up = (
        columns.state == "dead",
        columns.destination == destination,
        columns.kind == kind,
        columns.settled_at >= since,
    )
    newest = select(columns.error).where(*given_up).order_by(columns.settled_at.desc(), columns.id.desc()).limit(1)
    with engine.connect() as connection:
        count, first_at = connection.execute(select(func.count(), func.min(columns.settled_at)).where(*given_up)).one()
        return DeadActions(count=count, first_at=first_at, error=connection.scalar(newest))


def first_done(engine: Engine, keys: Sequence[str]) -> datetime | None:
    """When the first of these effects was done; None: none of them was."""
    done = select(func.min(actions.c.settled_at)).where(actions.c.key.in_(keys), actions.c.state == "done")
    with engine.connect() as connection:
        first: datetime | None = connection.scalar(done)
        return first
