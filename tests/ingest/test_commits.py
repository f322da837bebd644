"""Many threads, few fsyncs, and nobody acknowledged too early."""

import errno
import os
import stat
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.errors import CannotStore
from ingest.commits import GroupCommit
from ingest.filesets import DAMAGED_NAME
from tests.ingest.spools import PATIENCE, Open, drained, segment_files


class TestGroupCommit:
    def test_what_arrives_during_an_fsync_shares_the_next_one(self, open_spool: Open) -> None:
        syncing, proceed = threading.Event(), threading.Event()
        synced: list[int] = []

        def fsync(fd: int) -> None:
            os.fsync(fd)
            if stat.S_ISREG(os.fstat(fd).st_mode):
                synced.append(fd)
                syncing.set()
                assert proceed.wait(PATIENCE)

        spool = open_spool(fsync=fsync)
        with ThreadPoolExecutor(8) as threads:
            first = threads.submit(spool.append, b"leader")
            assert syncing.wait(PATIENCE)
            others = [threads.submit(spool.append, b"follower") for _ in range(7)]
            while spool._commits.waiting < 7:
                os.sched_yield()
            acknowledged_early = [future.done() for future in (first, *others)]
            proceed.set()
            for future in (first, *others):
                future.result(PATIENCE)

        assert not any(acknowledged_early)
        assert len(synced) == 2
        assert len(drained(spool)) == 8

    def test_a_new_segment_is_durable_by_name_before_its_first_record_is_acknowledged(self, open_spool: Open) -> None:
        synced: list[str] = []

        def fsync(fd: int) -> None:
            synced.append("directory" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
            os.fsync(fd)

        spool = open_spool(fsync=fsync)
        synced.clear()

        spool.append(b"one")
        spool.append(b"two")

        assert synced == ["file", "directory", "file"]

    @pytest.mark.parametrize("failing", ["file", "directory"])
    def test_a_failed_fsync_refuses_its_whole_group_and_later_records_are_kept(
        self, open_spool: Open, root: Path, failing: str
    ) -> None:
        broken = threading.Event()

        def fsync(fd: int) -> None:
            if broken.is_set() and stat.S_ISDIR(os.fstat(fd).st_mode) == (failing == "directory"):
                raise OSError(errno.EIO, "Input/output error")
            os.fsync(fd)

        spool = open_spool(fsync=fsync)
        if failing == "file":
            spool.append(b"before")
        broken.set()
        with capture_logs() as logs, ThreadPoolExecutor(4) as threads:
            failures = [future.exception(PATIENCE) for future in [threads.submit(spool.append, b"x") for _ in range(4)]]
        broken.clear()
        spool.append(b"after")
        files = len(segment_files(root))

        assert [type(failure) for failure in failures] == [CannotStore] * 4
        assert {line["event"] for line in logs} == {"spool_write_failed"}
        assert files == (2 if failing == "file" else 1), "a file is not written again after a failed fsync"
        assert drained(spool) == ([b"before"] if failing == "file" else []) + [b"after"]
        assert not (root / DAMAGED_NAME).exists()

    def test_an_interrupted_leader_acknowledges_and_strands_nobody(self) -> None:
        writing, proceed = threading.Event(), threading.Event()
        groups: list[int] = []

        def write(frames: Sequence[bytes]) -> None:
            groups.append(len(frames))
            writing.set()
            assert proceed.wait(PATIENCE)
            if len(groups) == 2:
                raise KeyboardInterrupt

        commits = GroupCommit(write, max_bytes=100)
        with ThreadPoolExecutor(3) as threads:
            first = threads.submit(commits.submit, b"a")
            assert writing.wait(PATIENCE)
            group = [threads.submit(commits.submit, b"b") for _ in range(2)]
            while commits.waiting < 2:
                os.sched_yield()
            proceed.set()
            first.result(PATIENCE)
            failures = {type(future.exception(PATIENCE)) for future in group}
        commits.submit(b"c")

        assert failures == {KeyboardInterrupt, CannotStore}
        assert groups == [1, 2, 1]

    def test_closing_waits_for_what_came_before(self) -> None:
        writing, proceed = threading.Event(), threading.Event()

        def write(frames: Sequence[bytes]) -> None:
            writing.set()
            assert proceed.wait(PATIENCE)

        commits = GroupCommit(write, max_bytes=100)
        with ThreadPoolExecutor(3) as threads:
            before = [threads.submit(commits.submit, b"a")]
            assert writing.wait(PATIENCE)
            before.append(threads.submit(commits.submit, b"b"))
            while commits.waiting < 1:
                os.sched_yield()
            closing = threads.submit(commits.close)
            while not commits.closed:
                os.sched_yield()
            closed_early = closing.done()
            proceed.set()
            closing.result(PATIENCE)

        assert not closed_early
        assert [future.exception(0) for future in before] == [None, None]

    def test_a_group_is_bounded_but_for_a_frame_that_is_longer_by_itself(self) -> None:
        groups: list[list[int]] = []
        writing, proceed = threading.Event(), threading.Event()

        def write(frames: Sequence[bytes]) -> None:
            groups.append([len(frame) for frame in frames])
            writing.set()
            assert proceed.wait(PATIENCE)

        commits = GroupCommit(write, max_bytes=10)
        with ThreadPoolExecutor(8) as threads:
            futures = [threads.submit(commits.submit, bytes(4))]
            assert writing.wait(PATIENCE)
            for count, size in enumerate((4, 4, 4, 40, 1), start=1):
                futures.append(threads.submit(commits.submit, bytes(size)))
                while commits.waiting < count:
                    os.sched_yield()
            proceed.set()
            for future in futures:
                future.result(PATIENCE)

        assert groups == [[4], [4, 4], [4], [40], [1]]
