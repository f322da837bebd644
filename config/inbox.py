"""Inboxes: Redis streams with one leased drainer each. The law of intake is in these scripts, and nowhere else.

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

LEASE_MS = 30_000
"""A drainer that is silent for this long may be succeeded; renewed with every batch."""

MAX_ENTRIES = 500
MAX_BYTES = 8 * 1024 * 1024
"""The head of an inbox that one transaction takes: at most this many entries and bytes, at least one entry."""

_PREFIX = "windfall"

# KEYS stream wake ...; ARGV head body ... -> per envelope: 1 when its inbox slept
_APPEND = """
local slept = {}
for i = 1, #KEYS, 2 do
  redis.call('XADD', KEYS[i], '*', 'h', ARGV[i], 'b', ARGV[i + 1])
  slept[#slept + 1] = redis.call('SET', KEYS[i + 1], '1', 'NX') and 1 or 0
end
return slept
"""

# KEYS stream lease care; ARGV token lease_ms max_entries max_bytes. -> {-1} not ours | {0} empty | {1, tries, entries}
# `care` remembers what is being tried, written before it is tried, because a killed process raises nothing:
# `head` and `tries` of the first entry, `until` the last entry of a batch that did not end well. Up to there, entries
# are tried one by one, and the batch counts as the first try of each.
_BEGIN = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {-1} end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local function before(a, b)
  local am, as = string.match(a, '(%d+)-(%d+)')
  local bm, bs = string.match(b, '(%d+)-(%d+)')
  am, as, bm, bs = tonumber(am), tonumber(as), tonumber(bm), tonumber(bs)
  return am < bm or (am == bm and as <= bs)
end
local care = redis.call('HMGET', KEYS[3], 'head', 'tries', 'until')
local limit, budget = tonumber(ARGV[3]), tonumber(ARGV[4])
local entries, bytes, from, careful, tries = {}, 0, '-', false, 1
while #entries < limit and bytes < budget do
  local chunk = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', math.min(16, limit - #entries))
  if #chunk == 0 then break end
  if #entries == 0 and care[3] and before(chunk[1][1], care[3]) then
    careful, limit, tries = true, 1, 2
    if care[1] == chunk[1][1] then tries = tonumber(care[2]) + 1 end
  end
  for _, entry in ipairs(chunk) do
    local size = 0
    for i = 2, #entry[2], 2 do size = size + #entry[2][i] end
    if #entries >= limit or (#entries > 0 and bytes + size > budget) then bytes = budget break end
    entries[#entries + 1] = entry
    bytes = bytes + size
    from = '(' .. entry[1]
  end
end
if #entries == 0 then redis.call('DEL', KEYS[3]) return {0} end
redis.call('HSET', KEYS[3], 'head', entries[1][1], 'tries', tries)
if not careful then redis.call('HSET', KEYS[3], 'until', entries[#entries][1]) end
return {1, tries, careful and 1 or 0, entries}
"""

# KEYS stream care; ARGV careful id...
_COMMIT = """
for i = 2, #ARGV do redis.call('XDEL', KEYS[1], ARGV[i]) end
if ARGV[1] == '0' then redis.call('DEL', KEYS[2]) end
return redis.call('XLEN', KEYS[1])
"""

# KEYS stream wake lease; ARGV token. Only an empty inbox goes to sleep.
_SLEEP = """
if redis.call('XLEN', KEYS[1]) > 0 then return 0 end
redis.call('DEL', KEYS[2])
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
return 1
"""

# KEYS lease care; ARGV token forgive
_LEAVE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if ARGV[2] == '1' then redis.call('DEL', KEYS[2]) end
return 1
"""

# KEYS stream lease ... -> length, milliseconds since the oldest entry arrived (-1 when empty), leased
_STATES = """
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local out = {}
for i = 1, #KEYS, 2 do
  local first = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)
  local age = -1
  if #first > 0 then age = math.max(0, at - tonumber(string.match(first[1][1], '(%d+)-'))) end
  out[#out + 1] = {redis.call('XLEN', KEYS[i]), age, redis.call('EXISTS', KEYS[i + 1])}
end
return out
"""


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
        self._append: _Script = client.register_script(_APPEND)
        self._begin: _Script = client.register_script(_BEGIN)
        self._commit: _Script = client.register_script(_COMMIT)
        self._sleep: _Script = client.register_script(_SLEEP)
        self._leave: _Script = client.register_script(_LEAVE)
        self._states: _Script = client.register_script(_STATES)

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
        if self._redis.set(_lease(inbox), token, nx=True, px=LEASE_MS):
            return Lease(self, inbox, token)
        return None

    def states(self, inboxes: Sequence[str]) -> list[InboxState]:
        keys = [key for inbox in inboxes for key in (_stream(inbox), _lease(inbox))]
        return [
            InboxState(inbox=inbox, length=length, oldest_age=None if age < 0 else age / 1000, leased=bool(leased))
            for inbox, (length, age, leased) in zip(inboxes, self._states(keys=keys), strict=True)
        ]

    def probe(self) -> None:
        """One write that means nothing: a Redis that is full or a replica answers reads and refuses this."""
        self._redis.set(f"{_PREFIX}:probe", "1", ex=60)

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
