"""Tells people of devices that enrolled or left, by MDM's own check-ins."""

from collections.abc import Iterator
from datetime import timedelta

from domain.clock import parse_time, rfc3339
from domain.device_event import DeviceEvent
from domain.facts import fact, fact_at
from domain.json_types import JSONObject
from state.records import AUTHENTICATED, ENROLMENT, Record
from state.unit_of_work import UnitOfWork
from tasks.notice import Notice
from tasks.registry import on

FRESH = timedelta(days=7)
"""A TokenUpdate so long after the Authenticate is a device's routine; who enrolled long ago is no news."""


@on("mdm.Authenticate", "mdm.TokenUpdate")
def tell_of_enrolment(event: DeviceEvent, uow: UnitOfWork) -> Iterator[Notice]:
    """Once both halves of an enrolment were heard, whichever came last; once per enrolment."""
    device = uow.devices[event.device_id or ""]
    enrolment, began = fact(device.facts, ENROLMENT) or {}, fact_at(device.facts, AUTHENTICATED)
    began_at = parse_time(began)
    if event.channel_id is None and enrolment.get("enrolled") and began_at and event.occurred_at - began_at < FRESH:
        yield Notice(name="device_enrolled", key=f"device_enrolled:{device.id}:{began}", facts=_facts(device))


@on("mdm.CheckOut")
def tell_of_departure(event: DeviceEvent, uow: UnitOfWork) -> Iterator[Notice]:
    """When this CheckOut is the newest that was heard of the device's enrolment."""
    device = uow.devices[event.device_id or ""]
    at = rfc3339(event.occurred_at)
    if event.channel_id is None and fact_at(device.facts, ENROLMENT) == at:
        yield Notice(name="device_left", key=f"device_left:{device.id}:{at}", facts=_facts(device))


def _facts(device: Record) -> JSONObject:
    names = {"name": "DeviceName", "model": "ModelName", "product": "ProductName", "serial_number": "SerialNumber"}
    found = {name: fact(device.facts, apple) for name, apple in names.items()}
    return {"device_id": device.id, **{name: value for name, value in found.items() if isinstance(value, str)}}
