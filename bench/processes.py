"""Processes in groups of their own, so that all of them end with us; and what each of them costs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 15.0
"""After SIGTERM, before SIGKILL."""


class BenchError(Exception):
    """The bench cannot go on; the text says why, in one line or with the end of a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident bytes of one process; pages that processes share count in each."""

    role: str
    pid: int
    rss: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A process that we started, with all its descendants, under the name of its role."""

    role: str
    popen: "subprocess.Popen[bytes]"
    log: Path

    @classmethod
    def start(cls, role: str, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> "Group":
        """Run ``command`` in the repository with just this environment, its output in the file ``log``."""
        with log.open("ab") as output:
            popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(role=role, popen=popen, log=log)

    def check(self) -> None:
        """Raises: BenchError, when the process has ended by itself."""
        if self.popen.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise BenchError(f"{self.role} ended with {self.popen.returncode}; its log ends:\n{tail}")

    def stop(self) -> None:
        """End the process politely and what is left of its group by force."""
        if self.popen.poll() is None:
            self.popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(STOP_SECONDS)

    def cpu_seconds(self) -> float:
        return cpu_of_tree(self.popen.pid)

    def memory(self) -> list[Memory]:
        found = []
        for process in _tree(self.popen.pid):
            role = self.role if process.pid == self.popen.pid else f"{self.role} child"
            found.append(Memory(role=role, pid=process.pid, rss=process.memory_info().rss))
        return found


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def clean_environment(**ours: str) -> dict[str, str]:
    """Nothing of the caller's shell but where to find things, so that two runs start alike."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **ours}


def cpu_of_tree(pid: int) -> float:
    """Seconds of CPU of a process and its descendants, those that have ended included; 0.0 when it is gone."""
    total = 0.0
    for process in _tree(pid):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def busy_seconds() -> float:
    """CPU seconds that this machine's processes have used, or its host has taken from it, since it started."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + getattr(times, "steal", 0.0))


def cores() -> int:
    """Those we may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tree(pid: int) -> Iterator[psutil.Process]:
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        yield process


def wait_until(what: str, ready: Callable[[], bool], *, seconds: float, groups: Sequence[Group] = ()) -> None:
    """Call ``ready`` until it is true. Raises: BenchError, after ``seconds`` or when one of ``groups`` has ended."""
    until = time.monotonic() + seconds
    while not ready():
        for group in groups:
            group.check()
        if time.monotonic() > until:
            raise BenchError(f"{what}: not after {seconds:.0f} s")
        time.sleep(0.1)
