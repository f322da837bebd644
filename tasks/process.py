"""A batch of envelopes becomes rows, in one transaction: identities, redacted bodies, device state, counts."""

from collections.abc import Sequence

from domain.envelope import Envelope
from domain.kinds import TYPES
from state.unit_of_work import Claim, Delivery, UnitOfWork, unit_of_work
from tasks.registry import handlers_of
from tasks.services import Services, new_id
from tasks.story import Story, read_story, unread_story

PROCESSED, QUARANTINED, BURIED = "processed", "quarantined", "buried"


def process(envelopes: Sequence[Envelope], services: Services) -> None:
    """Record, decode, decide, store: all of it or nothing. Safe to do twice.

    Raises: what a handler or the database raises; the caller decides whether the events are to blame.
    """
    with unit_of_work(services.engine) as uow:
        fresh = _first_seen(envelopes, uow)
        stories = [read_story(envelope, services.fingerprint) for envelope in fresh]
        _flag_repeated_ids(stories, uow)
        _lock(stories, uow)
        for story in stories:
            _decide(story, uow)
            _store(story, uow, services)


def _first_seen(envelopes: Sequence[Envelope], uow: UnitOfWork) -> list[Envelope]:
    """Without the events that were seen before; replays were, and are asked for."""
    new = [envelope for envelope in envelopes if envelope.replay_of is None]
    fresh = [envelope for envelope in envelopes if envelope.replay_of is not None]
    for envelope, claim in zip(new, uow.claim([_delivery(e) for e in new]), strict=True):
        if claim is Claim.FIRST:
            fresh.append(envelope)
        elif claim is Claim.AGAIN:
            _count(envelope, "duplicate", uow)
    return fresh


def _delivery(envelope: Envelope) -> Delivery:
    return Delivery(
        key=bytes.fromhex(envelope.key),
        also=bytes.fromhex(envelope.also) if envelope.also else None,
        delivery_id=envelope.delivery_id,
        received_at=envelope.received_at,
    )


def _flag_repeated_ids(stories: Sequence[Story], uow: UnitOfWork) -> None:
    """Apple's own samples use one notificationId for two contents: both count, and the later one is flagged."""
    apple = [s for s in stories if s.envelope.kind == "apps-and-books" and s.event_id and not s.envelope.replay_of]
    known = uow.same_event_id("apps-and-books", {s.event_id for s in apple if s.event_id})
    for story in apple:
        if story.event_id in known:
            story.flags.append("same_id_other_content")
        known.add(story.event_id or "")


def _lock(stories: Sequence[Story], uow: UnitOfWork) -> None:
    usable = [s.device_event for s in stories if s.device_event is not None and s.device_event.usable]
    uow.devices.lock({e.device_id: None for e in usable if e.device_id})
    uow.user_channels.lock({e.channel_id: e.device_id for e in usable if e.channel_id})


def _decide(story: Story, uow: UnitOfWork) -> None:
    event = story.device_event
    if event is not None and event.usable:
        for handler in handlers_of(event.topic):
            handler(event, uow)


def _store(story: Story, uow: UnitOfWork, services: Services) -> None:
    envelope, event = story.envelope, story.device_event
    status = PROCESSED if story.document is not None else QUARANTINED
    if envelope.replay_of is None and event is not None and event.is_idle:
        _count(envelope, "idle", uow)
        return
    write_event(story, status, uow, services)
    _count(envelope, "replayed" if envelope.replay_of else status, uow)


def write_event(story: Story, status: str, uow: UnitOfWork, services: Services) -> str:
    """A new row, or for a replay the new outcome of the stored one; its id."""
    outcome = {**story.columns(), "status": status, "processed_at": services.now()}
    if story.envelope.replay_of:
        uow.settle_event(story.envelope.replay_of, outcome)
        return story.envelope.replay_of
    identifier = new_id(services.now())
    uow.add_event({"id": identifier, **story.arrival_columns(), **outcome}, story.kept_body)
    return identifier


def bury(envelope: Envelope, error: str, services: Services, *, unread: bool = False) -> str | None:
    """Keep an event that cannot be processed, with the reason, out of the way of the others; the id of its row.

    With ``unread`` its body is not even looked at, and therefore, as it may hold secrets, not kept. Safe to do twice;
    None when it was done before.
    """
    with unit_of_work(services.engine) as uow:
        for buried in _first_seen([envelope], uow):
            story = unread_story(buried) if unread else read_story(buried, services.fingerprint)
            story.error = error
            _count(buried, BURIED, uow)
            return write_event(story, BURIED, uow, services)
    return None


def _count(envelope: Envelope, outcome: str, uow: UnitOfWork) -> None:
    """Counted by the types we know: what senders make up must not become a label of its own."""
    name = envelope.type if envelope.type in TYPES[envelope.kind] else "unknown"
    uow.count(envelope.kind, name if envelope.type else "quarantine", outcome)
