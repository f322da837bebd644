"""supervisord as our child: started, listened to, stopped, and told by the kernel to end when we are gone."""

import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

from console.supervisor_config import Program
from console.with_parent import as_parent

_EXITED = re.compile(r"exited: (\S+) \((.+?)(?:; (?:not )?expected)?\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """A process that ended without being asked to; it has been or will be started again."""

    program: str
    how: str


class Supervisor:
    """Starts everything at once. ``lock`` is a descriptor that it keeps open for as long as it lives."""

    def __init__(self, configuration: Path, programs: Sequence[Program], *, lock: int) -> None:
        self._patience = sum(program.stop_within for program in programs) + 10
        # No SimpleQueue: a signal that comes as its timeout ends makes it wait for ever (seen with CPython 3.11).
        self._exits: Queue[Exit | None] = Queue()
        python = (sys.executable, "-P", "-m")
        self._process = subprocess.Popen(
            [*python, "console.with_parent", *python, "supervisor.supervisord", "--configuration", str(configuration)],
            env=as_parent(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
            pass_fds=(lock,),
            # Ctrl-C is for us alone: we pass it on once.
            start_new_session=True,
        )
        threading.Thread(target=self._listen, name="supervisor-log", daemon=True).start()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def next_exit(self, *, within: float) -> Exit | None:
        """The next process that ended by itself, None when there is none in so many seconds."""
        try:
            return self._exits.get(timeout=within)
        except Empty:
            return None

    def stop(self) -> bool:
        """Stop everything and wait for it; False when it had to be forced."""
        self._process.terminate()
        try:
            self._process.wait(timeout=self._patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def _listen(self) -> None:
        """Read its log to the end, so that its pipe never fills."""
        if self._process.stdout is not None:
            with self._process.stdout as log:
                for line in log:
                    found = _EXITED.search(line)
                    if found:
                        self._exits.put(Exit(program=found[1], how=found[2]))
        self._exits.put(None)
