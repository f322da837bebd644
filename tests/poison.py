"""Handlers that misbehave when a plist says so. `python -m tests.poison` is a worker with them."""

import os
import signal
import sys
from collections.abc import Callable

from domain.device_event import DeviceEvent
from state.unit_of_work import UnitOfWork
from tasks.registry import on


def _raise() -> None:
    raise RuntimeError("this event is poison")


def _exhaust() -> None:
    raise MemoryError


MISDEEDS: dict[str, Callable[[], object]] = {
    "raise": _raise,
    "memory": _exhaust,
    "exit": lambda: sys.exit(1),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


@on("mdm.GetToken")
def swallow_poison(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Do what the plist's `Poison` says."""
    misdeed = MISDEEDS.get(str(event.payload.get("Poison")))
    if misdeed:
        misdeed()


if __name__ == "__main__":
    from workers.__main__ import main

    main("worker")
