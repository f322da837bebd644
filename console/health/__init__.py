"""Is it well, and if not, what helps? The same checks answer `/api/health` and `windfall doctor`."""

from datetime import datetime

from console.health.check import Check
from console.health.database_checks import look_at_database
from console.health.jamf_checks import jamf_checks
from console.health.mdm_checks import mdm_checks
from console.health.pipeline_checks import pipeline_checks
from console.health.redis_checks import redis_checks
from console.health.settings_checks import settings_checks
from console.stores import Stores

__all__ = ["Check", "examine"]


def examine(stores: Stores, now: datetime) -> list[Check]:
    """Look at everything, in the order of an event's way; takes a few seconds when something does not answer."""
    database = look_at_database(stores, now)
    return [
        *redis_checks(stores),
        *database.checks,
        *pipeline_checks(stores, now),
        *settings_checks(stores.settings, database.active, now),
        *mdm_checks(stores.settings, database.lists, now),
        *jamf_checks(stores.settings, database.rounds, now),
    ]
