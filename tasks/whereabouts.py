"""Notices of devices that enrolled or left, whoever found it out: by a check-in, or by the list of their server."""

from domain.facts import fact, fact_at
from domain.json_types import JSON, JSONObject
from domain.text import clipped
from state.records import AUTHENTICATED, LISTED, Record
from tasks.notice import Notice

LONGEST = 300
"""Characters of each fact; nobody reads on."""


def has_enrolled(device: Record, *, sender: JSON, began: str, at: str) -> Notice:
    """Once per enrolment, known by when it ``began``: its Authenticate's time, or that of the last one's end."""
    facts = _facts(device, sender=sender, at=at)
    return Notice(name="device_enrolled", key=f"device_enrolled:{device.id}:{began}", facts=facts)


def has_left(device: Record, *, sender: str, at: str) -> Notice:
    """Once per enrolment, if an Authenticate began it, or a list told of it."""
    known = [fact_at(device.facts, AUTHENTICATED), fact_at(device.facts, LISTED)]
    enrolment = max((began for began in known if began is not None), default=at)
    facts = _facts(device, sender=sender, at=at)
    return Notice(name="device_left", key=f"device_left:{device.id}:{enrolment}", facts=facts)


def _facts(device: Record, **known: JSON) -> JSONObject:
    names = {"name": "DeviceName", "model": "ModelName", "product": "ProductName", "serial_number": "SerialNumber"}
    found = {name: fact(device.facts, apple) for name, apple in names.items()} | {"udid": fact(device.facts, "udid")}
    said: JSONObject = {name: clipped(value, LONGEST) for name, value in found.items() if isinstance(value, str)}
    return {"device_id": device.id, **said, **known}
