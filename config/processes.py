"""What the processes that granian starts have in common."""

import os
import threading
from multiprocessing import connection, parent_process

import structlog

log = structlog.get_logger()


def end_with_parent() -> None:
    """End this process when granian's main process is gone: an orphan would answer on, with old code and secrets."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        log.error("parent_gone", pid=os.getpid())
        os._exit(1)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
