"""A batch of envelopes becomes rows, in one transaction: identities, redacted bodies, device state, counts."""

import math
from collections.abc import Iterable, Iterator, Sequence

from domain.envelope import Envelope
from domain.kinds import TYPES
from state.unit_of_work import Claim, Delivery, UnitOfWork, unit_of_work
from tasks.installing import decide_installs
from tasks.jamf_lookup import JamfLookup, is_own_call, owed_lookup
from tasks.notice import Notice, owed_for
from tasks.owing import Owed
from tasks.reach import reach_of
from tasks.registry import handlers_of
from tasks.services import Services, new_id
from tasks.setup import Setup
from tasks.story import Story, read_story, unread_story

HEAVY = 512 * 1024
"""Bytes of what may name very many in one transaction: some 5 000 licences, or 50 000 members of a group."""

_SHARES = {"micromdm": 0.5, "nanomdm": 0.5}
"""What a byte of others weighs: 1 MiB of what devices have are up to 6 000 apps, read and written in a second."""

PROCESSED, QUARANTINED, BURIED = "processed", "quarantined", "buried"


def process(envelopes: Sequence[Envelope], services: Services, *, until: float = math.inf) -> int:
    """Record, decode, decide, store, in one transaction, or a few where much is said. Safe to do twice.

    How many of the envelopes, from the first on, are done: those of one transaction at least, and no other is begun
    after ``until`` (monotonic).
    Raises: what a handler or the database raises; the caller decides whether the events are to blame.
    """
    done = 0
    for portion in _portions(envelopes):
        if done and services.monotonic() >= until:
            break
        _process(portion, services)
        done += len(portion)
    return done


def _portions(envelopes: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """Cut where the rows of one transaction become too many: others wait for the same locks."""
    portion: list[Envelope] = []
    weight = 0.0
    for envelope in envelopes:
        own = len(envelope.body) * _SHARES.get(envelope.kind, 1.0)
        if portion and weight + own > HEAVY:
            yield portion
            portion, weight = [], 0.0
        portion.append(envelope)
        weight += own
    yield portion


def _process(envelopes: Sequence[Envelope], services: Services) -> None:
    with unit_of_work(services.engine, services.now()) as uow:
        fresh = _first_seen(envelopes, uow)
        stories = [read_story(envelope, services.fingerprint) for envelope in fresh]
        _flag_repeated_ids(stories, uow)
        reach = reach_of(stories)
        reach.prepare(uow)
        for story in stories:
            story.id = story.envelope.replay_of or new_id(uow.now)
            _decide(story, uow, services.setup)
            _store(story, uow)
        uow.flush_facts()
        for owed in decide_installs(uow, services.setup, reach.serial_keys(uow), reach.adam_ids):
            uow.owe(owed.record(uow.now))
    services.wake_deliverers({action.destination for action in uow.owed if action.not_before <= uow.now})


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


def _decide(story: Story, uow: UnitOfWork, setup: Setup) -> None:
    event = story.event
    if event is None or not event.usable:
        return
    uow.event_id = story.id
    for handler in handlers_of(event.topic):
        for decision in handler(event, uow) or ():
            for owed in () if is_own_call(event, setup) else _owed(decision, setup):
                uow.owe(owed.record(uow.now))


def _owed(decision: Owed | Notice | JamfLookup, setup: Setup) -> Iterable[Owed]:
    if isinstance(decision, Notice):
        return owed_for(decision, setup)
    return owed_lookup(decision, setup) if isinstance(decision, JamfLookup) else (decision,)


def _store(story: Story, uow: UnitOfWork) -> None:
    envelope, event = story.envelope, story.device_event
    status = PROCESSED if story.document is not None else QUARANTINED
    if envelope.replay_of is None and event is not None and event.is_idle:
        _count(envelope, "idle", uow)
        return
    write_event(story, status, uow)
    _count(envelope, "replayed" if envelope.replay_of else status, uow)


def write_event(story: Story, status: str, uow: UnitOfWork) -> None:
    """A new row, or for a replay the new outcome of the stored one."""
    outcome = {**story.columns(), "status": status, "processed_at": uow.now}
    if story.envelope.replay_of:
        uow.settle_event(story.envelope.replay_of, outcome)
    else:
        uow.add_event({"id": story.id, **story.arrival_columns(), **outcome}, story.kept_body)


def bury(envelope: Envelope, error: str, services: Services, *, unread: bool = False) -> str | None:
    """Keep an event that cannot be processed, with the reason, out of the way of the others; the id of its row.

    With ``unread`` its body is not even looked at, and therefore, as it may hold secrets, not kept. Safe to do twice;
    None when it was done before.
    """
    with unit_of_work(services.engine, services.now()) as uow:
        for buried in _first_seen([envelope], uow):
            story = unread_story(buried) if unread else read_story(buried, services.fingerprint)
            story.error = error
            story.id = buried.replay_of or new_id(uow.now)
            _count(buried, BURIED, uow)
            write_event(story, BURIED, uow)
            return story.id
    return None


def _count(envelope: Envelope, outcome: str, uow: UnitOfWork) -> None:
    """Counted by the types we know: what senders make up must not become a label of its own."""
    name = envelope.type if envelope.type in TYPES[envelope.kind] else "unknown"
    uow.count(envelope.kind, name if envelope.type else "quarantine", outcome)
