"""How a whole Jamf Pro is asked: one request after the other, by one who reads, and again after a while."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from config.slots import Slot
from domain.errors import ActionError, TransientError
from state.destinations import note_failure
from tasks.deliver import Deliverer

log = structlog.get_logger()

PAUSES = (2.0, 10.0, 30.0)
"""Seconds before the 2nd, 3rd, … try of one page."""

LONGEST_PAUSE = 40.0
"""A server that asks for more quiet has it, and the round goes on there later: no thread sleeps through it."""

Read = TypeVar("Read")


class SlotLost(Exception):
    """Somebody else may be reading by now."""


@dataclass(frozen=True, slots=True)
class Patience:
    """With the server known as ``sender``, for as long as ``slot`` is ours."""

    sender: str
    deliverer: Deliverer
    slot: Slot

    def read(self, ask: Callable[[], Read]) -> Read:
        """Once more after a while, or after as long as the server asks for. Raises: ActionError, `SlotLost`."""
        pauses = iter(PAUSES)
        while True:
            self._renew()
            try:
                return ask()
            except ActionError as exc:
                self._blame(exc)
                pause = _pause_after(exc, next(pauses, None))
                if pause is None:
                    raise
                log.info("jamf_read_waits", sender=self.sender, seconds=pause, error=str(exc))
            self._renew()
            self.deliverer.pause(pause)

    def _renew(self) -> None:
        if not self.slot.renew():
            raise SlotLost

    def _blame(self, error: ActionError) -> None:
        """Where the server itself is at fault, who reads single records there is told to wait, too."""
        if is_away(error):
            outside = self.deliverer.outside
            retry_after = error.retry_after if isinstance(error, TransientError) else None
            note_failure(
                outside.engine, f"jamf:{self.sender}", error=str(error), now=outside.now(), retry_after=retry_after
            )


def is_away(error: ActionError) -> bool:
    """Whether the server is at fault, or asks for quiet; not what was asked of it."""
    return error.down or asks_for_quiet(error)


def asks_for_quiet(error: ActionError) -> bool:
    return isinstance(error, TransientError) and error.retry_after is not None


def _pause_after(error: ActionError, least: float | None) -> float | None:
    """None when it is not tried again: it cannot help, was tried often enough, or would take too long."""
    if least is None or not isinstance(error, TransientError):
        return None
    pause = max(least, error.retry_after or 0.0)
    return pause if pause <= LONGEST_PAUSE else None
