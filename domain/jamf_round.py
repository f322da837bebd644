"""How a round of reading a whole Jamf Pro went, as facts of its server: each part is read, or not, by itself."""

from collections.abc import Mapping

from domain.clock import rfc3339
from domain.facts import Stamp
from domain.json_types import JSONObject

PARTS = ("version", "computers", "mobile_devices", "policies")
"""In the order in which they are read."""

NOT_READ = "not_read"
"""The fact that says of the last round why which parts were not read; empty when all were."""


def read_at(part: str) -> str:
    """The fact that says when the last round began that read the whole of this part."""
    return f"{part}_read_at"


def told_of_round(failed: Mapping[str, str], stamp: Stamp) -> JSONObject:
    """The facts of a round that began at the time of ``stamp``; ``failed`` are words by part, fit to be shown."""
    began = rfc3339(stamp.at)
    return {NOT_READ: dict(failed), **{read_at(part): began for part in PARTS if part not in failed}}
