"""Finds what a lost wake, a killed worker or a dead database left behind. Two sweeps at once do no harm."""

import structlog

from config.contract import INBOXES
from tasks.services import Services

log = structlog.get_logger()

INTERVAL = 5.0
"""Seconds between two sweeps, and the age of an entry that nobody works on at which its inbox is woken."""


def sweep(services: Services) -> list[str]:
    """Wake every inbox whose oldest entry has waited and which nobody leases, whatever its wake key says; which."""
    waiting = [
        state.inbox
        for state in services.inboxes.states(INBOXES)
        if state.oldest_age is not None and state.oldest_age >= INTERVAL and not state.leased
    ]
    for inbox in waiting:
        services.wake(inbox)
    if waiting:
        log.info("inboxes_woken", inboxes=len(waiting))
    services.inboxes.mark_swept(services.now())
    return waiting
