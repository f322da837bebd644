"""Makes an event durable: into its inbox in Redis, or, when Redis does not answer at once, into the spool on this disk.

A request never waits for Redis longer than one timeout, and only the first one waits: from then on everything goes to
the spool until a thread of ours has seen Redis take a write again. pybreaker would do for the switch, but it holds its
lock during the call, and the requests of one process could no longer share an fsync.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import structlog
from redis.exceptions import RedisError

from config.contract import QUARANTINE, inbox_of
from config.inbox import Inboxes
from config.refusals import add_refusals
from config.reporting import report_error
from domain.envelope import Envelope
from domain.errors import CannotStore
from ingest.commits import GroupCommit
from ingest.record import pack, unpack_record
from ingest.spool import Spool

log = structlog.get_logger()

MAX_GROUP = 1024 * 1024
"""Bytes of events that one trip to Redis carries at the most, or one larger event."""

PROBE_INTERVAL = 0.5
"""Seconds between two looks at Redis and the spool."""


class Publisher:
    """One ingest process's way to store events. Call `start` once; any number of threads may `publish`."""

    def __init__(
        self, *, inboxes: Inboxes, rescue: Inboxes, spool: Spool, wake: Callable[[str], None], client: Any
    ) -> None:
        """``inboxes`` has brisk timeouts for requests; ``rescue`` and ``client`` patient ones for the thread behind."""
        self._inboxes = inboxes
        self._rescue = rescue
        self._spool = spool
        self._appends = GroupCommit(self._append, max_bytes=MAX_GROUP, size=_size)
        self._wake = wake
        self._client = client
        self._redis_error: str | None = None
        self._wakes: SimpleQueue[str] = SimpleQueue()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._refused_lock = threading.Lock()
        self._stop = threading.Event()

    def start(self) -> None:
        for target in (self._rescue_for_ever, self._wake_for_ever):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()

    def stop(self) -> None:
        self._stop.set()
        self._spool.close()

    def publish(self, envelope: Envelope) -> str:
        """Return when the event is durable, and where: `inbox` or `spool`. Raises: CannotStore."""
        inbox = inbox_of(envelope.kind, envelope.type or QUARANTINE)
        head = envelope.head()
        if self._redis_error is None:
            try:
                self._appends.submit((inbox, head, envelope.body))
            except (RedisError, OSError, CannotStore) as exc:
                self._close(exc)
            else:
                return "inbox"
        self._spool.append(pack(inbox, head, envelope.body))
        return "spool"

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether events can be stored, and by what: a report for people."""
        spool_error = self._spool.trouble()
        report = {"redis": self._redis_error or "ok", "spool": spool_error or "ok"}
        stores = [name for name, state in report.items() if state == "ok"]
        return bool(stores), {"stores_in": stores[0] if stores else None, **report}

    def refuse(self, sender: str, reason: str) -> None:
        """Count a refused request."""
        with self._refused_lock:
            self._refused[(sender, reason)] += 1

    def _close(self, exc: Exception) -> None:
        if isinstance(exc, CannotStore):
            return  # the trip before has said why
        if self._redis_error is None:
            log.warning("redis_left", error=type(exc).__name__, reason=_words(exc))
        self._redis_error = f"{type(exc).__name__}: {_words(exc)}"

    def _rescue_for_ever(self) -> None:
        while not self._stop.wait(PROBE_INTERVAL):
            try:
                self._look_after()
            except RedisError as exc:
                self._close(exc)
            except Exception as exc:  # noqa: BLE001 - this thread must outlive a full disk, and any mistake of ours
                log.error("spool_not_drained", error=type(exc).__name__, reason=_words(exc))  # noqa: TRY400 - see above
                report_error(exc)

    def _look_after(self) -> None:
        """See whether Redis takes a write; if it does, give it what the spool holds, and our counts."""
        self._rescue.probe()
        if self._redis_error is not None:
            log.info("redis_returned")
            self._redis_error = None
        rescued = self._spool.drain(self._publish_records)
        if rescued:
            log.info("spool_drained", records=rescued)
        self._flush_refusals()

    def _append(self, group: Sequence[tuple[str, bytes, bytes]]) -> None:
        """One trip to Redis for all requests that wait for it; none, when the trip before has found it gone."""
        if self._redis_error is not None:
            raise CannotStore(self._redis_error)
        for inbox in self._inboxes.append_many(group):
            self._wakes.put(inbox)

    def _publish_records(self, records: Sequence[bytes]) -> None:
        for inbox in self._rescue.append_many([unpack_record(record) for record in records]):
            self._wakes.put(inbox)

    def _flush_refusals(self) -> None:
        with self._refused_lock:
            counts, self._refused = self._refused, Counter()
        if counts:
            try:
                add_refusals(self._client, counts)
            except RedisError:
                with self._refused_lock:
                    self._refused.update(counts)
                raise

    def _wake_for_ever(self) -> None:
        while not self._stop.is_set():
            try:
                inbox = self._wakes.get(timeout=1)
            except Empty:
                continue
            if self._redis_error is not None:
                continue
            try:
                self._wake(inbox)
            except Exception as exc:  # noqa: BLE001 - this thread must outlive whatever a broker raises
                log.warning("wake_not_sent", inbox=inbox, error=type(exc).__name__)
                report_error(exc)


def _size(item: tuple[str, bytes, bytes]) -> int:
    return sum(map(len, item))


def _words(exc: Exception) -> str:
    return str(exc)[:200]
