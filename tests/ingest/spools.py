"""What the tests of the spool share: opening spools, leaving orphans, running real processes."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ingest.spool import Spool

MIB = 1024 * 1024
PATIENCE = 60
"""Seconds after which a thread or process that does not answer is a failure."""

PROJECT = Path(__file__).parents[2]
Open = Callable[..., Spool]


@contextlib.contextmanager
def spools(root: Path) -> Iterator[Open]:
    """Opens spools under one root, with generous limits, and closes them in the end."""
    with contextlib.ExitStack() as opened:

        def opener(**options: object) -> Spool:
            spool = Spool(root, **{"max_bytes": 256 * MIB, "min_free_bytes": 0} | options)  # type: ignore[arg-type]
            opened.callback(spool.close)
            return spool

        yield opener


def drained(spool: Spool) -> list[bytes]:
    """Everything the spool gives."""
    records: list[bytes] = []
    spool.drain(records.extend)
    return records


def segment_files(root: Path) -> list[Path]:
    return sorted(root.glob("*-*/*.segment"))


def orphan(open_spool: Open, records: Sequence[bytes]) -> Path:
    """The only segment of a set that nobody holds any more."""
    dead = open_spool()
    before = set(segment_files(dead._root))
    for record in records:
        dead.append(record)
    dead.close()
    (path,) = set(segment_files(dead._root)) - before
    return path


def numbered(count: int, size: int = 8) -> list[bytes]:
    return [number.to_bytes(8) + bytes(size - 8) for number in range(count)]


@contextlib.contextmanager
def python(code: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    """A real process of ours that runs the code with the spool's root as its argument; killed in the end."""
    argv = [sys.executable, "-u", "-c", code, str(root)]
    with subprocess.Popen(argv, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
