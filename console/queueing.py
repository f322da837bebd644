"""The queue that a MicroMDM keeps for a device: looked into, and cleared together with what we know of it."""

from dataclasses import dataclass
from datetime import datetime

from clients.micromdm import MicroMDM, QueuedCommand
from console.stores import Stores
from domain.errors import OutcomeUnknown, PermanentError, TransientError, Unreachable
from domain.json_types import JSONObject
from state.ordering import OpenCommand, give_up, open_commands
from state.queries.devices import Addressee

CLEARED = "the device's queue was cleared by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What the server keeps for a device, in order, and what we have not heard an answer to."""

    waiting: list[QueuedCommand]
    ours: list[OpenCommand]

    def items(self) -> list[JSONObject]:
        known = {command.command_uuid for command in self.ours}
        return [
            {"command_uuid": one.command_uuid, "request_type": one.request_type, "ours": one.command_uuid in known}
            for one in self.waiting
        ]


def look(stores: Stores, server: MicroMDM, device: Addressee) -> Queue:
    """Raises: Unreachable, DatabaseAway."""
    # Ours first: what is sent in between is in the queue and not ours, rather than cleared without a word.
    ours = open_commands(stores.engine, device.id, device.sender or "")
    try:
        return Queue(waiting=server.queue(device.id), ours=ours)
    except (PermanentError, TransientError) as exc:
        raise Unreachable(f"the queue cannot be read: {exc}") from exc


def clear(stores: Stores, server: MicroMDM, device: Addressee, ours: list[OpenCommand], *, now: datetime) -> int:
    """Drop all that waits for the device there, and expect no answer to ours any more; how many of ours went.

    What is being sent at this very moment may come after it, and stays. Raises: Unreachable, DatabaseAway.
    """
    try:
        server.clear_queue(device.id)
    except OutcomeUnknown as exc:
        raise Unreachable(f"nobody knows whether the queue was cleared, look at it again: {exc}") from exc
    except (PermanentError, TransientError) as exc:
        raise Unreachable(f"the queue was not cleared: {exc}") from exc
    gone = [command.id for command in ours if not command.is_leaving]
    give_up(stores.engine, gone, reason=CLEARED, now=now)
    return len(gone)
