"""The spool against real files: what was acknowledged comes back, in order and counted."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.errors import CannotStore
from ingest.filesets import LOCK_NAME
from ingest.segments import MAX_RECORD_BYTES, SEGMENT_BYTES, read_batch
from ingest.spool import Spool, SpoolStats, read_stats
from tests.ingest.spools import MIB, Open, drained, numbered, orphan, segment_files


class TestAppendAndDrain:
    def test_records_come_back_once_and_in_order(self, spool: Spool) -> None:
        records = [b"first", b"", b"\x00\xff" * 40_000, b"last"]

        for record in records:
            spool.append(record)

        assert drained(spool) == records
        assert drained(spool) == []
        assert spool.is_empty()

    def test_a_drained_segment_leaves_the_disk(self, spool: Spool, root: Path) -> None:
        spool.append(b"event")
        before = segment_files(root)

        spool.drain(lambda records: None)

        assert len(before) == 1
        assert segment_files(root) == []

    def test_drain_says_how_many_it_published_in_bounded_batches(self, spool: Spool) -> None:
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(spool.append, numbered(1_203)))
        batches: list[int] = []

        published = spool.drain(lambda records: batches.append(len(records)))

        assert published == 1_203
        assert batches == [500, 500, 203]

    def test_batches_are_bounded_in_bytes_and_one_huge_record_goes_alone(self, spool: Spool) -> None:
        huge = bytes(MAX_RECORD_BYTES)
        records = [b"a" * (3 * MIB), b"b" * (3 * MIB), b"c" * (3 * MIB), huge, b"d"]
        for record in records:
            spool.append(record)
        batches: list[list[int]] = []

        spool.drain(lambda records: batches.append([len(record) for record in records]))

        assert batches == [[3 * MIB, 3 * MIB], [3 * MIB], [16 * MIB], [1]]

    def test_segments_rotate_before_they_grow_past_the_limit(self, spool: Spool, root: Path) -> None:
        records = [bytes([number]) * (5 * MIB) for number in range(7)]

        for record in records:
            spool.append(record)

        assert [path.stat().st_size <= SEGMENT_BYTES for path in segment_files(root)] == [True] * 3
        assert drained(spool) == records

    def test_a_record_over_the_limit_is_refused(self, spool: Spool) -> None:
        with pytest.raises(CannotStore, match="over the limit"):
            spool.append(bytes(MAX_RECORD_BYTES + 1))

        assert spool.is_empty()

    def test_many_threads_lose_and_repeat_nothing(self, spool: Spool) -> None:
        records = numbered(2_000, size=1_300)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(spool.append, records))

        assert sorted(drained(spool)) == records

    def test_files_are_readable_by_their_owner_only(self, spool: Spool, root: Path) -> None:
        spool.append(b"unlock token")

        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}

        assert modes.pop(LOCK_NAME) == 0o600
        assert modes.pop("00000001.segment") == 0o600
        assert set(modes.values()) == {0o700}


class TestStats:
    def test_they_count_records_bytes_and_the_oldest(self, open_spool: Open, root: Path) -> None:
        spool = open_spool(clock=lambda: 1_750_000_000.0)
        spool.append(b"one")
        spool.append(b"two")

        stats = spool.stats()

        assert stats == SpoolStats(
            records=2,
            bytes=segment_files(root)[0].stat().st_size,
            oldest_at=datetime(2025, 6, 15, 15, 6, 40, tzinfo=UTC),
            damaged_bytes=0,
        )
        assert read_stats(root) == stats

    def test_an_empty_spool_has_nothing_old(self, spool: Spool, root: Path) -> None:
        empty = SpoolStats(records=0, bytes=0, oldest_at=None, damaged_bytes=0)

        assert spool.stats() == read_stats(root) == empty

    def test_a_spool_that_never_was_is_empty(self, root: Path) -> None:
        assert read_stats(root).records == 0

    def test_adopted_records_are_not_counted_until_they_are_read(self, open_spool: Open, root: Path) -> None:
        path = orphan(open_spool, [b"one"])
        spool = open_spool()
        spool.adopt()
        spool.append(b"two")

        assert spool.stats().records is None
        assert spool.stats().bytes > path.stat().st_size
        assert read_stats(root).records == 2

    def test_a_large_spool_is_not_read_to_be_counted(self, spool: Spool, root: Path) -> None:
        for _ in range(3):
            spool.append(bytes(8 * MIB))

        assert read_stats(root).records is None
        assert read_stats(root).bytes > 24 * MIB
        assert spool.stats().records == 3

    def test_a_torn_header_falls_back_to_the_time_of_the_file(self, open_spool: Open, root: Path) -> None:
        path = orphan(open_spool, [b"one"])
        os.truncate(path, 10)
        os.utime(path, (1_000, 1_000))

        assert read_stats(root).oldest_at == datetime.fromtimestamp(1_000, UTC)

    def test_a_group_that_is_being_written_is_not_counted_as_damage(self, open_spool: Open, root: Path) -> None:
        path = orphan(open_spool, [b"one", b"two"])
        os.truncate(path, path.stat().st_size - 1)

        assert read_stats(root).records == 1
        assert read_batch(path, 0).records == [b"one"]
