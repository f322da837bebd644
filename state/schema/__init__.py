"""The tables, the same on SQLite and PostgreSQL. A change here needs a migration; a test compares the two."""

from state.schema.effects import actions, commands, destinations, installs
from state.schema.intake import devices, event_bodies, event_counts, event_keys, events, user_channels
from state.schema.licences import asset_deltas, assets, assignment_failures, assignments, locks, users
from state.schema.metadata import LONGEST_ID, metadata

__all__ = [
    "LONGEST_ID",
    "actions",
    "asset_deltas",
    "assets",
    "assignment_failures",
    "assignments",
    "commands",
    "destinations",
    "devices",
    "event_bodies",
    "event_counts",
    "event_keys",
    "events",
    "installs",
    "locks",
    "metadata",
    "user_channels",
    "users",
]
