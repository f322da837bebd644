"""Drains one inbox: take the lease, process the head, commit, delete, again; leave when empty or after a second."""

import traceback
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import structlog

from config.contract import kind_of_inbox
from config.inbox import Batch, Entry, Lease, LeaseLost
from config.reporting import report_error
from domain.envelope import Envelope
from state.engine import is_database_trouble, is_too_long
from tasks.process import bury, process
from tasks.services import Services

log = structlog.get_logger()

SLICE = 1.0
"""Seconds after which a drain makes room for other inboxes and sends itself the next wake."""

FEW, LINGER = 200, 0.05
"""With fewer entries than that in its inbox, a drain lets that many seconds pass between the beginnings of two batches:
a batch costs about as much as ten events in it. A pause that an inbox just woken does not see."""

ENOUGH = 5.0
"""Seconds after which a batch begins no further transaction: what is done is taken out of the inbox, and what is left
is the next batch. So a task takes this, its slice and one transaction, far below its time limit, however much is sent.
"""

MOST_TRIES = 3
"""Failed tries after which an event is buried, the one in its batch included."""


def drain(inbox: str, services: Services) -> str:
    """Work on ``inbox`` and say why it ended: `busy` (somebody else has it), `asleep`, `yielded`, `lost` or `database`.

    Raises: redis.exceptions.RedisError; the lease then runs out by itself and the sweep finds the inbox.
    """
    lease = services.inboxes.take(inbox)
    if lease is None:
        return "busy"
    until = services.monotonic() + SLICE
    try:
        while (now := services.monotonic()) < until:
            batch = lease.begin()
            left = _work(lease, batch, services, now + ENOUGH) if batch is not None else 0
            if left is None:
                lease.leave(forgive=True)
                return "database"
            if left == 0 and lease.sleep():
                return "asleep"
            if left < FEW:
                services.pause(max(0.0, now + LINGER - services.monotonic()))
    except LeaseLost:
        log.warning("lease_lost", inbox=inbox)
        return "lost"
    lease.leave()
    services.wake(inbox)
    return "yielded"


def _work(lease: Lease, batch: Batch, services: Services, until: float) -> int | None:
    """One try at a batch: how many entries are left then. None when the database is in trouble, to be tried later."""
    if batch.tries > MOST_TRIES:
        return _bury(lease, batch, f"processing it ended its worker {batch.tries - 1} times", services)
    try:
        done = process(_read(lease.inbox, batch.entries, services), services, until=until)
    except Exception as exc:  # noqa: BLE001 - whatever a handler raises is recorded with the event
        return _failed(lease, batch, exc, services)
    log.info("batch_processed", inbox=lease.inbox, events=done, tries=batch.tries)
    return lease.commit(replace(batch, entries=batch.entries[:done]))


def _failed(lease: Lease, batch: Batch, exc: Exception, services: Services) -> int | None:
    if is_database_trouble(exc) and not is_too_long(exc):
        log.warning("database_in_trouble", inbox=lease.inbox, error=type(exc).__name__)
        return None
    log.warning(
        "batch_failed", inbox=lease.inbox, events=len(batch.entries), tries=batch.tries, error=type(exc).__name__
    )
    if batch.tries < MOST_TRIES:
        return len(batch.entries)
    return _bury(lease, batch, "".join(traceback.format_exception(exc, limit=-20)), services, exc)


def _bury(lease: Lease, batch: Batch, error: str, services: Services, exc: Exception | None = None) -> int | None:
    """Only ever one entry: after a failed batch, entries are tried one by one."""
    unread = batch.tries > MOST_TRIES + 1  # reading it to bury it went wrong as well
    for envelope in _read(lease.inbox, batch.entries, services):
        try:
            identifier = bury(envelope, error, services, unread=unread)
        except Exception as trouble:
            if not is_database_trouble(trouble):
                raise
            return None
        _report(envelope, identifier, exc or f"event buried: {error}")
    return lease.commit(batch)


def _report(envelope: Envelope, identifier: str | None, problem: Exception | str) -> None:
    """Tell people, by log and Sentry, that an event was buried, and the id that `windfall events show` takes."""
    facts = {"event_id": identifier, "kind": envelope.kind, "type": envelope.type, "sender": envelope.sender}
    log.error("event_buried", **facts)
    report_error(problem, **facts)


def _read(inbox: str, entries: Sequence[Entry], services: Services) -> list[Envelope]:
    return [_envelope(inbox, entry, services) for entry in entries]


def _envelope(inbox: str, entry: Entry, services: Services) -> Envelope:
    """What we did not write ourselves is kept as quarantined, under the digest of its bytes."""
    try:
        return Envelope.read(entry.head, entry.body)
    except (ValueError, KeyError, TypeError) as exc:
        return Envelope(
            delivery_id=entry.id[:32],
            sender="unknown",
            kind=kind_of_inbox(inbox),
            type="",
            key=sha256(entry.head + entry.body).hexdigest(),
            received_at=services.now(),
            body=entry.body,
            error=f"its envelope cannot be read: {exc}",
        )
