"""Who may touch whose files, while owners come and go."""

import contextlib
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.errors import CannotStore
from ingest.filesets import LOCK_NAME, FileSet
from tests.ingest.spools import MIB, Open, drained, orphan


class TestFileSets:
    def test_closing_an_empty_spool_leaves_nothing_behind(self, open_spool: Open, root: Path) -> None:
        spool = open_spool()
        spool.append(b"event")
        spool.drain(lambda records: None)

        spool.close()
        spool.close()

        assert list(root.iterdir()) == []

    def test_no_descriptor_stays_open(self, open_spool: Open) -> None:
        before = len(os.listdir("/dev/fd"))  # noqa: PTH208 -- counts
        orphan(open_spool, [b"event"])
        living = open_spool()
        adopter = open_spool()

        adopter.drain(lambda records: None)
        adopter.append(b"left behind")
        adopter.close()
        living.close()

        assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208

    def test_a_closed_spool_takes_and_gives_nothing(self, open_spool: Open) -> None:
        spool = open_spool()
        spool.append(b"event")
        spool.close()

        with pytest.raises(CannotStore, match="closed"):
            spool.append(b"late")

        assert drained(spool) == []
        assert spool.adopt() == 0

    def test_what_a_closed_spool_left_is_adopted_drained_and_removed(self, open_spool: Open, root: Path) -> None:
        orphan(open_spool, [b"one", b"two"])
        spool = open_spool()

        adopted = spool.adopt()

        assert adopted == 1
        assert not spool.is_empty()
        assert drained(spool) == [b"one", b"two"]
        assert [path.name for path in root.iterdir()] == [spool._own.path.name]

    def test_the_set_of_a_living_process_is_left_alone(self, open_spool: Open) -> None:
        living = open_spool()
        living.append(b"event")

        assert drained(open_spool()) == []
        assert drained(living) == [b"event"]

    def test_an_adopter_that_closes_before_draining_passes_the_set_on(self, open_spool: Open) -> None:
        orphan(open_spool, [b"event"])
        first = open_spool()
        first.adopt()
        first.close()

        assert drained(open_spool()) == [b"event"]

    def test_older_files_go_first_whoever_wrote_them_and_the_one_being_written_last(self, open_spool: Open) -> None:
        spool = open_spool(clock=lambda: 500.0)
        spool.append(b"being written")
        for clock, record in ((3_000.0, b"newer"), (1_000.0, b"older")):
            dead = open_spool(clock=lambda now=clock: now)
            dead.append(record)
            dead.close()

        assert drained(spool) == [b"older", b"newer", b"being written"]

    def test_a_clock_that_is_set_back_does_not_reorder_our_own_files(self, open_spool: Open) -> None:
        times = iter(range(2_000, 0, -1))
        spool = open_spool(clock=lambda: float(next(times)))
        for letter in (b"a", b"b", b"c"):
            spool.append(letter * (9 * MIB))

        assert [record[:1] for record in drained(spool)] == [b"a", b"b", b"c"]

    def test_a_directory_whose_owner_died_before_it_had_a_lock_is_removed(self, open_spool: Open, root: Path) -> None:
        spool = open_spool()
        (root / "123-0123456789abcdef").mkdir()

        assert drained(spool) == []
        assert not (root / "123-0123456789abcdef").exists()

    def test_strangers_in_the_root_are_left_alone(self, open_spool: Open, root: Path) -> None:
        (root / "lost+found").mkdir(parents=True)

        open_spool().drain(lambda records: None)

        assert (root / "lost+found").is_dir()

    def test_a_set_can_be_claimed_by_one_only(self, open_spool: Open) -> None:
        path = orphan(open_spool, [b"event"]).parent

        first, second = FileSet.claim(path), FileSet.claim(path)

        assert second is None
        assert first is not None
        first.release()

    def test_the_lock_of_a_set_that_was_just_removed_is_worth_nothing(self, root: Path) -> None:
        path = root / "123-0123456789abcdef"
        root.mkdir(parents=True)

        def claim_and_remove(_: int) -> bool:
            with contextlib.suppress(FileExistsError):
                path.mkdir()
            claimed = FileSet.claim(path)
            if claimed is None:
                return True
            guarded = (path / LOCK_NAME).exists()
            claimed.remove()
            return guarded

        with capture_logs(), ThreadPoolExecutor(4) as threads:
            guarded = list(threads.map(claim_and_remove, range(5_000)))

        assert all(guarded)

    def test_births_deaths_and_adoptions_at_the_same_time_lose_and_repeat_nothing(
        self, open_spool: Open, root: Path
    ) -> None:
        """Locks belong to open files, so threads with a spool each contend like processes."""
        published: list[bytes] = []

        def live(life: int) -> None:
            spool = open_spool()
            spool.append(f"{life} drained by anybody".encode())
            if life % 2:
                spool.drain(published.extend)
            spool.append(f"{life} left behind".encode())
            spool.close()

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(live, range(200)))
        open_spool().drain(published.extend)

        expected = {f"{life} {what}".encode() for life in range(200) for what in ("drained by anybody", "left behind")}
        assert Counter(published) == dict.fromkeys(expected, 1)
        assert len(list(root.iterdir())) == 1
