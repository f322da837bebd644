"""What beat does so that nothing is forgotten: due actions, installs that nobody owes, devices that do not answer."""

from datetime import timedelta

import structlog

from domain.commands import check
from state.locks import lock_of_serial
from state.outbox import due_destinations
from state.pending import unknown_devices, unowed_installs
from state.unit_of_work import unit_of_work
from tasks.actions.push import Push
from tasks.actions.send_command import SendCommand
from tasks.installing import decide_installs
from tasks.owing import Owed
from tasks.services import Services

log = structlog.get_logger()

DUE_INTERVAL = 5.0
UNOWED_INTERVAL = 60.0
PUSH_INTERVAL = 30.0
IDENTIFY_INTERVAL = 60.0
"""Seconds between two looks."""

PUSHES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 240, 720, 1440))
"""Between one push of a device that has not answered and the next; the last one is repeated."""

UNNAMED = timedelta(minutes=1)
"""So long after it enrolled a device is asked for its serial number: its Authenticate may have been lost."""

AT_ONCE = 500


def wake_due(services: Services) -> list[str]:
    """Wake whoever delivers to destinations for which something is due: a lost hint, a retry, a claim that ran out."""
    destinations = due_destinations(services.engine, services.now())
    services.wake_deliverers(destinations)
    return destinations


def owe_installs(services: Services) -> int:
    """Find licences of enrolled devices that nothing is owed for, and decide on them; how many actions that gave."""
    found = unowed_installs(services.engine, senders=list(services.setup.mdm_servers), limit=AT_ONCE)
    wanted = {one.serial_key for one in found if services.setup.policy(one.u_id, one.adam_id).install}
    if not wanted:
        return 0
    with unit_of_work(services.engine, services.now()) as uow:
        uow.take_locks(lock_of_serial(key) for key in wanted)
        for owed in decide_installs(uow, services.setup, wanted, None):
            uow.owe(owed.record(uow.now))
    services.wake_deliverers({action.destination for action in uow.owed})
    if uow.owed:
        log.warning("installs_were_not_owed", actions=len(uow.owed))
    return len(uow.owed)


def push_again(services: Services) -> int:
    """Push devices that have not answered, or said NotNow: one push a device, however many commands wait for it."""
    now = services.now()
    with unit_of_work(services.engine, now) as uow:
        waiting = uow.take_unanswered(pauses=PUSHES, limit=AT_ONCE)
        for one in {one.device_id: one for one in waiting}.values():
            push = Push(device_id=one.device_id, sender=one.sender)
            uow.owe(Owed(action=push, key=f"push:{one.id}:{one.pushes}").record(now))
    services.wake_deliverers({action.destination for action in uow.owed})
    return len(uow.owed)


def identify(services: Services) -> int:
    """Ask enrolled devices that nobody knows the serial number of; each once a day at most."""
    now = services.now()
    found = unknown_devices(
        services.engine, senders=list(services.setup.mdm_servers), enrolled_before=now - UNNAMED, limit=AT_ONCE
    )
    question = check("DeviceInformation", {})
    with unit_of_work(services.engine, now) as uow:
        for device_id, sender in found:
            action = SendCommand(
                device_id=device_id,
                sender=sender,
                request_type=question.request_type,
                arguments=dict(question.arguments),
            )
            uow.owe(Owed(action=action, key=f"identify:{device_id}:{now:%Y-%m-%d}").record(now))
    services.wake_deliverers({action.destination for action in uow.owed})
    return len(uow.owed)
