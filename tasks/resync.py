"""Compares our devices with the list that a MicroMDM server has of its own, and takes over what we missed.

NanoMDM has no list: there, devices that never said their serial number are asked for it (tasks.healing).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from clients.micromdm import ListedDevice, MicroMDM
from domain.classification import digest
from domain.clock import parse_time, rfc3339
from domain.device_event import LONGEST_ID
from domain.errors import ActionError
from domain.facts import Stamp, fact, fact_at
from domain.mdm_list import told_of_list
from domain.notification import serial_key
from domain.text import storable
from state.locks import lock_of_serial
from state.mdm_servers import tell_mdm_server
from state.records import ENROLMENT, LISTED, Record
from state.unit_of_work import UnitOfWork, unit_of_work
from tasks.installing import decide_installs
from tasks.notice import Notice, owed_for
from tasks.outside import Outside
from tasks.whereabouts import has_enrolled, has_left

log = structlog.get_logger()

INTERVAL = 3600.0
"""Seconds between two lists."""

SETTLED = timedelta(minutes=10)
"""What an event told in the last minutes is not corrected by a list: others may still be on their way."""

NEWS = timedelta(days=7)
"""Whom its server has not seen for so long left long ago, and nobody is told."""

AT_ONCE = 500
"""Devices in one transaction."""


def resync(sender: str, outside: Outside, wake: Callable[[str], None]) -> int:
    """Ask one MicroMDM server for its devices; how many were taken over or corrected.

    A failed read changes nothing of them; it is told, so that `windfall doctor` can say it.
    """
    server = outside.mdm.get(sender)
    if not isinstance(server, MicroMDM):
        return 0
    asked_at = outside.now()
    try:
        listed = server.devices()
    except ActionError as exc:
        log.warning("devices_not_listed", sender=sender, error=str(exc))
        _tell(str(exc), sender, asked_at, outside)
        return 0
    usable = [device for device in listed if device.udid and _fits(device)]
    changed = 0
    for start in range(0, len(usable), AT_ONCE):
        with unit_of_work(outside.engine, outside.now()) as uow:
            changed += _take_over(usable[start : start + AT_ONCE], sender, asked_at, uow, outside)
        for destination in sorted({action.destination for action in uow.owed}):
            wake(destination)
    _tell(None, sender, asked_at, outside)
    log.info("devices_listed", sender=sender, devices=len(usable), records=changed)
    return changed


def _tell(error: str | None, sender: str, asked_at: datetime, outside: Outside) -> None:
    stamp = Stamp(at=asked_at, rank=0, by=digest(sender, "list"))
    tell_mdm_server(outside.engine, sender, told_of_list(error, stamp), stamp)


def _fits(device: ListedDevice) -> bool:
    return len(device.udid) <= LONGEST_ID and len(device.serial_number) <= LONGEST_ID


def _take_over(
    listed: Sequence[ListedDevice], sender: str, asked_at: datetime, uow: UnitOfWork, outside: Outside
) -> int:
    by_id = {storable(device.udid): device for device in listed}
    uow.devices.lock(dict.fromkeys(by_id))
    before = {device_id: _serial_key(uow.devices[device_id]) for device_id in by_id}
    known = {device_id: uow.devices[device_id].facts.get(ENROLMENT) for device_id in by_id}
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
    for device_id in sorted(changed):
        for notice in _news(uow.devices[device_id], known[device_id], by_id[device_id], asked_at):
            for owed in owed_for(notice, outside.setup):
                uow.owe(owed.record(uow.now))
    return len(changed)


def _news(device: Record, known: list[Any] | None, listed: ListedDevice, asked_at: datetime) -> Iterator[Notice]:
    """What no check-in told, of a device that was ``known`` to be the other way; who came before us is no news.

    One that comes late finds the same keys, or that a list was there before it.
    """
    enrolment = fact(device.facts, ENROLMENT) or {}
    if known is None or known[0]["enrolled"] is enrolment.get("enrolled"):
        return
    if listed.last_seen is None or asked_at - listed.last_seen > NEWS:
        return
    sender, at = enrolment["sender"], rfc3339(asked_at)
    if enrolment["enrolled"]:
        yield has_enrolled(device, sender=sender, began=known[1], at=at)
    else:
        yield has_left(device, sender=sender, at=at)


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
        is_back = True if enrolment and listed.enrollment_status else None
        told = {"enrolled": listed.enrollment_status, "sender": sender}
        news |= device.learn({ENROLMENT: told, LISTED: is_back}, stamp)
        device.see(listed.last_seen or stamp.at)
    return news
