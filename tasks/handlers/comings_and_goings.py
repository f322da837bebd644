"""Tells people of devices that enrolled or left, by MDM's own check-ins."""

from collections.abc import Iterator
from datetime import timedelta

from domain.clock import parse_time, rfc3339
from domain.device_event import DeviceEvent
from domain.facts import fact, fact_at
from state.records import AUTHENTICATED, ENROLMENT, LISTED
from state.unit_of_work import UnitOfWork
from tasks.notice import Notice
from tasks.registry import on
from tasks.whereabouts import has_enrolled, has_left

FRESH = timedelta(days=7)
"""A TokenUpdate so long after the Authenticate is a device's routine; who enrolled long ago is no news."""


@on("mdm.Authenticate", "mdm.TokenUpdate")
def tell_of_enrolment(event: DeviceEvent, uow: UnitOfWork) -> Iterator[Notice]:
    """Once both halves of an enrolment were heard, whichever came last; once per enrolment.

    Nor is one news that began before a list told of it (tasks.resync).
    """
    device = uow.devices[event.device_id or ""]
    enrolment, began = fact(device.facts, ENROLMENT) or {}, fact_at(device.facts, AUTHENTICATED)
    began_at, listed = parse_time(began), fact_at(device.facts, LISTED)
    if event.channel_id is not None or not enrolment.get("enrolled") or began is None or began_at is None:
        return
    if event.occurred_at - began_at < FRESH and (listed is None or began > listed):
        yield has_enrolled(device, sender=enrolment.get("sender"), began=began, at=began)


@on("mdm.CheckOut")
def tell_of_departure(event: DeviceEvent, uow: UnitOfWork) -> Iterator[Notice]:
    """When this CheckOut is the newest that was heard of the device's enrolment; once per enrolment."""
    device = uow.devices[event.device_id or ""]
    at = rfc3339(event.occurred_at)
    if event.channel_id is None and fact_at(device.facts, ENROLMENT) == at:
        yield has_left(device, sender=event.sender, at=at)
