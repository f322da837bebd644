"""Secrets that may change while we run: values from the configuration, or a file that is read again when it changes."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

log = structlog.get_logger()

RECHECK_AFTER = 2.0
"""Seconds between two looks at a secret's file; a changed secret is accepted within five."""


def split_secrets(text: str) -> tuple[bytes, ...]:
    """One secret a line, the first is current; blank lines and surrounding white space do not count."""
    return tuple(line.strip().encode() for line in text.splitlines() if line.strip())


class Secrets:
    """An ordered list of accepted secrets; the first is current. Safe to use from many threads.

    With a ``path`` the values are the file's lines. A file that is missing means no secret (what it guards is off); one
    that can no longer be read leaves the last good values in force, so that a botched rotation locks nobody out.
    """

    def __init__(
        self,
        values: tuple[bytes, ...] = (),
        *,
        path: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._values = values
        self.path = path
        self._monotonic = monotonic
        self._checked_at: float | None = None
        self._seen: tuple[int, int, int] | None = None
        self._was_empty = False
        self._lock = threading.Lock()

    def accepted(self) -> tuple[bytes, ...]:
        """All secrets that open the door, current first; empty when there is none."""
        if self.path is not None:
            now = self._monotonic()
            if self._checked_at is None or now - self._checked_at >= RECHECK_AFTER:
                with self._lock:  # the first to come waits for the file as all others do
                    if self._checked_at is None or now - self._checked_at >= RECHECK_AFTER:
                        self._reread(self.path)
                        self._checked_at = now
        return self._values

    def current(self) -> bytes | None:
        """The secret we hand out ourselves, or None."""
        values = self.accepted()
        return values[0] if values else None

    def _reread(self, path: Path) -> None:
        try:
            stat = path.stat()
            signature = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if signature == self._seen:
                return
            values = split_secrets(path.read_text())
            if values or self._was_empty or not self._values:
                self._values, self._seen = values, signature
            # A file that is empty for a moment is being written; one that is still empty at the next look is meant so.
            self._was_empty = not values
        except FileNotFoundError:
            self._values, self._seen = (), None
        except (OSError, UnicodeDecodeError) as exc:
            log.warning("secret_not_reread", file=str(path), error=str(exc))
