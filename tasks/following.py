"""Follows installs to their end: asks devices for their apps, and says of what never ends that it is stuck."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog

from domain.commands import managed_application_list
from state.installs import Install
from state.locks import lock_of_serial
from state.nameless import named_since
from state.pending import Unfinished, unfinished_installs
from state.unit_of_work import UnitOfWork, unit_of_work
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed
from tasks.services import Services

log = structlog.get_logger()

INTERVAL = 5.0
"""Seconds between two looks."""

CHECKS = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 600.0, 1_800.0, 3_600.0)
"""Seconds before the 1st, 2nd, … time a device is asked for its apps; the last one is repeated."""

NAMED_INTERVAL = 60.0
"""Seconds between two looks for apps that have a name by now."""

PATIENCE = timedelta(hours=24)
"""After so long without an answer, or without the app, an install is stuck; what comes later still counts."""

SLICE = 5.0
"""Seconds after which others have their turn."""

AT_ONCE = 500
"""Installs in one transaction."""


def first_check(now: datetime) -> datetime:
    """When to ask a device that has just acknowledged."""
    return now + timedelta(seconds=CHECKS[0])


def follow(services: Services) -> int:
    """Look at the installs that are due, ask their devices; how many there were. Two at once do no harm."""
    until, total = services.monotonic() + SLICE, 0
    while count := _follow(services):
        total += count
        if count < AT_ONCE or services.monotonic() > until:
            break
    if services.now().timestamp() % NAMED_INTERVAL < INTERVAL:
        total += take_up_named(services)
    return total


def take_up_named(services: Services) -> int:
    """Go on with installs that were stuck for want of a bundle id, now that another device has named it; how many."""
    found = named_since(services.engine, limit=AT_ONCE)
    if found:
        with unit_of_work(services.engine, services.now()) as uow:
            senders = _load(found, uow)
            for device_id in sorted(senders):
                installs = [i for i in uow.installs.of_device(device_id) if _has_a_name_now(i, uow)]
                if installs:
                    # Asked at once: all its time may be over, and it was never asked.
                    _ask(device_id, senders[device_id], installs, uow)
        services.wake_deliverers({action.destination for action in uow.owed})
        log.info("installs_named", records=len(found))
    return len(found)


def _has_a_name_now(install: Install, uow: UnitOfWork) -> bool:
    if install.state != "stuck" or install.bundle_id is not None or install.acknowledged_at is None:
        return False
    bundle_id = uow.installs.bundle_id_of(install.adam_id)
    if bundle_id is not None:
        install.change(uow.now, state="acknowledged", reason=None, bundle_id=bundle_id, checks=0)
    return bundle_id is not None


def _follow(services: Services) -> int:
    now = services.now()
    due = unfinished_installs(services.engine, now=now, sent_before=now - PATIENCE, limit=AT_ONCE)
    if due:
        with unit_of_work(services.engine, now) as uow:
            _look_again(due, uow)
        services.wake_deliverers({action.destination for action in uow.owed})
        log.info("installs_followed", records=len(due))
    return len(due)


def _look_again(due: Sequence[Unfinished], uow: UnitOfWork) -> None:
    senders = _load(due, uow)
    gone = _not_enrolled(due, uow)
    by_device: dict[str, list[Install]] = defaultdict(list)
    for device_id in sorted(senders):
        for install in uow.installs.of_device(device_id):
            if _is_stuck(install, uow, is_gone=device_id in gone):
                continue
            if install.next_check_at and install.next_check_at <= uow.now:
                by_device[device_id].append(install)
    for device_id, installs in by_device.items():
        if device_id in gone:
            for install in installs:
                install.change(uow.now, next_check_at=uow.now + timedelta(seconds=CHECKS[-1]))
        else:
            _ask(device_id, senders[device_id], installs, uow)


def _load(found: Sequence[Unfinished], uow: UnitOfWork) -> dict[str, str]:
    """Devices with their senders. Under the locks nobody else decides on them; what was found may have ended."""
    senders = {one.device_id: one.sender for one in found}
    uow.take_locks({lock_of_serial(one.serial_key) for one in found if one.serial_key})
    uow.commands.load_open(senders)
    uow.installs.load_of_devices(senders)
    return senders


def _not_enrolled(found: Sequence[Unfinished], uow: UnitOfWork) -> Collection[str]:
    """Devices that checked out: who comes back without a new enrolment is asked again then."""
    enrolments = uow.enrolments_of({one.serial_key for one in found if one.serial_key})
    return {one.device_id for holders in enrolments.values() for one in holders if one.enrolled is False}


def _is_stuck(install: Install, uow: UnitOfWork, *, is_gone: bool) -> bool:
    since, what = install.sent_at, "not answered the command"
    if install.state == "acknowledged":
        since, what = install.acknowledged_at, "accepted the command and not said that the app is there"
    if install.state not in ("command_sent", "acknowledged") or since is None or uow.now - since < PATIENCE:
        return False
    hours = f"{PATIENCE.total_seconds() / 3600:.0f} h"
    reason = f"the device is not enrolled any more; it had {what}" if is_gone else f"the device has {what} for {hours}"
    install.change(uow.now, state="stuck", reason=reason, next_check_at=None)
    return True


def _ask(device_id: str, sender: str, installs: Sequence[Install], uow: UnitOfWork) -> None:
    """One question for all apps of a device, and none while it has not answered the last one."""
    question = managed_application_list(())
    waits = any(command.request_type == question.request_type for command in uow.commands.open_of(device_id))
    for install in installs:
        checks = install.checks + (0 if waits else 1)
        pause = CHECKS[min(checks, len(CHECKS) - 1)]
        install.change(uow.now, checks=checks, next_check_at=uow.now + timedelta(seconds=pause))
    if waits:
        return
    asked = installs[0]
    since = asked.acknowledged_at  # what was stuck is followed anew, and its checks are counted anew
    action = SendCommand(
        device_id=device_id, sender=sender, request_type=question.request_type, arguments=dict(question.arguments)
    )
    uow.owe(Owed(action=action, key=f"follow:{asked.id}:{asked.tries}:{since}:{asked.checks}").record(uow.now))
