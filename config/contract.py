"""What the front door and the workers agree on: kinds of sender, their event types, inboxes, tasks and queues.

One table makes everything: a type listed here has an inbox, a Celery task of its own name and a queue. A type that is
not listed shares the inbox `<kind>.unknown`; what is no event at all goes to `<kind>.quarantine`.
"""

from collections.abc import Iterator

from domain.kinds import KINDS, TYPES

UNKNOWN = "unknown"
QUARANTINE = "quarantine"

HOUSEKEEPING = "housekeeping"
"""Queue of the beat jobs."""

EFFECTS = "effects"
"""Queue of everything that reaches out: deliveries, and reads of other servers."""

DELIVER = "effects.deliver"
"""Task that delivers what is owed to one destination."""

_NOISY = {"mdm.Connect": "connects", "ComputerCheckIn": "jamf-checkins", "MobileDeviceCheckIn": "jamf-checkins"}
_QUEUE_OF_KIND = {"micromdm": "checkins", "nanomdm": "checkins", "apps-and-books": "apple", "jamf": "jamf"}


def task_of(kind: str, event_type: str) -> str:
    """The Celery task of a type, `micromdm.TokenUpdate` for (`micromdm`, `mdm.TokenUpdate`)."""
    return f"{kind.replace('-', '_')}.{event_type.removeprefix('mdm.')}"


def inbox_of(kind: str, event_type: str) -> str:
    """The inbox of a type: its task's name and the shard, always `:0` so far."""
    known = event_type in TYPES[kind] or event_type == QUARANTINE
    return f"{task_of(kind, event_type if known else UNKNOWN)}:0"


def task_of_inbox(inbox: str) -> str:
    return inbox.partition(":")[0]


def kind_of_inbox(inbox: str) -> str:
    """The kind of sender whose events an inbox holds."""
    return inbox.partition(".")[0].replace("_", "-")


def _queue_of(kind: str, event_type: str) -> str:
    if event_type in (UNKNOWN, QUARANTINE):
        return "odd"
    return _NOISY.get(event_type, _QUEUE_OF_KIND[kind])


def _rows() -> Iterator[tuple[str, str]]:
    for kind, types in TYPES.items():
        for event_type in (*types, UNKNOWN, QUARANTINE):
            yield kind, event_type


ROUTES: dict[str, str] = {task_of(kind, event_type): _queue_of(kind, event_type) for kind, event_type in _rows()}
"""Task name → queue. Noisy types have queues of their own, so that Monday's check-ins delay no enrolment."""

INBOXES: tuple[str, ...] = tuple(
    inbox_of(kind, event_type) for kind, event_type in _rows() if event_type != UNKNOWN
) + tuple(f"{task_of(kind, UNKNOWN)}:0" for kind in KINDS)
"""Every inbox there is; the sweep and the metrics walk it."""

EVENT_QUEUES: tuple[str, ...] = tuple(dict.fromkeys(ROUTES.values()))
