"""What facts of records in Jamf Pro were before, whoever tells them: its events, and reads of it."""

from collections.abc import Mapping
from datetime import datetime

from domain.jamf_device import JamfDevice
from domain.json_types import JSON
from state.keys import jamf_device_id
from state.unit_of_work import UnitOfWork

REMEMBERED = ("osVersion", "deviceName", "ipAddress", "reportedIpAddress")
"""Facts of which earlier values stay. The first address is the one that the server saw, the second the device's own."""


def remember_record(uow: UnitOfWork, sender: str, device: JamfDevice, facts: Mapping[str, JSON], at: datetime) -> None:
    """``facts`` as the record had them at the moment by which they are ordered; whoever shows a device shows these."""
    identifier = jamf_device_id(sender, device.family, device)
    for name in REMEMBERED:
        value = facts.get(name)
        if isinstance(value, str):
            uow.inventory.saw(identifier, name, value, at)
