"""What the end of an attempt means for its action: done, another try and when, or dead and who is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from domain.errors import ActionError, OutcomeNeverKnown, OutcomeUnknown, PermanentError, TransientError
from domain.json_types import JSONObject
from domain.text import clipped
from state.outbox import Claimed, NewAction, Settlement
from tasks.effects import Needless, NotTried, Partly, Result, forgetting_secrets
from tasks.notice import Notice, owed_for
from tasks.owing import Owed
from tasks.setup import Setup

SCHEDULE = (5.0, 60.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0)
"""Seconds before the 2nd, 3rd, … try of one action; 17.6 hours in all, then `dead`."""

SILENT_KINDS = ("send_mail", "post_chat")
"""No notices about notices."""

GATHERING = 120.0
"""Seconds after the first death at which people are told: what follows it closely is told with it."""

LONGEST_ERROR = 1000

_HOUR = timedelta(hours=1)


def settlement_of(claimed: Claimed, result: Result, now: datetime, *, jitter: float = 1.0) -> Settlement:
    """``jitter`` stretches the pause, so that what failed together is not tried together again."""
    if isinstance(result, NotTried):
        return given_back(claimed)
    if not isinstance(result, ActionError):
        return Settlement(
            id=claimed.id,
            attempt=claimed.attempt,
            until=claimed.until,
            state="done",
            error=result.note if isinstance(result, Needless | Partly) else result,
            arguments=forgetting_secrets(claimed),
        )
    error = clipped(str(result) or type(result).__name__, LONGEST_ERROR)
    happened = None if isinstance(result, OutcomeUnknown | OutcomeNeverKnown) else False
    if isinstance(result, PermanentError) or claimed.attempt > len(SCHEDULE):
        return Settlement(
            id=claimed.id, attempt=claimed.attempt, until=claimed.until, state="dead", error=error, happened=happened
        )
    pause = SCHEDULE[claimed.attempt - 1] * jitter
    if isinstance(result, TransientError) and result.retry_after is not None:
        pause = max(pause, result.retry_after)
    at = now + timedelta(seconds=pause)
    return Settlement(
        id=claimed.id,
        attempt=claimed.attempt,
        until=claimed.until,
        state="retryable",
        error=error,
        at=at,
        happened=happened,
    )


def given_back(claimed: Claimed) -> Settlement:
    """As if it had never been claimed; nothing went out."""
    return Settlement(id=claimed.id, attempt=claimed.attempt, until=claimed.until, state="released")


def follow_ups(claimed: Claimed, result: Result, now: datetime) -> Iterator[NewAction]:
    """What one attempt left undone, owed once under a key of its own and tried by the schedule from its beginning."""
    if isinstance(result, Partly):
        yield Owed(action=result.rest, key=f"rest:{claimed.id}", after=SCHEDULE[0]).record(now)


def dead_notices(claimed: Claimed, settlement: Settlement, now: datetime, setup: Setup) -> Iterator[NewAction]:
    """At most one per destination, kind and hour, whoever dies in it; the first to die gives its time and error.

    When people were told in this hour already, the next tells them, as soon as it begins.
    """
    if settlement.state != "dead" or claimed.kind in SILENT_KINDS:
        return
    hour = now.replace(minute=0, second=0, microsecond=0)
    # The end of an attempt may be written so late that the next hour's was sent too.
    hours = (list(_told_in(hour + n * _HOUR, claimed, settlement, now, setup)) for n in range(3))
    for first, second, third in zip(*hours, strict=True):
        yield replace(first, instead=replace(second, instead=third))


def _told_in(
    hour: datetime, claimed: Claimed, settlement: Settlement, now: datetime, setup: Setup
) -> Iterator[NewAction]:
    """That hour's notices, one a channel, each with the key under which it is told."""
    facts: JSONObject = {
        "destination": claimed.destination,
        "kind": claimed.kind,
        "error": settlement.error,
        "since": now.isoformat(),
    }
    notice = Notice(
        name="actions_dead",
        key=f"actions_dead:{claimed.destination}:{claimed.kind}:{hour:%Y-%m-%dT%H}",
        after=max(GATHERING, (hour - now).total_seconds()),
    )
    for owed in owed_for(notice, setup):
        record = owed.record(now)
        yield replace(record, arguments={**record.arguments, "facts": {**facts, "told_as": record.key}})
