"""Drains one inbox: take the lease, process the head, commit, delete, again; leave when empty or after a second."""

import traceback
from collections.abc import Sequence
from hashlib import sha256

import structlog

from config.contract import kind_of_inbox
from config.inbox import Batch, Entry, Lease, LeaseLost
from config.reporting import report_error
from domain.envelope import Envelope
from state.engine import is_database_trouble
from tasks.process import bury, process
from tasks.services import Services

log = structlog.get_logger()

SLICE = 1.0
"""Seconds after which a drain makes room for other inboxes and sends itself the next wake."""

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
        while services.monotonic() < until:
            batch = lease.begin()
            if batch is None:
                if lease.sleep():
                    return "asleep"
            elif not _work(lease, batch, services):
                lease.leave(forgive=True)
                return "database"
    except LeaseLost:
        log.warning("lease_lost", inbox=inbox)
        return "lost"
    lease.leave()
    services.wake(inbox)
    return "yielded"


def _work(lease: Lease, batch: Batch, services: Services) -> bool:
    """One try at a batch. False when the database is in trouble: nobody's fault, to be tried later."""
    if batch.tries > MOST_TRIES:
        return _bury(lease, batch, f"processing it ended its worker {batch.tries - 1} times", services)
    try:
        process(_read(lease.inbox, batch.entries, services), services)
    except Exception as exc:  # noqa: BLE001 - whatever a handler raises is recorded with the event
        return _failed(lease, batch, exc, services)
    lease.commit(batch)
    log.info("batch_processed", inbox=lease.inbox, events=len(batch.entries), tries=batch.tries)
    return True


def _failed(lease: Lease, batch: Batch, exc: Exception, services: Services) -> bool:
    if is_database_trouble(exc):
        log.warning("database_in_trouble", inbox=lease.inbox, error=type(exc).__name__)
        return False
    log.warning(
        "batch_failed", inbox=lease.inbox, events=len(batch.entries), tries=batch.tries, error=type(exc).__name__
    )
    if batch.tries < MOST_TRIES:
        return True
    return _bury(lease, batch, "".join(traceback.format_exception(exc, limit=-20)), services, exc)


def _bury(lease: Lease, batch: Batch, error: str, services: Services, exc: Exception | None = None) -> bool:
    """Only ever one entry: after a failed batch, entries are tried one by one."""
    unread = batch.tries > MOST_TRIES + 1  # reading it to bury it went wrong as well
    for envelope in _read(lease.inbox, batch.entries, services):
        try:
            identifier = bury(envelope, error, services, unread=unread)
        except Exception as trouble:
            if not is_database_trouble(trouble):
                raise
            return False
        _report(envelope, identifier, exc or f"event buried: {error}")
    lease.commit(batch)
    return True


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
