"""Where events go when Redis is away: files on the local disk, durable before the sender hears 200, drained later.

Nothing is delivered from here exactly once: a crash between publishing and deleting repeats up to a segment. The unique
key that every event carries makes that harmless.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from domain.errors import CannotStore
from ingest.backlog import Backlog, Publish
from ingest.capacity import Capacity
from ingest.commits import GroupCommit
from ingest.filesets import DAMAGED_NAME, FileSet, bytes_under, segments_in, set_paths
from ingest.segments import (
    SEGMENT_BYTES,
    SEGMENT_HEADER,
    Fsync,
    Segment,
    SegmentWriter,
    count_records,
    frame,
)

COUNTABLE_BYTES = SEGMENT_BYTES
"""`read_stats` counts records up to this size of spool; reading more would make a page of the console wait."""

USUAL_BYTES = 16 * 1024
"""Room that `Spool.trouble` asks for: a record larger than almost all."""

FAILURE_SECONDS = 10.0
"""How long a failed write counts as trouble when nobody has tried since."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolStats:
    """What waits in a spool.

    ``records`` is None when nobody counted. ``bytes`` are those of the files, with headers and with the part of a file
    that is already published. ``oldest_at``: when the oldest file was begun; None when nothing waits.
    ``damaged_bytes`` lie in files that were set aside because their end could not be read; they wait for a person.
    """

    records: int | None
    bytes: int
    oldest_at: datetime | None
    damaged_bytes: int


class Spool:
    """The spool of one process, for any number of its threads.

    Make it after the last fork: a forked child would share the lock and write into the same files.
    """

    def __init__(
        self,
        root: Path,
        *,
        max_bytes: int,
        min_free_bytes: int,
        fsync: Fsync = os.fsync,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open an empty file set under ``root``, which is made when missing.

        ``max_bytes`` bounds everything under ``root``, whichever process wrote it; ``min_free_bytes`` stay free on the
        disk. ``clock`` gives seconds since 1970.

        Raises:
            OSError: the directory cannot be made or written.
        """
        self._root = root
        self._fsync = fsync
        self._clock = clock
        self._own = FileSet.create(root, fsync=fsync)
        self._capacity = Capacity(root, own=self._own.path, limits=(max_bytes, min_free_bytes), clock=clock)
        self._backlog = Backlog(root, self._own, self._capacity)
        self._commits = GroupCommit(self._write, max_bytes=SEGMENT_BYTES - SEGMENT_HEADER.size)
        self._writing = threading.Lock()
        """Held, also during an fsync, by whoever writes, begins or seals `_active`."""
        self._active: SegmentWriter | None = None
        self._created_us = 0
        self._failure: tuple[float, str] | None = None

    def append(self, record: bytes) -> None:
        """Return when the record is on disk. Threads that call this at the same time share one fsync.

        Raises:
            CannotStore: no room, a failed write, a record over 16 MiB, or `close` came first.
        """
        framed = frame(record)
        self._capacity.reserve(len(framed) + SEGMENT_HEADER.size)  # it may be the first of a file
        try:
            self._commits.submit(framed)
        except OSError as exc:
            self._capacity.count(-len(framed))
            raise CannotStore(f"the spool cannot write: {exc}") from exc
        except BaseException:
            self._capacity.count(-len(framed))
            raise
        finally:
            self._capacity.count(-SEGMENT_HEADER.size)

    def adopt(self) -> int:
        """Take over the file sets of dead processes, and say how many; they are drained with our own."""
        return self._backlog.adopt()

    def drain(self, publish: Publish) -> int:
        """Publish all that was here at the time of the call, oldest file first, and say how many records that was.

        Orphaned sets are adopted before, and the file being written comes last. ``publish`` gets at most 500 records
        and 8 MiB, or one larger record; what it raises ends the drain and comes out of here, and the next call starts
        with the batch that failed. Threads take turns. Ends early, after the current batch, when `close` is called.

        Raises:
            OSError: the disk cannot be read.
        """
        published = self._backlog.drain(publish)
        with self._writing:  # only now: trying again and again while Redis is away must not cut ever smaller files
            self._seal()
        return published + self._backlog.drain(publish)

    def is_empty(self) -> bool:
        """True when this process holds no record; says nothing of orphans before `adopt` has found them."""
        return self._active is None and not self._backlog.segments()  # in the order in which `_seal` moves a file

    def trouble(self) -> str | None:
        """Why a usual record would not be stored now; None when it would. Writes nothing."""
        if self._commits.closed:
            return "the spool is closed"
        failure = self._failure
        if failure is not None and abs(self._clock() - failure[0]) < FAILURE_SECONDS:
            return failure[1]
        try:
            self._capacity.reserve(USUAL_BYTES)
        except CannotStore as exc:
            return str(exc)
        self._capacity.count(-USUAL_BYTES)
        return None

    def stats(self) -> SpoolStats:
        """What this process has to drain: its own records and those it adopted."""
        active = self._active
        segments = self._backlog.segments()
        if active is not None and active.size and active.path not in {segment.path for segment in segments}:
            segments.append(active.so_far())
        counts = [segment.records for segment in segments]
        return _stats(self._root, segments, None if None in counts else sum(filter(None, counts)))

    def close(self) -> None:
        """Let appends and the current batch end, then let go: what is left is adopted by another process.

        A second call does nothing.
        """
        self._commits.close()
        with self._writing:
            self._seal()
        self._backlog.close()

    def _write(self, frames: Sequence[bytes]) -> None:
        """Make one group durable, all in one segment; a segment that failed is not written again."""
        size = sum(map(len, frames))
        with self._writing:
            try:
                if self._active is not None and self._active.size + size > SEGMENT_BYTES:
                    self._seal()
                (self._active or self._begin()).commit(frames)
            except BaseException as exc:
                self._failure = (self._clock(), f"the spool cannot write: {exc}")
                log.error("spool_write_failed", file=str(self._own.path), records=len(frames), error=str(exc))  # noqa: TRY400 -- raised again, below
                self._seal()
                raise
            self._failure = None

    def _begin(self) -> SegmentWriter:
        self._created_us = max(int(self._clock() * 1_000_000), self._created_us + 1)  # also when the clock is set back
        self._active = self._own.new_segment(created_us=self._created_us, fsync=self._fsync)
        self._capacity.count(SEGMENT_HEADER.size)
        return self._active

    def _seal(self) -> None:
        """Move the active segment, when there is one, to the backlog; the next record begins another."""
        if self._active is None:
            return
        segment = self._active.seal()
        if segment is None:
            self._capacity.count(-SEGMENT_HEADER.size)
        else:
            self._backlog.add(segment)
        self._active = None


def read_stats(root: Path) -> SpoolStats:
    """What waits under ``root`` for any process, by the files alone; nothing is locked or changed.

    A file that is being drained counts whole until it is deleted.
    """
    segments = [segment for path in set_paths(root) for segment in segments_in(path)]
    if sum(segment.size for segment in segments) > COUNTABLE_BYTES:
        return _stats(root, segments, None)
    return _stats(root, segments, sum(count_records(segment.path) for segment in segments))


def _stats(root: Path, segments: Sequence[Segment], records: int | None) -> SpoolStats:
    oldest_us = min((segment.created_us for segment in segments), default=None)
    return SpoolStats(
        records=records,
        bytes=sum(segment.size for segment in segments),
        oldest_at=None if oldest_us is None else datetime.fromtimestamp(oldest_us / 1_000_000, UTC),
        damaged_bytes=bytes_under(root / DAMAGED_NAME),
    )
