"""What beat does so that nothing is forgotten: due actions, installs that nobody owes, devices that do not answer."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from domain.commands import check
from state.locks import lock_of_serial
from state.outbox import due_destinations
from state.pending import Asking, Wish, devices_to_ask, unowed_serials
from state.unanswered import devices_to_push
from state.unit_of_work import unit_of_work
from tasks.actions.push import Push
from tasks.actions.send_command import SendCommand
from tasks.installing import decide_installs
from tasks.inventory import FORGOTTEN
from tasks.owing import Owed
from tasks.pushing import PUSHES
from tasks.services import Services

log = structlog.get_logger()

DUE_INTERVAL = 5.0
UNOWED_INTERVAL = 15.0
PUSH_INTERVAL = 30.0
IDENTIFY_INTERVAL = 60.0
"""Seconds between two looks."""

UNNAMED = timedelta(minutes=1)
"""So long after it enrolled, or was first heard, a device is asked for its serial number: its Authenticate was lost."""

INFORMATION_AGE = timedelta(days=7)
"""After so long a device that no list tells of is asked again."""

AT_ONCE = 500
"""Serial numbers or devices in one transaction."""

SLICE = 5.0
"""Seconds of pushing after which others have their turn."""


def wake_due(services: Services) -> list[str]:
    """Wake whoever delivers to destinations for which something is due: a lost hint, a retry, a claim that ran out."""
    destinations = due_destinations(services.engine, services.now())
    services.wake_deliverers(destinations)
    return destinations


def owe_installs(services: Services) -> int:
    """Find licences of enrolled devices that nothing is owed for, and decide on them; how many actions that gave.

    A part of all licences at a time, the next one each `UNOWED_INTERVAL`.
    """
    now = services.now()
    wanted = unowed_serials(
        services.engine,
        senders=list(services.setup.mdm_servers),
        wishes=[Wish(adam_id=p.adam_id, u_id=p.u_id, install=p.install) for p in services.setup.policies],
        part=int(now.timestamp() / UNOWED_INTERVAL),
        limit=AT_ONCE,
    )
    if not wanted:
        return 0
    with unit_of_work(services.engine, now) as uow:
        uow.take_locks(lock_of_serial(key) for key in wanted)
        for owed in decide_installs(uow, services.setup, wanted, None):
            uow.owe(owed.record(uow.now))
    services.wake_deliverers({action.destination for action in uow.owed})
    if uow.owed:
        log.warning("installs_were_not_owed", actions=len(uow.owed))
    return len(uow.owed)


def push_again(services: Services) -> int:
    """Push devices that have not answered, or said NotNow: one push a device, however many commands wait for it.

    How many were due. Two at once do no harm.
    """
    until, total = services.monotonic() + SLICE, 0
    while waiting := devices_to_push(services.engine, now=services.now(), limit=AT_ONCE):
        count = _push(waiting, services)
        total += count
        if not count or services.monotonic() > until:
            break
    return total


def _push(device_ids: Sequence[str], services: Services) -> int:
    now = services.now()
    with unit_of_work(services.engine, now) as uow:
        taken = uow.take_unanswered(device_ids, pauses=PUSHES)
        for device_id, sender in taken:
            push = Push(device_id=device_id, sender=sender)
            uow.owe(Owed(action=push, key=f"push:{sender}:{device_id}:{now:%Y-%m-%dT%H:%M}").record(now))
    services.wake_deliverers({action.destination for action in uow.owed})
    return len(taken)


def identify(services: Services) -> int:
    """Ask devices for information: those without a serial number once, those of a NanoMDM, which has no list, by age.

    Who has not answered is not asked again before the question counts as lost.
    At most `AT_ONCE` each time, so that a large fleet is spread over hours, then and ever after.
    """
    now, servers = services.now(), services.setup.mdm_servers
    asking = Asking(
        senders=list(servers),
        unlisted=[sender for sender, kind in servers.items() if kind == "nanomdm"],
        enrolled_before=now - UNNAMED,
        asked_before=now - INFORMATION_AGE,
        lost_before=now - FORGOTTEN,
    )
    found = devices_to_ask(services.engine, asking, limit=AT_ONCE)
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
