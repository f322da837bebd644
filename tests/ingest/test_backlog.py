"""Drains that fail, overlap or are cut short."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.spool import Spool
from tests.ingest.spools import PATIENCE, Open, drained, numbered, segment_files


class TestInterruptedDrain:
    def test_a_failed_publish_comes_out_and_the_next_drain_goes_on_from_that_batch(self, spool: Spool) -> None:
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(spool.append, numbered(1_200)))
        published: list[bytes] = []

        def publish(records: Sequence[bytes]) -> None:
            if len(published) == 500:
                raise ConnectionError("Redis went away again")
            published.extend(records)

        with pytest.raises(ConnectionError):
            spool.drain(publish)
        waiting = spool.stats().records
        rest = spool.drain(published.extend)

        assert waiting == 700
        assert rest == 700
        assert sorted(published) == numbered(1_200)

    def test_trying_again_and_again_does_not_cut_ever_smaller_files(self, spool: Spool, root: Path) -> None:
        def publish(records: Sequence[bytes]) -> None:
            raise ConnectionError

        for record in numbered(20):
            spool.append(record)
            with pytest.raises(ConnectionError):
                spool.drain(publish)

        assert len(segment_files(root)) == 2
        assert drained(spool) == numbered(20)

    def test_a_failed_publish_keeps_the_file_for_whoever_comes_after(self, open_spool: Open) -> None:
        spool = open_spool()
        spool.append(b"event")

        def publish(records: Sequence[bytes]) -> None:
            raise ConnectionError

        with pytest.raises(ConnectionError):
            spool.drain(publish)
        spool.close()

        assert drained(open_spool()) == [b"event"]

    def test_appends_go_on_while_a_drain_runs_and_wait_for_the_next(self, spool: Spool) -> None:
        spool.append(b"before")
        seen: list[bytes] = []

        def publish(records: Sequence[bytes]) -> None:
            seen.extend(records)
            spool.append(b"during")

        first = spool.drain(publish)

        assert first == 1
        assert seen == [b"before"]
        assert not spool.is_empty()
        assert drained(spool) == [b"during"]

    def test_eight_threads_appending_through_many_drains_lose_and_repeat_nothing(self, spool: Spool) -> None:
        published: list[bytes] = []
        with ThreadPoolExecutor(8) as threads:
            appends = [threads.submit(spool.append, record) for record in numbered(1_500)]
            while not all(future.done() for future in appends):
                spool.drain(published.extend)
        for future in appends:
            future.result(PATIENCE)

        spool.drain(published.extend)

        assert sorted(published) == numbered(1_500)
        assert spool.is_empty()

    def test_two_threads_do_not_drain_at_once(self, spool: Spool) -> None:
        spool.append(b"event")
        inside, proceed = threading.Event(), threading.Event()

        def publish(records: Sequence[bytes]) -> None:
            inside.set()
            assert proceed.wait(PATIENCE)

        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(spool.drain, publish)
            assert inside.wait(PATIENCE)
            second = threads.submit(spool.drain, publish)
            proceed.set()
            counts = (first.result(PATIENCE), second.result(PATIENCE))

        assert counts == (1, 0)

    def test_closing_ends_a_drain_after_its_batch_and_leaves_the_rest(self, open_spool: Open) -> None:
        spool = open_spool()
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(spool.append, numbered(1_200)))

        published = spool.drain(lambda records: spool.close())

        assert published == 500
        assert len(drained(open_spool())) == 1_200
