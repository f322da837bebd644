"""Forgets bodies and identities of old events, and actions long over. Two at once do no harm."""

from datetime import timedelta

import structlog

from state.pruning import prune_bodies, prune_effects, prune_history, prune_keys
from tasks.services import Services

log = structlog.get_logger()

INTERVAL = 3600.0
"""Seconds between two looks."""

KEY_DAYS = 90
"""For so long an event that is delivered again is known; no sender repeats one after minutes."""

HISTORY_DAYS = 730
"""For so long what a device was called, or ran, is remembered after it was told for the last time."""


SLICE = 10.0
"""Seconds after which it lets others work; below the time limit of a task."""


def prune(services: Services, *, body_days: int) -> bool:
    """Delete bodies older than ``body_days``, keys older than `KEY_DAYS`. True when time was too short."""
    now, until = services.now(), services.monotonic() + SLICE

    def go_on() -> bool:
        return services.monotonic() < until

    bodies, more_bodies = prune_bodies(services.engine, before=now - timedelta(days=body_days), go_on=go_on)
    keys, more_keys = prune_keys(services.engine, before=now - timedelta(days=KEY_DAYS), go_on=go_on)
    # A replay would owe again what is forgotten here.
    effects_days = timedelta(days=max(KEY_DAYS, body_days + 1))
    effects, more_effects = prune_effects(services.engine, before=now - effects_days, go_on=go_on)
    history_before = now - timedelta(days=HISTORY_DAYS)
    values, more_values = prune_history(services.engine, before=history_before, go_on=go_on)
    if bodies or keys or effects or values:
        log.info("events_pruned", bodies=bodies, keys=keys, records=effects + values)
    return more_bodies or more_keys or more_effects or more_values
