"""`python -m console.with_parent [--lock FILE] COMMAND …`: become COMMAND, and be told to end when the parent is gone.

A supervisor that is killed with -9 cannot stop what it started; the kernel of Linux can. Elsewhere only the lock works.

Who asks for the id of its parent when that is gone already is given another's, and would wait for that one: so the id
is handed down in the environment, by whoever starts this and by this to what its command starts.
"""

import ctypes
import fcntl
import os
import signal
import sys
from collections.abc import Sequence

PARENT = "WITH_PARENT_PID"
"""The variable that holds the id of the process that starts us."""

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have this process sent SIGTERM when its parent ends; survives `exec`, not `fork`. Source: prctl(2)."""
    if sys.platform == "linux":
        parent = int(os.environ.get(PARENT, os.getppid()))
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(f"windfall: the parent (process {parent}) is gone")
        os.environ |= as_parent()


def as_parent() -> dict[str, str]:
    """This process's environment for what it starts through here."""
    return {**os.environ, PARENT: str(os.getpid())}


def hold(path: str) -> None:
    """Lock a file for as long as this process, or what it becomes, lives."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"windfall: somebody else holds {path}")
    os.set_inheritable(descriptor, True)


def main(arguments: Sequence[str]) -> None:
    if arguments[:1] == ["--lock"]:
        hold(arguments[1])
        arguments = arguments[2:]
    if not arguments:
        sys.exit("usage: python -m console.with_parent [--lock FILE] COMMAND …")
    end_with_parent()
    os.execvp(arguments[0], list(arguments))  # noqa: S606 - that is what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
