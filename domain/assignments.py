"""What is known of one assignment (an app or book and the device or user it is for), whatever order Apple said it in.

A map of results is the join of everything reported: any order, and any of it twice, ends in the same map and state.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

from domain.facts import Stamp
from domain.notification import LONGEST_ERROR, Notification
from domain.text import clipped, storable

Results: TypeAlias = dict[str, list[Any]]
"""`<change>:<eventId>` → `[result, at, by, error_number, error_message]`: JSON as it is stored; `at` is RFC 3339 UTC
with microseconds. Without an eventId the notification's own key takes its place."""

State: TypeAlias = Literal["assigned", "unassigned", "failed", "uncertain"]

UNSURE = timedelta(minutes=15)
"""Up to this far apart, the order of arrival is no proof: Apple tries each notification for up to 5 minutes."""

MOST_OF_A_SORT = 10
"""Results kept of each of four sorts: a licence given or taken away, `SUCCESS` or `FAILURE`; the newest stay.

What it costs is history: the state needs no more than the newest of each sort, so no flood of failures pushes out
the success that stands. But a forgotten event that Apple reports once more, in another notification, is news again.
"""

SUCCESS, FAILURE = "SUCCESS", "FAILURE"
_GIVES = {"ASSOCIATE": True, "DISASSOCIATE": False, "REVOKE": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one request went for one pair. ``change`` and ``result`` are Apple's words; ``event_id`` is the request's."""

    change: str | None
    result: str | None
    event_id: str | None
    stamp: Stamp
    error_number: int | None = None
    error_message: str = ""

    @property
    def name(self) -> str:
        return f"{self.change}:{self.event_id or self.stamp.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentState:
    """``at`` and ``event_id`` are of the result that made the state; of the newer one where two make it uncertain.

    The error is that of the newest failure unless a success is newer: a licence can stand and show one.
    """

    state: State
    at: datetime
    event_id: str | None
    error_number: int | None = None
    error_message: str = ""


class _Place(NamedTuple):
    """Where a result stands among the others: a later place is a newer result."""

    at: str
    by: str
    name: str


def result_of(notification: Notification) -> Result:
    """What a notification says of each pair it lists."""
    return Result(
        change=notification.change,
        result=notification.result,
        event_id=notification.event_id,
        stamp=notification.stamp,
        error_number=notification.error_number,
        error_message=notification.error_message,
    )


def add_result(results: Results, news: Result) -> bool:
    """Note how a request went for this pair. True when anything changed, so False for what is known already.

    Each request is a fact once, of the time it was first reported. Reported both ways, it succeeded: a success tells
    of a licence that is there or gone, a failure only of a try. Words of Apple's that we do not know are no news.
    """
    if news.change not in _GIVES or news.result not in (SUCCESS, FAILURE):
        return False
    at, _, by = news.stamp.order()
    entry = [news.result, at, by, news.error_number, clipped(storable(news.error_message), LONGEST_ERROR)]
    known = results.get(news.name)
    if known is not None and _precedence(known) <= _precedence(entry):
        return False
    results[news.name] = entry
    if len(results) > MOST_OF_A_SORT:
        for place in _places(results, gives=_GIVES[news.change], result=news.result)[:-MOST_OF_A_SORT]:
            del results[place.name]
    return known is not None or news.name in results


def state_of(results: Results) -> AssignmentState | None:
    """What the results come to; None when there are none.

    The newer of the last success each way decides, unless they are too close to tell. A failure to associate turns
    `unassigned` to `failed` when it is newer; any other failure leaves the state and shows its error. Where nothing
    ever succeeded, `failed`.
    """
    if len(results) == 1:  # nearly all
        return _only_state(results)
    failures = (_newest(results, gives=True, result=FAILURE), _newest(results, gives=False, result=FAILURE))
    given, taken = (_newest(results, gives=gives, result=SUCCESS) for gives in (True, False))
    success = max(filter(None, (given, taken)), default=None)
    failure = max(filter(None, failures), default=None)
    refused = failures[0]
    if success is None:
        return _state(results, "failed", refused or failure, failure)
    error = failure if failure and failure > success else None
    if given and taken and abs(_moment(given) - _moment(taken)) <= UNSURE:
        return _state(results, "uncertain", success, error)
    if success == given:
        return _state(results, "assigned", success, error)
    if refused and refused > success:
        return _state(results, "failed", refused, error)
    return _state(results, "unassigned", success, error)


def _only_state(results: Results) -> AssignmentState | None:
    """Where there was one request."""
    ((name, (result, at, by, *_)),) = results.items()
    place = _Place(at=at, by=by, name=name)
    if result == SUCCESS:
        return _state(results, "assigned" if _GIVES[name.partition(":")[0]] else "unassigned", place, None)
    return _state(results, "failed", place, place)


def _state(results: Results, state: State, cause: _Place | None, error: _Place | None) -> AssignmentState | None:
    if cause is None:
        return None
    event_id = cause.name.partition(":")[2]
    error_number, error_message = results[error.name][3:] if error else (None, "")
    return AssignmentState(
        state=state,
        at=_moment(cause),
        event_id=None if event_id.startswith(cause.by) else event_id,  # else it is the notification's key
        error_number=error_number,
        error_message=error_message,
    )


def _precedence(entry: list[Any]) -> tuple[Any, ...]:
    """Of two reports of the same request the lower stays; the error tells apart what nothing else does."""
    result, at, by, error_number, error_message = entry
    return result != SUCCESS, at, by, str(error_number), error_message


def _newest(results: Results, *, gives: bool, result: str) -> _Place | None:
    return max(_places(results, gives=gives, result=result), default=None)


def _places(results: Results, *, gives: bool, result: str) -> list[_Place]:
    """Of one sort, oldest first."""
    return sorted(
        _Place(at=entry[1], by=entry[2], name=name)
        for name, entry in results.items()
        if entry[0] == result and _GIVES[name.partition(":")[0]] is gives
    )


def _moment(place: _Place) -> datetime:
    return datetime.fromisoformat(place.at)
