"""Effects workers that kill themselves at a named step of a delivery: `python -m tests.faults.dying <port>`.

Each line of its input is a step, and makes a worker of its own: forked, because loading the code takes longer than the
rest. It prints the worker's process id, and its exit code when it is over. Steps are told apart by what the process is
about to say to the database, or to connect to: nothing of ours is changed.
"""

import os
import re
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from sqlalchemy import Engine, event

from tasks.effects import load_actions
from tasks.registry import load_handlers
from tasks.wording import load_notices
from workers.__main__ import main

STEPS: dict[str, tuple[str, str]] = {
    "after the claim": ("execute", r"SELECT commands\.id, commands\.command_uuid"),
    "before the call is noted": ("execute", r"UPDATE commands SET command_uuid"),
    "while the call is noted": ("commit", r"UPDATE commands SET command_uuid"),
    "after the call is noted": ("connect", ""),
    "after the reply": ("execute", r"SELECT actions\.id, actions\.attempts"),
    "in the middle of the settling": ("commit", r"UPDATE actions SET state=.*settled_at"),
    "after the settling": ("after commit", r"UPDATE actions SET state=.*settled_at"),
}
"""Step → what is about to be done, and the SQL that is about to be run, to be committed, or was."""


LOADED_BY_ALL = (
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.worker.consumer",
    "kombu.transport.redis",
)
"""What a worker loads when it starts."""


class Watch:
    """Kills the process once the step has come."""

    def __init__(self, moment: str, pattern: str) -> None:
        self._moment = moment
        self._pattern = re.compile(pattern, re.DOTALL)
        self._said: dict[Any, str] = {}
        self._is_over = False

    def execute(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if self._is_over or (self._moment == "execute" and self._pattern.search(statement)):
            die()
        self._said[connection.connection.dbapi_connection] = statement

    def commit(self, connection: Any) -> None:
        said = self._said.pop(connection.connection.dbapi_connection, "")
        if self._pattern.search(said):
            if self._moment == "commit":
                die()
            # The first thing that is done when the transaction is over.
            self._is_over = self._moment == "after commit"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watch(step: str, *, port: int) -> None:
    """Die at this step; ``port`` is the far end's."""
    moment, pattern = STEPS[step]
    if moment == "connect":
        sys.addaudithook(_on_connect(port))
        return
    found = Watch(moment, pattern)
    event.listen(Engine, "before_cursor_execute", found.execute)
    event.listen(Engine, "commit", found.commit)


def _on_connect(port: int) -> Callable[[str, tuple[Any, ...]], None]:
    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][1] == port:
            die()

    return hook


def serve(port: int) -> None:
    """One worker after the other; a step that is none of `STEPS` lets it live."""
    for name in LOADED_BY_ALL:
        import_module(name)
    for load in (load_handlers, load_actions, load_notices):
        load()
    for line in sys.stdin:
        step = line.strip()
        process_id = os.fork()
        if not process_id:
            os.dup2(2, 1)
            if step in STEPS:
                watch(step, port=port)
            main("effects")
            os._exit(0)
        print(process_id, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]), flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
