"""Sample events of every type there is, to try a sender with: new each time, about a device that stays the same."""

import json
from datetime import datetime

from config.contract import UNKNOWN
from console.samples.apple import apple_event
from console.samples.jamf import jamf_event
from console.samples.mdm import micromdm_event, nanomdm_event
from console.samples.subject import Subject
from domain.errors import BadQuery
from domain.kinds import TYPES

_BUILDERS = {
    "micromdm": micromdm_event,
    "nanomdm": nanomdm_event,
    "apps-and-books": apple_event,
    "jamf": jamf_event,
}
_TOMORROW = {
    "micromdm": "mdm.SampleOfTomorrow",
    "nanomdm": "mdm.SampleOfTomorrow",
    "apps-and-books": "SAMPLE_OF_TOMORROW",
    "jamf": "SampleOfTomorrow",
}


def type_named(kind: str, name: str) -> str:
    """The vendor's word for what people typed: `tokenupdate` is `mdm.TokenUpdate`; `unknown` one that nobody knows.

    Raises: BadQuery, with the types there are.
    """
    if name.lower() == UNKNOWN:
        return _TOMORROW[kind]
    for known in TYPES[kind]:
        if name.lower() in (known.lower(), known.lower().removeprefix("mdm.")):
            return known
    raise BadQuery(f"{kind} has no event type {name!r}; there are {', '.join(TYPES[kind])}, and {UNKNOWN}")


def sample(kind: str, event_type: str, *, sender: str, at: datetime) -> bytes:
    """The body of a new event, as its vendor writes it. ``event_type`` is the vendor's word, known or not."""
    document = _BUILDERS[kind](event_type, Subject.of(sender, at))
    return json.dumps(document, indent=2, ensure_ascii=False).encode()
