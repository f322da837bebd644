"""Handlers that misbehave when a plist says so. `python -m tests.poison` is a worker with them."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

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


CROWD = 2


@dataclass
class _Crowd:
    """Those in one transaction."""

    uow: UnitOfWork | None = None
    size: int = 0


@on("mdm.GetToken")
def crowd(event: DeviceEvent, uow: UnitOfWork, *, seen: _Crowd = _Crowd()) -> None:  # noqa: B008 - it is remembered
    """Too many at once are the end of a worker, as a batch is that takes longer than a task may."""
    if event.payload.get("Poison") == "crowd":
        seen.uow, seen.size = uow, seen.size + 1 if seen.uow is uow else 1
        if seen.size > CROWD:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    from workers.__main__ import main

    main("worker")
