"""Follows installs to their end: asks devices for their apps, and says of what never ends that it is stuck."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from domain.commands import managed_application_list
from state.installs import Install
from state.locks import lock_of_serial
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
    return total


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
    """Under the locks nobody else decides on these devices; what was due may have ended meanwhile."""
    senders = {one.device_id: one.sender for one in due}
    uow.take_locks({lock_of_serial(one.serial_key) for one in due if one.serial_key})
    uow.commands.load_open(senders)
    uow.installs.load_of_devices(senders)
    by_device: dict[str, list[Install]] = defaultdict(list)
    for device_id in sorted(senders):
        for install in uow.installs.of_device(device_id):
            if not _is_stuck(install, uow) and install.next_check_at and install.next_check_at <= uow.now:
                by_device[device_id].append(install)
    for device_id, installs in by_device.items():
        _ask(device_id, senders[device_id], installs, uow)


def _is_stuck(install: Install, uow: UnitOfWork) -> bool:
    since, what = install.sent_at, "the device has not answered the command"
    if install.state == "acknowledged":
        since, what = install.acknowledged_at, "the device has accepted the command and not said that the app is there"
    if install.state not in ("command_sent", "acknowledged") or since is None or uow.now - since < PATIENCE:
        return False
    install.change(
        uow.now, state="stuck", reason=f"{what} for {PATIENCE.total_seconds() / 3600:.0f} h", next_check_at=None
    )
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
