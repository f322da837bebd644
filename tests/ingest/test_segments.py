"""Damaged files: what was whole is found, the rest is told and kept, and nothing is made up."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from domain.errors import CannotStore
from ingest.filesets import DAMAGED_NAME
from ingest.segments import RECORD_HEADER, SEGMENT_HEADER, frame
from ingest.spool import Spool, SpoolStats, read_stats
from tests.ingest.spools import MIB, Open, drained, orphan, segment_files


class TestDamage:
    LAST = b"the last one"

    @pytest.mark.parametrize("kept", range(RECORD_HEADER.size + len(LAST)))
    def test_a_torn_last_record_is_skipped_and_told(self, open_spool: Open, root: Path, kept: int) -> None:
        path = orphan(open_spool, [b"one", b"two", self.LAST])
        end = path.stat().st_size - len(frame(self.LAST))
        os.truncate(path, end + kept)

        with capture_logs() as logs:
            records = drained(open_spool())

        assert records == [b"one", b"two"]
        told = [(line["event"], line["bytes"]) for line in logs if line["log_level"] == "warning"]
        assert told == ([("spool_tail_skipped", kept)] if kept else [])
        assert read_stats(root).damaged_bytes == (end + kept if kept else 0)
        assert segment_files(root) == []

    @pytest.mark.parametrize("size", range(SEGMENT_HEADER.size + 1))
    def test_a_segment_torn_within_or_right_after_its_header_gives_nothing(self, open_spool: Open, size: int) -> None:
        path = orphan(open_spool, [b"one"])
        os.truncate(path, size)
        spool = open_spool()

        with capture_logs() as logs:
            records = drained(spool)

        skipped = [line["bytes"] for line in logs if line["event"] == "spool_tail_skipped"]
        assert records == []
        assert skipped in ([], [size])
        assert bool(skipped) == (0 < size < len(b"WFSPOOL\x01"))

    @given(data=st.data())
    def test_a_flipped_bit_never_makes_a_record_that_was_not_written(self, data: st.DataObject) -> None:
        with tempfile.TemporaryDirectory() as name:
            written = data.draw(st.lists(st.binary(max_size=40), min_size=1, max_size=6))
            writer = Spool(Path(name), max_bytes=MIB, min_free_bytes=0)
            for record in written:
                writer.append(record)
            writer.close()
            (path,) = segment_files(Path(name))
            content = bytearray(path.read_bytes())
            place = data.draw(st.integers(0, len(content) - 1))
            content[place] ^= 1 << data.draw(st.integers(0, 7))
            path.write_bytes(content)
            reader = Spool(Path(name), max_bytes=MIB, min_free_bytes=0)

            with capture_logs() as logs:
                found = drained(reader)
            reader.close()

        assert found == written[: len(found)]
        assert (found == written) == (len(b"WFSPOOL\x01") <= place < SEGMENT_HEADER.size)
        assert any(line["event"] == "spool_tail_skipped" for line in logs) == (found != written)

    def test_the_zeros_that_a_power_cut_leaves_are_not_records(self, open_spool: Open) -> None:
        path = orphan(open_spool, [b"one"])
        os.truncate(path, path.stat().st_size + 4_096)

        assert drained(open_spool()) == [b"one"]

    def test_damage_in_the_middle_keeps_the_file_for_a_person_and_the_bound_counts_it(
        self, open_spool: Open, root: Path
    ) -> None:
        path = orphan(open_spool, [b"one", b"two" * 1_000, b"three"])
        damaged = path.read_bytes().replace(b"two", b"2wo", 1)
        path.write_bytes(damaged)
        spool = open_spool(max_bytes=4_000)

        records = drained(spool)

        (kept,) = (root / DAMAGED_NAME).iterdir()
        assert records == [b"one"]
        assert kept.read_bytes() == damaged
        assert not path.parent.exists()
        assert read_stats(root) == SpoolStats(records=0, bytes=0, oldest_at=None, damaged_bytes=len(damaged))
        with pytest.raises(CannotStore):
            spool.append(bytes(2_000))

    def test_damage_in_one_file_does_not_stop_the_next(self, open_spool: Open) -> None:
        path = orphan(open_spool, [b"one"])
        path.write_bytes(b"not a segment at all")
        orphan(open_spool, [b"two"])

        assert drained(open_spool()) == [b"two"]

    def test_a_segment_that_somebody_deleted_is_told_and_forgotten(self, spool: Spool, root: Path) -> None:
        spool.append(b"gone")
        segment_files(root)[0].unlink()

        with capture_logs() as logs:
            records = drained(spool)

        assert records == []
        assert [line["event"] for line in logs] == ["spool_segment_lost"]
        assert spool.is_empty()
