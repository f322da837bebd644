"""Forgets bodies and identities of old events. Two at once do no harm."""

from datetime import timedelta

import structlog

from state.pruning import prune_bodies, prune_keys
from tasks.services import Services

log = structlog.get_logger()

INTERVAL = 3600.0
"""Seconds between two looks."""

KEY_DAYS = 90
"""For so long an event that is delivered again is known; no sender repeats one after minutes."""


def prune(services: Services, *, body_days: int) -> None:
    """Delete bodies older than ``body_days``, and keys older than `KEY_DAYS`."""
    now = services.now()
    bodies = prune_bodies(services.engine, before=now - timedelta(days=body_days))
    keys = prune_keys(services.engine, before=now - timedelta(days=KEY_DAYS))
    if bodies or keys:
        log.info("events_pruned", bodies=bodies, keys=keys)
