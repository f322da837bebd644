"""How a round of reading a whole Jamf Pro went, as facts of its server: each part is read, or not, by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from domain.clock import rfc3339
from domain.facts import Stamp
from domain.json_types import JSON, JSONObject

PARTS = ("version", "computers", "mobile_devices", "policies")
"""In the order in which they are read."""

BEGAN = "round_began_at"
"""The fact that says when the last round began, whether or not it came to its end."""

UNENDED = "rounds_unended_since"
"""The fact that says when the first round began since the last that came to its end; it outlives that end."""

RETRY = 900.0
"""Seconds after which a round is made again that read nothing, or never came to its end."""

STALE = 86_400.0
"""Seconds after which nobody goes on where a round was broken off: what it read before is old by then."""

NOT_READ = "not_read"
"""The fact that says of the last round why which parts were not read; empty when all were."""


UNREAD = "unread_records"
"""The fact that says how many records of which parts the last round could not read; empty when there were none."""

GOES_ON = "goes_on_at"
"""The fact that says where the last round was broken off (see `Stop`); empty when it came to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where a round was broken off, because its server was away or asked for quiet, and the next one goes on.

    ``page`` of ``part`` is the next one, ``seen`` entries were on those before it, and ``began_at`` is when the round
    began that read the first of them; empty where there was none. ``has_moved``: something was read before the stop.
    ``since`` is when the first round began of those that go on where the one before was broken off. ``is_passed``:
    nothing comes there, and the parts behind it have had their turn all the same.
    """

    part: str
    page: int = 0
    seen: int = 0
    began_at: str = ""
    has_moved: bool = False
    since: str = ""
    is_passed: bool = False

    @classmethod
    def read(cls, told: JSON) -> Self | None:
        """From the fact. None for an empty one, and for what other versions of ours may have told."""
        try:
            found = cls(**told) if isinstance(told, dict) and told else None
        except TypeError:
            return None
        return found if found is not None and found.part in PARTS else None


def told_of_stop(stop: Stop | None) -> JSONObject:
    """The fact of where the next round goes on; None: at the beginning."""
    return {GOES_ON: asdict(stop) if stop else {}}


def read_at(part: str) -> str:
    """The fact that says when the last round began that read the whole of this part."""
    return f"{part}_read_at"


def told_of_round(failed: Mapping[str, str], stamp: Stamp, parts: Sequence[str] = PARTS) -> JSONObject:
    """The facts of a round that began at the time of ``stamp``; ``failed`` are words by part, fit to be shown."""
    began = rfc3339(stamp.at)
    return {NOT_READ: dict(failed), **{read_at(part): began for part in parts if part not in failed}}


def told_of_beginning(stamp: Stamp, unended_since: datetime | None = None) -> JSONObject:
    """The facts of a round that begins at the time of ``stamp``, after others that began then and did not end."""
    return {BEGAN: rfc3339(stamp.at), UNENDED: rfc3339(unended_since or stamp.at)}


def rest_after(failed: Mapping[str, str] | None, every: float, stop: Stop | None = None) -> float:
    """Seconds from the beginning of a round to that of the next; ``failed`` is None where it did not end.

    One that was broken off goes on at once, when its server is not left alone any more: unless it got nowhere.
    """
    if stop is not None:
        return 0.0 if stop.has_moved else min(every, RETRY)
    return min(every, RETRY) if failed is None or failed.keys() >= set(PARTS) else every
