"""How much the spool may still take, known without looking through its directories for every record."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from domain.errors import CannotStore
from ingest.filesets import bytes_under

REFRESH_SECONDS = 1.0
"""How long the size of other processes' files is believed: the bound can be overshot by what they write meanwhile."""


class Capacity:
    """Bytes in use under ``root``: our own set counted exactly, everything else looked up now and then."""

    def __init__(self, root: Path, *, own: Path, limits: tuple[int, int], clock: Callable[[], float]) -> None:
        """``own`` is the directory of our set. ``limits``: bytes in all, and bytes to leave free on the disk."""
        self._root = root
        self._own = own
        self._max_bytes, self._min_free_bytes = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._own_bytes = 0
        self._other_bytes = 0
        self._looked_at: float | None = None

    def reserve(self, size: int) -> None:
        """Count ``size`` more bytes as ours.

        Raises:
            CannotStore: they would exceed a limit, or the disk does not even answer.
        """
        with self._lock:
            try:
                self._look()
                disk = os.statvfs(self._root)
            except OSError as exc:
                msg = f"the spool's disk cannot be read: {exc}"
                raise CannotStore(msg) from exc
            used = self._own_bytes + self._other_bytes
            if used + size > self._max_bytes:
                msg = f"the spool is full: {used} of {self._max_bytes} bytes"
                raise CannotStore(msg)
            free = disk.f_bavail * disk.f_frsize
            if free - size < self._min_free_bytes:
                msg = f"the disk is full: {free} bytes free, {self._min_free_bytes} reserved"
                raise CannotStore(msg)
            self._own_bytes += size

    def count(self, size: int) -> None:
        """Add bytes of our own set that nobody reserved; negative ones are given back."""
        with self._lock:
            self._own_bytes += size

    def look_again(self) -> None:
        """Look up the size of everything else before the next record: it has just become smaller."""
        with self._lock:
            self._looked_at = None

    def _look(self) -> None:
        now = self._clock()
        if self._looked_at is None or abs(now - self._looked_at) >= REFRESH_SECONDS:  # clocks are set back, too
            self._other_bytes = bytes_under(self._root, without=self._own)
            self._looked_at = now
