"""The spool against real files: how much it takes, and how it says that it takes no more."""

import errno
import threading
from pathlib import Path

import pytest

from domain.errors import CannotStore
from ingest.spool import read_stats
from tests.ingest.spools import Open


class TestLimits:
    def test_over_max_bytes_nothing_is_taken_until_a_drain_made_room(self, open_spool: Open, root: Path) -> None:
        spool = open_spool(max_bytes=10_000)
        for _ in range(9):
            spool.append(bytes(1_000))
        with pytest.raises(CannotStore, match="full"):
            spool.append(bytes(1_000))
        on_disk = read_stats(root).bytes

        spool.drain(lambda records: None)
        spool.append(bytes(1_000))

        assert 9_000 < on_disk <= 10_000
        assert spool.stats().records == 1

    def test_the_bound_holds_for_all_processes_together(self, open_spool: Open) -> None:
        now = [1_000.0]
        ours, theirs = (open_spool(max_bytes=10_000, clock=lambda: now[0]) for _ in range(2))
        ours.append(bytes(10))
        theirs.append(bytes(8_000))

        now[0] += 1

        with pytest.raises(CannotStore, match="full"):
            ours.append(bytes(3_000))

    def test_neither_refusals_nor_failed_writes_use_up_room(self, open_spool: Open) -> None:
        broken = threading.Event()

        def fsync(fd: int) -> None:
            if broken.is_set():
                raise OSError(errno.EIO, "Input/output error")

        spool = open_spool(max_bytes=10_130, fsync=fsync)  # ten records, their headers and the file's
        broken.set()
        for size in [1_000, 20_000] * 20:
            with pytest.raises(CannotStore):
                spool.append(bytes(size))
        broken.clear()

        for _ in range(10):
            spool.append(bytes(1_000))

        assert spool.stats().records == 10
        assert spool.stats().bytes == 10_100

    def test_the_reserve_of_the_disk_is_left_alone(self, open_spool: Open) -> None:
        spool = open_spool(min_free_bytes=1 << 60)

        with pytest.raises(CannotStore, match="disk is full"):
            spool.append(b"event")

    def test_a_root_that_was_deleted_is_a_refusal(self, open_spool: Open, root: Path) -> None:
        spool = open_spool()
        root.rename(root.with_name("elsewhere"))

        with pytest.raises(CannotStore):
            spool.append(b"event")

        root.with_name("elsewhere").rename(root)


class TestTrouble:
    def test_there_is_none_while_a_record_can_be_stored_and_asking_uses_up_no_room(self, open_spool: Open) -> None:
        spool = open_spool(max_bytes=20_000)
        spool.append(b"event")

        assert [spool.trouble() for _ in range(5)] == [None] * 5

    def test_a_full_spool_and_a_closed_one_say_so(self, open_spool: Open) -> None:
        full, closed = open_spool(max_bytes=1_000), open_spool()
        closed.close()

        assert "full" in str(full.trouble())
        assert "closed" in str(closed.trouble())

    def test_a_failed_write_counts_until_one_succeeds_or_it_is_long_ago(self, open_spool: Open) -> None:
        now = [1_000.0]
        broken = threading.Event()

        def fsync(fd: int) -> None:
            if broken.is_set():
                raise OSError(errno.EIO, "Input/output error")

        flaky = open_spool(fsync=fsync, clock=lambda: now[0])

        def fails() -> None:
            broken.set()
            with pytest.raises(CannotStore):
                flaky.append(b"event")
            broken.clear()

        seen: list[bool] = []
        for step in (fails, lambda: flaky.append(b"event"), fails):
            step()
            seen.append(flaky.trouble() is not None)
        now[0] += 10

        assert seen == [True, False, True]
        assert flaky.trouble() is None
