"""Run the handlers on a stored event once more: it goes through its inbox as the first time, under its own id."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from config.contract import QUARANTINE, inbox_of
from config.inbox import Inboxes
from domain.envelope import Envelope
from domain.errors import CannotReplay
from state.queries import Engine
from state.queries.events import StoredEvent, stored_event
from tasks.story import UNREADABLE_AS_RECEIVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayer:
    """``wake`` tells the workers that an inbox has mail."""

    engine: Engine
    inboxes: Inboxes
    wake: Callable[[str], None]

    def replay(self, identifier: str) -> str | None:
        """Put a stored event into its inbox and say which; None when there is no such event.

        What it applied the first time stays applied once. Raises: CannotReplay, DatabaseAway;
        redis.exceptions.RedisError, and then it may be in the inbox or not: asking again does no harm.
        """
        event = stored_event(self.engine, identifier)
        if event is None:
            return None
        envelope = _envelope(event)
        inbox = inbox_of(event.kind, envelope.type or QUARANTINE)
        if self.inboxes.append(inbox, envelope.head(), envelope.body):
            self.wake(inbox)
        return inbox


def _envelope(event: StoredEvent) -> Envelope:
    """What was quarantined has no type yet: it is classified anew, by what this version knows."""
    if event.body is None:
        raise CannotReplay(f"event {event.id} cannot be replayed: its body was deleted when it grew old, or never kept")
    if UNREADABLE_AS_RECEIVED in event.flags:
        raise CannotReplay(
            f"event {event.id} cannot be replayed: as it was received nobody could read it ({event.error}), "
            "and what is left without its secrets is nothing that anybody sent"
        )
    unnamed = event.type == QUARANTINE or event.status == "quarantined"
    return Envelope(
        delivery_id=uuid.uuid4().hex,
        replay_of=event.id,
        sender=event.sender,
        kind=event.kind,
        type="" if unnamed else event.type,
        key=bytes(event.key).hex(),
        received_at=event.received_at,
        content_type=event.content_type,
        remote_addr=event.remote_addr,
        body=bytes(event.body),
    )
