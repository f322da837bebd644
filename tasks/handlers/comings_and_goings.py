"""Tells people of devices that enrolled or left, by MDM's own check-ins."""

from collections.abc import Iterator
from datetime import timedelta

from domain.clock import parse_time, rfc3339
from domain.device_event import DeviceEvent
from domain.facts import fact, fact_at
from domain.json_types import JSON, JSONObject
from domain.text import clipped
from state.records import AUTHENTICATED, ENROLMENT, Record
from state.unit_of_work import UnitOfWork
from tasks.notice import Notice
from tasks.registry import on

FRESH = timedelta(days=7)
"""A TokenUpdate so long after the Authenticate is a device's routine; who enrolled long ago is no news."""

LONGEST = 300
"""Characters of each fact; nobody reads on."""


@on("mdm.Authenticate", "mdm.TokenUpdate")
def tell_of_enrolment(event: DeviceEvent, uow: UnitOfWork) -> Iterator[Notice]:
    """Once both halves of an enrolment were heard, whichever came last; once per enrolment."""
    device = uow.devices[event.device_id or ""]
    enrolment, began = fact(device.facts, ENROLMENT) or {}, fact_at(device.facts, AUTHENTICATED)
    began_at = parse_time(began)
    if event.channel_id is None and enrolment.get("enrolled") and began_at and event.occurred_at - began_at < FRESH:
        facts = _facts(device, sender=enrolment.get("sender"), at=began)
        yield Notice(name="device_enrolled", key=f"device_enrolled:{device.id}:{began}", facts=facts)


@on("mdm.CheckOut")
def tell_of_departure(event: DeviceEvent, uow: UnitOfWork) -> Iterator[Notice]:
    """When this CheckOut is the newest that was heard of the device's enrolment; once per enrolment."""
    device = uow.devices[event.device_id or ""]
    at = rfc3339(event.occurred_at)
    if event.channel_id is None and fact_at(device.facts, ENROLMENT) == at:
        enrolment = fact_at(device.facts, AUTHENTICATED) or at
        facts = _facts(device, sender=event.sender, at=at)
        yield Notice(name="device_left", key=f"device_left:{device.id}:{enrolment}", facts=facts)


def _facts(device: Record, **known: JSON) -> JSONObject:
    names = {"name": "DeviceName", "model": "ModelName", "product": "ProductName", "serial_number": "SerialNumber"}
    found = {name: fact(device.facts, apple) for name, apple in names.items()}
    said: JSONObject = {name: clipped(value, LONGEST) for name, value in found.items() if isinstance(value, str)}
    return {"device_id": device.id, **said, **known}
