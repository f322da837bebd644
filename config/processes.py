"""What every process that has a parent of ours does about losing it."""

import os
import threading
import time

import structlog

log = structlog.get_logger()

LOOK_EVERY = 0.5
"""Seconds; Linux could tell at once (PR_SET_PDEATHSIG), this works everywhere."""


def end_with_parent(parent: int) -> None:
    """End this process soon after its parent is gone; ``parent`` is the id that the parent knows itself by: asking for
    it here would find another one when it is gone already.

    An orphan of granian would go on answering, with old code and old secrets; one of Celery would hold connections and
    a lease. What either was doing is done again by its successor.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY)
        try:
            log.error("parent_gone", pid=os.getpid())
        finally:
            os._exit(1)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
