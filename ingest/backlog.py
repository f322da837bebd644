"""What waits in files, our own and those of dead processes, and how it is published and deleted, oldest first."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from ingest.capacity import Capacity
from ingest.filesets import FileSet, segments_in, set_aside, set_paths
from ingest.segments import Segment, read_batch

Publish = Callable[[Sequence[bytes]], None]

log = structlog.get_logger()


class Backlog:
    """Sealed segments and the file sets they lie in. One thread at a time adopts, drains or closes; the others wait."""

    def __init__(self, root: Path, own: FileSet, capacity: Capacity) -> None:
        self._root = root
        self._own = own
        self._sets = {own.path: own}
        self._capacity = capacity
        self._segments: list[Segment] = []
        self._books = threading.Lock()
        """Guards `_segments`; never held during input or output."""
        self._turn = threading.RLock()
        self._closing = False

    def add(self, *segments: Segment) -> None:
        """Put files that will not be written any more in the line."""
        with self._books:
            self._segments.extend(segments)

    def segments(self) -> list[Segment]:
        """What waits, oldest first."""
        with self._books:
            return sorted(self._segments, key=lambda segment: segment.created_us)

    def adopt(self) -> int:
        """Take over the sets of dead processes, and say how many."""
        adopted = 0
        with self._turn:
            for path in () if self._closing else set_paths(self._root):
                orphan = None if path in self._sets else FileSet.claim(path)
                if orphan is not None:
                    self._take_over(orphan)
                    adopted += 1
        return adopted

    def drain(self, publish: Publish) -> int:
        """Adopt, publish what then waits, and say how many records that was; what ``publish`` raises ends it."""
        with self._turn:
            self.adopt()
            return sum(self._drain_segment(segment, publish) for segment in self.segments())

    def close(self) -> None:
        """End a drain after its current batch; remove the sets that are empty and let go of the others."""
        self._closing = True
        with self._turn:
            with self._books:
                waiting = {segment.path.parent for segment in self._segments}
                self._segments.clear()
            for path, fileset in self._sets.items():
                if path in waiting:
                    fileset.release()
                else:
                    fileset.remove()
            self._sets.clear()

    def _take_over(self, orphan: FileSet) -> None:
        try:
            found = segments_in(orphan.path)
        except OSError:
            orphan.release()
            raise
        self._sets[orphan.path] = orphan
        self.add(*found)
        log.info("spool_set_adopted", file=str(orphan.path), bytes=sum(segment.size for segment in found))
        self._remove_if_done(orphan.path)

    def _drain_segment(self, segment: Segment, publish: Publish) -> int:
        """Publish the rest of one file; it goes only after its last record."""
        published = 0
        while not self._closing:
            try:
                batch = read_batch(segment.path, segment.offset)
            except FileNotFoundError:
                log.error("spool_segment_lost", file=str(segment.path), bytes=segment.size)  # noqa: TRY400 -- not ours
                self._forget(segment)
                break
            if not batch.records:
                self._discard(segment, skipped=batch.skipped)
                break
            publish(batch.records)
            segment.offset = batch.end
            published += len(batch.records)
            if segment.records is not None:
                segment.records -= len(batch.records)
        return published

    def _discard(self, segment: Segment, *, skipped: int) -> None:
        """Delete a file that was read to its end, or set it aside when the end could not be read."""
        if skipped:
            place = set_aside(segment)
            log.warning("spool_tail_skipped", file=str(place), bytes=skipped)
        else:
            segment.path.unlink(missing_ok=True)
        self._forget(segment)

    def _forget(self, segment: Segment) -> None:
        with self._books:
            self._segments.remove(segment)
        if segment.path.parent == self._own.path:
            self._capacity.count(-segment.size)
        self._capacity.look_again()
        self._remove_if_done(segment.path.parent)

    def _remove_if_done(self, path: Path) -> None:
        """Delete an adopted set without segments; our own stays until `close`."""
        with self._books:
            waiting = any(segment.path.parent == path for segment in self._segments)
        if not waiting and path != self._own.path:
            self._sets.pop(path).remove()
