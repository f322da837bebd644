"""The bytes of one spool file: how records are framed, made durable, and read back after a crash.

A segment is `SEGMENT_HEADER` and then records, each a `RECORD_HEADER` and its payload. The CRC of a record covers its
length too, so the zeros that a power cut leaves at the end of a file are never taken for empty records.
"""

import contextlib
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from domain.errors import CannotStore

MAGIC = b"WFSPOOL\x01"
"""Seven letters and the version of the format."""

SEGMENT_HEADER = struct.Struct(">8sQI")
"""`MAGIC`, creation time in microseconds since 1970 (UTC), CRC32 of the two."""

RECORD_HEADER = struct.Struct(">II")
"""Length of the payload in bytes, CRC32 of those four bytes and the payload."""

LENGTH = struct.Struct(">I")

SEGMENT_BYTES = 16 * 1024 * 1024
"""A segment is closed before it grows past this; only one holding a single large record is longer."""

MAX_RECORD_BYTES = 16 * 1024 * 1024

BATCH_RECORDS = 500
BATCH_BYTES = 8 * 1024 * 1024
"""What one batch holds at most; a record larger than that makes a batch of its own."""

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
"""Bodies carry unlock tokens and addresses: nobody but the owner reads them."""

Fsync = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class Segment:
    """A file that gets no more records, and how much of it is still to publish.

    ``offset`` is where the next batch starts (0: nothing read yet). ``records`` counts what is left; None when the
    file came from another process and nobody counted. ``size`` is the whole file, in bytes.
    """

    path: Path
    created_us: int
    size: int
    records: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive records and where the next batch starts.

    Without ``records`` the segment has no more to give; ``skipped`` is then the number of bytes that could not be read.
    """

    records: Sequence[bytes]
    end: int
    skipped: int = 0


def frame(record: bytes) -> bytes:
    """The record as it lies on disk.

    Raises:
        CannotStore: longer than `MAX_RECORD_BYTES`.
    """
    if len(record) > MAX_RECORD_BYTES:
        msg = f"a record of {len(record)} bytes is over the limit of {MAX_RECORD_BYTES}"
        raise CannotStore(msg)
    return RECORD_HEADER.pack(len(record), _checksum(record)) + record


def sync_directory(directory: Path, fsync: Fsync) -> None:
    """Make names created in a directory survive a power cut."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fsync(fd)
    finally:
        os.close(fd)


class SegmentWriter:
    """A new file that grows by whole groups of records; not for several threads at once."""

    def __init__(self, path: Path, *, created_us: int, fsync: Fsync) -> None:
        """Create the file, empty. ``path`` must not exist."""
        self.path = path
        self.created_us = created_us
        self.size = 0
        self.records = 0
        self._fsync = fsync
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)

    def commit(self, frames: Sequence[bytes]) -> None:
        """Put a group on disk, with the file's own name when it is the first.

        Raises:
            OSError: none of the group counts. The file is cut back to the groups before, and must not be written
                again: after a failed fsync the kernel may have dropped pages that a later fsync calls clean.
        """
        first = self.size == 0
        group = b"".join((_segment_header(self.created_us), *frames) if first else frames)
        try:
            _write(self._fd, group)
            self._fsync(self._fd)
            if first:
                sync_directory(self.path.parent, self._fsync)
        except BaseException:
            with contextlib.suppress(OSError):  # what then remains is a tail that the reader checks and reports
                os.ftruncate(self._fd, self.size)
            raise
        self.size += len(group)
        self.records += len(frames)

    def seal(self) -> Segment | None:
        """Close the file for good; None, and the file is gone, when it never got a group."""
        with contextlib.suppress(OSError):  # what was committed is on disk; the other failures were raised before
            os.close(self._fd)
        if self.size:
            return self.so_far()
        with contextlib.suppress(OSError):  # an empty file waits for the next adopter, who deletes it
            self.path.unlink()
        return None

    def so_far(self) -> Segment:
        """The groups that are on disk now."""
        return Segment(path=self.path, created_us=self.created_us, size=self.size, records=self.records)


def read_batch(path: Path, offset: int) -> Batch:
    """The next records from ``offset`` (0: the start of the file), up to the first one that is damaged."""
    with path.open("rb", buffering=256 * 1024) as file:
        if offset == 0:
            if file.read(SEGMENT_HEADER.size)[: len(MAGIC)] != MAGIC:
                return Batch(records=(), end=0, skipped=path.stat().st_size)
            offset = SEGMENT_HEADER.size
        file.seek(offset)
        records = _read_records(file)
        if records:
            return Batch(records=records, end=offset + sum(RECORD_HEADER.size + len(record) for record in records))
        return Batch(records=(), end=offset, skipped=max(0, path.stat().st_size - offset))


def find_segment(path: Path) -> Segment | None:
    """What a segment that another process wrote holds, by its header; None when the file is gone."""
    try:
        with path.open("rb") as file:
            header = file.read(SEGMENT_HEADER.size)
            stat = os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    created_us = stat.st_mtime_ns // 1_000
    if len(header) == SEGMENT_HEADER.size:
        _, stored_us, checksum = SEGMENT_HEADER.unpack(header)
        if zlib.crc32(header[: -LENGTH.size]) == checksum:
            created_us = stored_us
    return Segment(path=path, created_us=created_us, size=stat.st_size)


def count_records(path: Path) -> int:
    """How many records can be read from a file that may be growing, or be deleted at any moment."""
    count = 0
    with contextlib.suppress(FileNotFoundError):
        batch = read_batch(path, 0)
        while batch.records:
            count += len(batch.records)
            batch = read_batch(path, batch.end)
    return count


def _checksum(record: bytes) -> int:
    return zlib.crc32(record, zlib.crc32(LENGTH.pack(len(record))))


def _segment_header(created_us: int) -> bytes:
    start = SEGMENT_HEADER.pack(MAGIC, created_us, 0)[: -LENGTH.size]
    return start + LENGTH.pack(zlib.crc32(start))


def _write(fd: int, content: bytes) -> None:
    """All of it; a disk that fills up takes a part first and refuses the rest."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _read_records(file: BinaryIO) -> list[bytes]:
    """Records from here on, as many as fit one batch; ends early at the first that is cut off or damaged."""
    records: list[bytes] = []
    size = 0
    while len(records) < BATCH_RECORDS:
        header = file.read(RECORD_HEADER.size)
        if len(header) < RECORD_HEADER.size:
            break
        length, checksum = RECORD_HEADER.unpack(header)
        if length > MAX_RECORD_BYTES or (records and size + length > BATCH_BYTES):
            break
        record = file.read(length)
        if len(record) < length or _checksum(record) != checksum:
            break
        records.append(record)
        size += length
    return records
