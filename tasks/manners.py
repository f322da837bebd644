"""How destinations want to be treated: how many hands, how fast, how much at once."""

from dataclasses import dataclass

from domain.server_url import same_server
from tasks.setup import Setup

CLAIM = 240.0
"""Seconds for which an action is claimed: far above the time after which none is begun, and what it may then take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """``slots`` hands, each claiming up to ``claim`` actions at once, ``interval`` seconds between two of them.

    For ``gather`` seconds actions that can go out together are waited for.
    """

    slots: int
    claim: int
    interval: float = 0.0
    gather: float = 0.0


MANNERS = {
    "mail": Manner(slots=2, claim=5, interval=0.1),
    # One a second. Source: https://docs.slack.dev/apis/web-api/rate-limits (checked 2026-11)
    "chat": Manner(slots=1, claim=5, interval=1.0),
    "micromdm": Manner(slots=4, claim=40, interval=0.02),
    # One call reaches many devices.
    "nanomdm": Manner(slots=2, claim=1000, gather=1.0),
    # Five connections at most, one of which is for reading all records (tasks.jamf_reconcile).
    # Source: https://developer.jamf.com/developer-guide/docs/jamf-pro-api-scalability-best-practices (checked 2026-11)
    "jamf": Manner(slots=4, claim=20),
}


def manner_of(destination: str, setup: Setup) -> Manner:
    """That of its kind; a sender whose server nobody named any more is treated like the most careful."""
    if destination.startswith("jamf:"):
        return MANNERS["jamf"]
    sender = destination.removeprefix("mdm:")
    return MANNERS[destination if destination in MANNERS else setup.mdm_servers.get(sender, "micromdm")]


def slots_of(destination: str, setup: Setup) -> str:
    """The name of its slots. Senders of one Jamf Pro share them: it counts connections, whoever makes them."""
    url = setup.jamf_urls.get(destination.removeprefix("jamf:")) if destination.startswith("jamf:") else None
    return f"jamf:{same_server(url)}" if url else destination
