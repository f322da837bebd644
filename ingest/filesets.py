"""Whose spool files are whose: one locked directory per process, and what becomes of it when the process dies.

The lock is a flock, which the kernel drops with the process, however it ends. A set whose lock can be had is an orphan.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import structlog

from ingest.segments import DIRECTORY_MODE, FILE_MODE, Fsync, Segment, SegmentWriter, find_segment, sync_directory

SET_NAME = re.compile(r"\d+-[0-9a-f]{16}")
"""Process id and 64 random bits: ids repeat, between containers even at the same time."""

SEGMENT_NAME = re.compile(r"(\d{8})\.segment")
LOCK_NAME = "lock"
DAMAGED_NAME = "damaged"
"""Beside the sets: segments with bytes that could not be read, kept for a person to look at."""

log = structlog.get_logger()


class FileSet:
    """A directory of segments, held by this process until `release` or `remove`."""

    def __init__(self, path: Path, lock_fd: int) -> None:
        """Use `create` or `claim`."""
        self.path = path
        self._lock_fd = lock_fd
        self._number = 0

    @classmethod
    def create(cls, root: Path, *, fsync: Fsync) -> Self:
        """A new empty set. Whoever claims it in the moment between its birth and its lock can have it: we take another.

        Raises:
            OSError: the disk refuses.
        """
        _make_directories(root, fsync)
        while True:
            path = root / f"{os.getpid()}-{secrets.token_hex(8)}"
            path.mkdir(mode=DIRECTORY_MODE)
            sync_directory(root, fsync)
            lock_fd = _lock(path)
            if lock_fd is not None:
                return cls(path, lock_fd)

    @classmethod
    def claim(cls, path: Path) -> Self | None:
        """The set of a dead process; None when its owner lives or somebody else was faster."""
        try:
            lock_fd = _lock(path)
        except PermissionError as exc:
            log.warning("spool_set_refused", file=str(path), error=str(exc))
            return None
        return None if lock_fd is None else cls(path, lock_fd)

    def new_segment(self, *, created_us: int, fsync: Fsync) -> SegmentWriter:
        """The next file, in the order of writing."""
        self._number += 1
        return SegmentWriter(self.path / f"{self._number:08}.segment", created_us=created_us, fsync=fsync)

    def release(self) -> None:
        """Leave the files to whoever claims the set next."""
        os.close(self._lock_fd)

    def remove(self) -> None:
        """Delete the set, which has no more segments; a directory that is not empty stays."""
        try:
            (self.path / LOCK_NAME).unlink(missing_ok=True)
            self.path.rmdir()
        except OSError as exc:  # a rival's fresh lock file, or something a person put there
            log.warning("spool_set_kept", file=str(self.path), error=str(exc))
        finally:
            os.close(self._lock_fd)  # last: a rival that held our lock file open finds it gone and gives up


def set_paths(root: Path) -> list[Path]:
    """The directories of all sets, dead or alive."""
    try:
        return sorted(path for path in root.iterdir() if SET_NAME.fullmatch(path.name))
    except FileNotFoundError:
        return []


def segments_in(directory: Path) -> list[Segment]:
    """The segments of one set, as they are at this moment; none when it has just been removed."""
    try:
        paths = sorted(path for path in directory.iterdir() if SEGMENT_NAME.fullmatch(path.name))
    except FileNotFoundError:
        return []
    return [segment for segment in map(find_segment, paths) if segment is not None]


def bytes_under(root: Path, *, without: Path | None = None) -> int:
    """Bytes of all files in the directories below ``root``, except those in ``without``."""
    return sum(_sizes(root, without))


def set_aside(segment: Segment) -> Path:
    """Move a damaged segment out of its set, so that it neither blocks the others nor is lost; its new place."""
    root = segment.path.parent.parent
    place = root / DAMAGED_NAME / f"{segment.path.parent.name}-{segment.path.name}"
    place.parent.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    return segment.path.rename(place)


def _sizes(root: Path, without: Path | None) -> Iterator[int]:
    for directory, _, names in os.walk(root):
        if Path(directory) == without:
            continue
        for name in names:
            try:
                yield (Path(directory) / name).stat().st_size
            except FileNotFoundError:  # drained by its owner while we look
                continue


def _make_directories(path: Path, fsync: Fsync) -> None:
    """The directory and what is missing above it, each durable in its parent."""
    if path.is_dir():
        return
    _make_directories(path.parent, fsync)
    path.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    sync_directory(path.parent, fsync)


def _lock(directory: Path) -> int | None:
    """The descriptor that holds a set's lock; None when another has it, or the set has been removed meanwhile."""
    lock = directory / LOCK_NAME
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    except FileNotFoundError:
        return None
    ours = False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A lock on a file that its last holder unlinked guards nothing: it must still be the one in the directory.
        ours = os.path.samestat(os.fstat(fd), lock.stat())
    except (BlockingIOError, FileNotFoundError):
        return None
    finally:
        if not ours:
            os.close(fd)
    return fd if ours else None
