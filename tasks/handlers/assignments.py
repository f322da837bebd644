"""How Apple's assignments went: each pair of app and target by itself, each request once."""

from collections.abc import Iterator

from domain.assignments import FAILURE, result_of
from domain.notification import Notification
from state.keys import assignment_id
from state.unit_of_work import UnitOfWork
from tasks.notice import Notice
from tasks.registry import on

GATHERING = 120.0
"""Seconds after the last failure of an event at which people are told of all of them."""

LONGEST = 900.0
"""Seconds after the first failure at which they are told although more are heard: Apple tells of 25 000 in some 300."""


@on("ASSET_MANAGEMENT")
def assigned(event: Notification, uow: UnitOfWork) -> Iterator[Notice]:
    """Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications"""
    result, u_id = result_of(event), event.u_id or ""
    news = [pair for pair in event.assignments if uow.assignments.of(u_id, pair).add(result)]
    if not news or event.result != FAILURE:
        return
    request = event.event_id or event.key
    for pair in news:
        uow.add_failure(
            {
                "u_id": u_id,
                "event_id": request,
                "assignment_id": assignment_id(u_id, pair),
                "error_number": event.error_number,
                "error_message": event.error_message or None,
                "received_at": event.occurred_at,
            }
        )
    yield Notice(
        name="assignments_failed",
        key=f"assignments_failed:{u_id}:{request}",
        facts={"u_id": u_id, "event_id": request, "change": event.change},
        after=GATHERING,
        long=LONGEST,
    )
