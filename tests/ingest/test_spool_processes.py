"""The spool of real processes: killed, cut short by the kernel, racing for the same orphans."""

import contextlib
from collections import Counter
from pathlib import Path

from ingest.filesets import DAMAGED_NAME
from tests.ingest.spools import PATIENCE, Open, drained, numbered, orphan, python


class TestProcesses:
    def test_every_record_acknowledged_before_kill_9_is_found_by_the_adopter(
        self, open_spool: Open, root: Path
    ) -> None:
        code = """if True:
            import itertools, os, sys, threading
            from pathlib import Path
            from ingest.spool import Spool
            spool = Spool(Path(sys.argv[1]), max_bytes=1 << 30, min_free_bytes=0)
            numbers = itertools.count()
            def append():
                for number in numbers:
                    spool.append(b"%08d" % number + bytes(1_300))
                    os.write(1, b"%08d\\n" % number)
            for _ in range(4):
                threading.Thread(target=append).start()
        """
        with python(code, root) as process:
            assert process.stdout is not None
            acknowledged = [next(process.stdout) for _ in range(300)]
            process.kill()
            acknowledged += [line for line in process.stdout if line.endswith("\n")]

        found = Counter(int(record[:8]) for record in drained(open_spool()))

        assert {int(line) for line in acknowledged} <= set(found)
        assert set(found.values()) == {1}
        assert len(found) <= len(acknowledged) + 4

    def test_processes_that_adopt_at_once_drain_each_record_once(self, open_spool: Open, root: Path) -> None:
        code = """if True:
            import sys
            from pathlib import Path
            from ingest.spool import Spool
            spool = Spool(Path(sys.argv[1]), max_bytes=1 << 30, min_free_bytes=0)
            print("ready")
            sys.stdin.readline()
            spool.drain(lambda records: [print("record", int.from_bytes(record)) for record in records])
            spool.close()
        """
        records = numbered(300)
        for start in range(0, 300, 10):
            orphan(open_spool, records[start : start + 10])

        with contextlib.ExitStack() as stack:
            processes = [stack.enter_context(python(code, root)) for _ in range(3)]
            for process in processes:
                assert process.stdout is not None
                assert "ready" in process.stdout.readline()
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            outputs = [process.communicate(timeout=PATIENCE)[0] for process in processes]

        drained_by = [[line for line in output.splitlines() if line.startswith("record")] for output in outputs]
        assert sum(map(Counter, drained_by), Counter()) == {f"record {number}": 1 for number in range(300)}
        assert list(root.iterdir()) == []

    def test_a_set_is_adopted_in_the_moment_its_owner_is_dead(self, open_spool: Open, root: Path) -> None:
        code = """if True:
            import sys
            from pathlib import Path
            from ingest.spool import Spool
            spool = Spool(Path(sys.argv[1]), max_bytes=1 << 30, min_free_bytes=0)
            spool.append(b"event")
            print("acknowledged")
            sys.stdin.readline()
        """
        spool = open_spool()
        with python(code, root) as process:
            assert process.stdout is not None
            process.stdout.readline()
            while_alive = drained(spool)
            process.kill()

        assert while_alive == []
        assert drained(spool) == [b"event"]

    def test_a_write_that_the_kernel_cuts_short_loses_no_acknowledged_record(
        self, open_spool: Open, root: Path
    ) -> None:
        """RLIMIT_FSIZE takes a part of the group and then answers EFBIG, as a full disk answers ENOSPC."""
        code = """if True:
            import resource, sys
            from concurrent.futures import ThreadPoolExecutor
            from pathlib import Path
            from domain.errors import CannotStore
            from ingest.spool import Spool
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
            spool = Spool(Path(sys.argv[1]), max_bytes=1 << 30, min_free_bytes=0)
            def append(number):
                try:
                    spool.append(number.to_bytes(8) + bytes(1_300))
                except CannotStore:
                    return "refused"
                return number
            with ThreadPoolExecutor(4) as threads:
                print("answers:", *threads.map(append, range(100)))
            spool.close()
        """
        with python(code, root) as process:
            output, _ = process.communicate(timeout=PATIENCE)
        (answers,) = (line.split()[1:] for line in output.splitlines() if line.startswith("answers:"))

        found = {int.from_bytes(record[:8]) for record in drained(open_spool())}

        assert len(answers) == 100
        assert "refused" in answers
        assert found == {int(answer) for answer in answers if answer != "refused"}
        assert not (root / DAMAGED_NAME).exists()
