"""Inboxes: Redis streams with one leased drainer each. The law of intake is here and in `inbox_scripts`.

A sender's event is appended and answered 200. A drainer takes the inbox's lease, reads the head, commits to SQL,
deletes what it read, and starts over; a successor simply starts at the head. Going to sleep is one script, because
looking at the stream and dropping the wake in two steps strands what arrives in between. A wake is a hint: losing one
costs a sweep.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from redis.exceptions import OutOfMemoryError

from config import inbox_scripts

LEASE_MS = 30_000
"""A drainer that is silent for this long may be succeeded; renewed with every batch."""

MAX_ENTRIES = 500
MAX_BYTES = 8 * 1024 * 1024
"""The head of an inbox that one transaction takes: at most this many entries and bytes, at least one entry."""

FULL = 0.9
"""Of `maxmemory`; with more than that in use, events go to the spool."""

_PREFIX = "windfall"


class _Script(Protocol):
    def __call__(self, keys: Sequence[str], args: Sequence[bytes | str | int] = ..., client: Any = ...) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stored delivery: the stream's ``id``, and the envelope's ``head`` and ``body`` as they were appended."""

    id: str
    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The head of an inbox. ``tries`` counts this try; ``careful`` means one by one, after a batch that went wrong."""

    entries: tuple[Entry, ...]
    tries: int
    careful: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxState:
    """How an inbox stands. ``oldest_age`` is in seconds, None when it is empty."""

    inbox: str
    length: int
    oldest_age: float | None
    leased: bool


class LeaseLost(Exception):
    """Somebody else drains this inbox now; whatever we read will be found by them."""


def _stream(inbox: str) -> str:
    return f"{_PREFIX}:inbox:{inbox}"


def _wake(inbox: str) -> str:
    return f"{_PREFIX}:wake:{inbox}"


def _lease(inbox: str) -> str:
    return f"{_PREFIX}:lease:{inbox}"


def _care(inbox: str) -> str:
    return f"{_PREFIX}:care:{inbox}"


class Inboxes:
    """All inboxes of one Redis. Every method raises redis.exceptions.RedisError when Redis does not do its part."""

    def __init__(self, client: Any) -> None:
        self._redis = client
        self._append: _Script = client.register_script(inbox_scripts.APPEND)
        self._begin: _Script = client.register_script(inbox_scripts.BEGIN)
        self._commit: _Script = client.register_script(inbox_scripts.COMMIT)
        self._sleep: _Script = client.register_script(inbox_scripts.SLEEP)
        self._leave: _Script = client.register_script(inbox_scripts.LEAVE)
        self._take: _Script = client.register_script(inbox_scripts.TAKE)
        self._states: _Script = client.register_script(inbox_scripts.STATES)

    def append(self, inbox: str, head: bytes, body: bytes) -> bool:
        """Store one envelope; True when the inbox slept, so that its drainer is to be woken by the caller."""
        return bool(self.append_many([(inbox, head, body)]))

    def append_many(self, envelopes: Sequence[tuple[str, bytes, bytes]]) -> set[str]:
        """Store (inbox, head, body) triples, all or none, in one step; the inboxes to be woken by the caller."""
        keys = [key for inbox, _, _ in envelopes for key in (_stream(inbox), _wake(inbox))]
        args = [part for _, head, body in envelopes for part in (head, body)]
        slept = self._append(keys=keys, args=args)
        return {inbox for (inbox, _, _), due in zip(envelopes, slept, strict=True) if due}

    def take(self, inbox: str) -> "Lease | None":
        """The right to drain ``inbox``, or None when somebody has it."""
        token = secrets.token_hex(8)
        if self._take(keys=[_lease(inbox)], args=[token, LEASE_MS]):
            return Lease(self, inbox, token)
        return None

    def states(self, inboxes: Sequence[str]) -> list[InboxState]:
        keys = [key for inbox in inboxes for key in (_stream(inbox), _lease(inbox))]
        return [
            InboxState(inbox=inbox, length=length, oldest_age=None if age < 0 else age / 1000, leased=bool(leased))
            for inbox, (length, age, leased) in zip(inboxes, self._states(keys=keys), strict=True)
        ]

    def probe(self) -> None:
        """One write that means nothing: a Redis that is full or a replica answers reads and refuses this.

        Raises: RedisError also when Redis is nearly full: what is left is for leases and wakes, without which nobody
        could make room.
        """
        self._redis.set(f"{_PREFIX}:probe", "1", ex=60)
        memory = self._redis.info("memory")
        if memory["maxmemory"] and memory["used_memory"] > FULL * memory["maxmemory"]:
            raise OutOfMemoryError(f"{memory['used_memory']} of {memory['maxmemory']} bytes are used")

    def mark_swept(self, at: datetime) -> None:
        """Note that beat, a worker and Redis work together; see `swept_at`."""
        self._redis.set(f"{_PREFIX}:swept_at", at.isoformat())

    def swept_at(self) -> datetime | None:
        """The time of the last sweep, None before the first."""
        text = self._redis.get(f"{_PREFIX}:swept_at")
        return datetime.fromisoformat(text.decode()) if text else None

    def peek(self, inbox: str, *, limit: int) -> list[Entry]:
        """The oldest entries, for people to look at; changes nothing."""
        return _entries(self._redis.xrange(_stream(inbox), count=limit))


class Lease:
    """One drainer's hold on an inbox."""

    def __init__(self, inboxes: Inboxes, inbox: str, token: str) -> None:
        self._inboxes = inboxes
        self.inbox = inbox
        self._token = token

    def begin(self, *, max_entries: int = MAX_ENTRIES) -> Batch | None:
        """The head of the inbox, None when it is empty; renews the lease and counts the try before it is made.

        Raises: LeaseLost.
        """
        answer = self._inboxes._begin(  # noqa: SLF001 - the two classes are one law
            keys=[_stream(self.inbox), _lease(self.inbox), _care(self.inbox)],
            args=[self._token, LEASE_MS, max_entries, MAX_BYTES],
        )
        if answer[0] < 0:
            raise LeaseLost(self.inbox)
        if answer[0] == 0:
            return None
        _, tries, careful, rows = answer
        return Batch(entries=tuple(_script_entries(rows)), tries=tries, careful=bool(careful))

    def commit(self, batch: Batch) -> int:
        """Delete what SQL has now, and say how many entries are left; safe to do twice, and without the lease."""
        left: int = self._inboxes._commit(  # noqa: SLF001
            keys=[_stream(self.inbox), _care(self.inbox)],
            args=[int(batch.careful), *(entry.id for entry in batch.entries)],
        )
        return left

    def sleep(self) -> bool:
        """Go to sleep if the inbox is empty, in one step; False when there is more to do."""
        keys = [_stream(self.inbox), _wake(self.inbox), _lease(self.inbox)]
        return bool(self._inboxes._sleep(keys=keys, args=[self._token]))  # noqa: SLF001

    def leave(self, *, forgive: bool = False) -> None:
        """Let somebody else go on. With ``forgive`` the try does not count: it was not the events' fault."""
        self._inboxes._leave(keys=[_lease(self.inbox), _care(self.inbox)], args=[self._token, int(forgive)])  # noqa: SLF001


def _script_entries(rows: Sequence[Any]) -> list[Entry]:
    return [_entry(identifier, dict(zip(fields[::2], fields[1::2], strict=True))) for identifier, fields in rows]


def _entries(rows: Sequence[Any]) -> list[Entry]:
    return [_entry(identifier, fields) for identifier, fields in rows]


def _entry(identifier: bytes, fields: dict[bytes, bytes]) -> Entry:
    return Entry(id=identifier.decode(), head=fields.get(b"h", b""), body=fields.get(b"b", b""))
