"""What waits in the spool of this machine, by its files alone: nothing is locked, opened for writing, or changed."""

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_HEADER = struct.Struct(">8sQ")
_MAGIC = b"WFSPOOL\x01"
"""A file begins with these and the microseconds at which it was begun."""

DAMAGED = "damaged"
"""Beside the folders of the processes: files that could not be read to their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolSeen:
    """``oldest_at``: when the oldest file was begun, None when nothing waits. ``damaged_bytes`` wait for a person."""

    bytes: int
    oldest_at: datetime | None
    damaged_bytes: int

    def oldest_age(self, now: datetime) -> float:
        """Seconds that the oldest event may have waited; 0 when nothing waits."""
        return max(0.0, (now - self.oldest_at).total_seconds()) if self.oldest_at else 0.0


def look_at_spool(root: Path) -> SpoolSeen:
    """Raises: OSError, when the folder may not be read; one that is not there is an empty spool."""
    files = list(_files(root))
    waiting = [seen for path in files if path.parent.name != DAMAGED for seen in _look(path)]
    damaged = [size for path in files if path.parent.name == DAMAGED for size, _ in _look(path)]
    return SpoolSeen(
        bytes=sum(size for size, _ in waiting),
        oldest_at=min((begun_at for _, begun_at in waiting), default=None),
        damaged_bytes=sum(damaged),
    )


def _files(root: Path) -> Iterator[Path]:
    """Each process has a folder of its own, which goes away with it."""
    if not root.exists():
        return
    for folder in root.iterdir():
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            yield from (path for path in folder.iterdir() if path.suffix == ".segment")


def _look(path: Path) -> Iterator[tuple[int, datetime]]:
    """Size and beginning of a file, nothing when it is drained while we look.

    The time it was last written would make a long outage look short.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
        stat = path.stat()
    except FileNotFoundError:
        return
    begun_at = datetime.fromtimestamp(stat.st_mtime, UTC)
    if len(header) == _HEADER.size and header.startswith(_MAGIC):
        begun_at = datetime.fromtimestamp(_HEADER.unpack(header)[1] / 1_000_000, UTC)
    yield stat.st_size, begun_at
