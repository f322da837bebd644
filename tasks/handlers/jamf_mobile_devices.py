"""Tells people of mobile devices that enrolled in Jamf Pro or left it."""

from collections.abc import Iterator

from domain.clock import rfc3339
from domain.jamf_event import JamfEvent
from domain.json_types import JSONObject
from domain.text import clipped, storable
from state.unit_of_work import UnitOfWork
from tasks.notice import Notice
from tasks.registry import on

LONGEST = 300
"""Characters of each fact; nobody reads on."""


@on("MobileDeviceEnrolled", "MobileDeviceUnEnrolled")
def tell_of_mobile_device(event: JamfEvent, uow: UnitOfWork) -> Iterator[Notice]:  # noqa: ARG001
    """Source: https://developer.jamf.com/developer-guide/docs/webhooks"""
    found = {
        "name": event.text("deviceName", "name"),
        "model": event.text("modelDisplay", "model"),
        "serial_number": event.text("serialNumber"),
        "jamf_id": event.text("jssID"),
    }
    facts: JSONObject = {name: clipped(storable(value), LONGEST) for name, value in found.items() if value}
    name = "device_enrolled" if event.topic == "MobileDeviceEnrolled" else "device_left"
    known: JSONObject = {"sender": event.sender, "at": rfc3339(event.occurred_at)}
    yield Notice(name=name, key=f"{name}:{event.key}", facts={**facts, **known})
