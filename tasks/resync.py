"""Compares our devices with the list that a MicroMDM server has of its own, and takes over what we missed.

NanoMDM has no list: there, devices that never said their serial number are asked for it (tasks.healing).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from clients.micromdm import ListedDevice, MicroMDM
from domain.classification import digest
from domain.clock import parse_time
from domain.device_event import LONGEST_ID
from domain.errors import ActionError
from domain.facts import Stamp, fact, fact_at
from domain.notification import serial_key
from domain.text import storable
from state.locks import lock_of_serial
from state.records import ENROLMENT, Record
from state.unit_of_work import UnitOfWork, unit_of_work
from tasks.installing import decide_installs
from tasks.outside import Outside

log = structlog.get_logger()

INTERVAL = 3600.0
"""Seconds between two lists."""

SETTLED = timedelta(minutes=10)
"""What an event told in the last minutes is not corrected by a list: others may still be on their way."""

AT_ONCE = 500
"""Devices in one transaction."""


def resync(sender: str, outside: Outside, wake: Callable[[str], None]) -> int:
    """Ask one MicroMDM server for its devices; how many were taken over or corrected. A failed read changes nothing."""
    server = outside.mdm.get(sender)
    if not isinstance(server, MicroMDM):
        return 0
    asked_at = outside.now()
    try:
        listed = server.devices()
    except ActionError as exc:
        log.warning("devices_not_listed", sender=sender, error=str(exc))
        return 0
    usable = [device for device in listed if device.udid and _fits(device)]
    changed = 0
    for start in range(0, len(usable), AT_ONCE):
        with unit_of_work(outside.engine, outside.now()) as uow:
            changed += _take_over(usable[start : start + AT_ONCE], sender, asked_at, uow, outside)
        for destination in sorted({action.destination for action in uow.owed}):
            wake(destination)
    log.info("devices_listed", sender=sender, devices=len(usable), records=changed)
    return changed


def _fits(device: ListedDevice) -> bool:
    return len(device.udid) <= LONGEST_ID and len(device.serial_number) <= LONGEST_ID


def _take_over(
    listed: Sequence[ListedDevice], sender: str, asked_at: datetime, uow: UnitOfWork, outside: Outside
) -> int:
    by_id = {storable(device.udid): device for device in listed}
    uow.devices.lock(dict.fromkeys(by_id))
    before = {device_id: _serial_key(uow.devices[device_id]) for device_id in by_id}
    changed = {
        device_id
        for device_id, device in by_id.items()
        if _learn(uow.devices[device_id], device, Stamp(at=asked_at, rank=1, by=digest(device_id)), sender)
    }
    serials = {_serial_key(uow.devices[device_id]) for device_id in changed} - {""}
    uow.take_locks(lock_of_serial(key) for key in serials | {before[device_id] for device_id in changed} - {""})
    uow.flush_facts()
    for owed in decide_installs(uow, outside.setup, serials, None):
        uow.owe(owed.record(uow.now))
    return len(changed)


def _serial_key(device: Record) -> str:
    said = fact(device.facts, "SerialNumber")
    return serial_key(said) if isinstance(said, str) and len(said) <= LONGEST_ID else ""


def _learn(device: Record, listed: ListedDevice, stamp: Stamp, sender: str) -> bool:
    """True when anything was news. Nobody is un-enrolled who is not listed as such, with a time it was last seen.

    Nor who was never heard to enrol, and speaks; and of who enrolled at another server this one knows nothing.
    """
    unheard = not device.facts
    news = device.learn({"sender": sender, "udid": storable(listed.udid)}, stamp) if unheard else False
    if listed.serial_number and fact(device.facts, "SerialNumber") != storable(listed.serial_number):
        news |= device.learn({"SerialNumber": storable(listed.serial_number)}, stamp)
    enrolment = fact(device.facts, ENROLMENT) or {}
    known_at = parse_time(fact_at(device.facts, ENROLMENT))
    elsewhere = enrolment.get("sender") not in (None, sender)
    if elsewhere or enrolment.get("enrolled") is listed.enrollment_status:
        return news
    if known_at is not None and stamp.at - known_at < SETTLED:
        return news
    if listed.enrollment_status or ((enrolment or unheard) and listed.last_seen is not None):
        news |= device.learn({ENROLMENT: {"enrolled": listed.enrollment_status, "sender": sender}}, stamp)
        device.see(listed.last_seen or stamp.at)
    return news
