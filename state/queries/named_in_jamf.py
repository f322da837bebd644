"""What Jamf Pro's events may call a device: its records, and what its other ids would make where none was numbered."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from domain.jamf_device import COMPUTER, MOBILE_DEVICE, UNKNOWN, JamfDevice
from domain.json_types import JSONObject
from domain.notification import serial_key
from state.keys import jamf_device_id
from state.queries.same_device import spellings
from state.schema import jamf_ade_devices

MOST_NAMES = 200
"""That are looked for: a thing with a record in each of two servers has some 30."""


def names_in_jamf(connection: Connection, device: JSONObject) -> list[str]:
    """Of what tells `serial_number` and `udid`, and as `jamf` its records; as events have them in `jamf_device_id`."""
    records, serial_number = device["jamf"], device["serial_number"]
    ade = select(jamf_ade_devices.c.sender).where(jamf_ade_devices.c.serial_key == serial_key(serial_number or ""))
    senders = {record["sender"] for record in records} | set(connection.scalars(ade) if serial_number else ())
    ids = list(_ids([device, *records]))
    made = (
        jamf_device_id(sender, family, one)
        for sender in sorted(senders)
        for family in (COMPUTER, MOBILE_DEVICE, UNKNOWN)
        for one in ids
    )
    return list(dict.fromkeys([*(record["id"] for record in records), *made]))[:MOST_NAMES]


def _ids(items: list[JSONObject]) -> Iterator[JamfDevice]:
    for serial_number in sorted({serial_key(item["serial_number"]) for item in items if item["serial_number"]}):
        yield JamfDevice(family=UNKNOWN, serial_number=serial_number)
    for udid in spellings(item["udid"] for item in items if item["udid"]):
        yield JamfDevice(family=UNKNOWN, udid=udid)
    for management_id in sorted({item["management_id"] for item in items if item.get("management_id")}):
        yield JamfDevice(family=UNKNOWN, management_id=management_id)
