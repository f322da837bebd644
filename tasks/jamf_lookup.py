"""What is worth reading in a Jamf Pro after an event: owed where people want that, and once for a burst of events.

Our own reads make events too. They are recorded like anybody's, and nothing is owed for them: else they would go on for
ever.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.jamf_event import JamfEvent
from tasks.actions.read_jamf import ReadJamf, What
from tasks.owing import Owed
from tasks.setup import Setup

__all__ = ["JamfLookup", "What", "is_own_call", "owed_lookup"]

WINDOWS = {"computer": 30, "mobile_device": 30, "policy": 21_600, "version": 60}
"""Seconds of which all events share one read. Names of policies hardly change, and are listed by every reconcile."""

AFTERWARDS = {"computer": 30.0, "mobile_device": 30.0, "policy": 0.0, "version": 20.0}
"""Seconds between the first of them and that read: by then the window is over, and every node has what was written."""

_NUMBER = re.compile("[0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JamfLookup:
    """A record (``what`` and its number), a policy's name, or the server's version, because of an event then.

    ``jamf_id`` is empty for the version.
    """

    sender: str
    what: What
    jamf_id: str
    at: datetime


def owed_lookup(lookup: JamfLookup, setup: Setup) -> Iterator[Owed]:
    """Nothing, where nobody wants its Jamf Pro to be read, or for what is no number."""
    named = lookup.what == "version" or _NUMBER.fullmatch(lookup.jamf_id)
    if not named or lookup.sender not in setup.jamf_enriched:
        return
    window = int(lookup.at.timestamp()) // WINDOWS[lookup.what]
    yield Owed(
        action=ReadJamf(sender=lookup.sender, what=lookup.what, jamf_id=lookup.jamf_id),
        key=f"read_jamf:{lookup.sender}:{lookup.what}:{lookup.jamf_id}:{window}",
        after=AFTERWARDS[lookup.what],
    )


def is_own_call(event: object, setup: Setup) -> bool:
    """Whether it tells of a request of ours, by the name under which we log in there."""
    if not isinstance(event, JamfEvent) or event.topic != "RestAPIOperation":
        return False
    ours = setup.jamf_accounts.get(event.sender)
    return ours is not None and (event.text("authorizedUsername") or "").casefold() == ours.casefold()
