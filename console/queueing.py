"""The queues that a MicroMDM keeps for a device and its users: looked into, and cleared with what we know of them."""

from dataclasses import dataclass
from datetime import datetime

from clients.micromdm import MicroMDM, QueuedCommand
from console.commanding import Recipient
from console.stores import Stores
from domain.errors import OutcomeUnknown, PermanentError, TransientError, Unreachable
from domain.json_types import JSONObject
from state.ordering import OpenCommand, give_up, open_commands
from state.queries.devices import users_of

CLEARED = "the device's queue was cleared by hand"

MOST_QUEUES = 20
"""Queues that are looked into for one device; a Mac has a few users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What the server keeps for a device or a user, in order, and what we have not heard an answer to."""

    device_id: str
    waiting: list[QueuedCommand]
    ours: list[OpenCommand]

    @property
    def leaving(self) -> int:
        """Ours that are being sent at this moment."""
        return sum(command.is_leaving for command in self.ours)

    def items(self) -> list[JSONObject]:
        known = {command.command_uuid for command in self.ours}
        return [
            {
                "command_uuid": one.command_uuid,
                "request_type": one.request_type,
                "ours": one.command_uuid in known,
                "device_id": self.device_id,
            }
            for one in self.waiting
        ]


def look(stores: Stores, server: MicroMDM, whose: Recipient) -> list[Queue]:
    """The queues of a device and its users, or that of the one user who is meant. Raises: Unreachable, DatabaseAway."""
    ids = [whose.id]
    if whose.user is None:
        users = users_of(stores.engine, whose.device.id)
        ids += [user.id for user in users if user.has_own_queue][: MOST_QUEUES - 1]
    return [_look(stores, server, one, whose.device.sender or "") for one in ids]


def _look(stores: Stores, server: MicroMDM, device_id: str, sender: str) -> Queue:
    # Ours first: what is sent in between is in the queue and not ours, rather than cleared without a word.
    ours = open_commands(stores.engine, device_id, sender)
    try:
        return Queue(device_id=device_id, waiting=server.queue(device_id), ours=ours)
    except (PermanentError, TransientError) as exc:
        raise Unreachable(f"the queue cannot be read: {exc}") from exc


def clear(stores: Stores, server: MicroMDM, queue: Queue, *, now: datetime) -> int:
    """Drop all that waits there, and expect no answer to ours any more; how many of ours went.

    What is being sent at this very moment may come after it, and stays. Raises: Unreachable, DatabaseAway.
    """
    try:
        server.clear_queue(queue.device_id)
    except OutcomeUnknown as exc:
        raise Unreachable(f"nobody knows whether the queue was cleared, look at it again: {exc}") from exc
    except (PermanentError, TransientError) as exc:
        raise Unreachable(f"the queue was not cleared: {exc}") from exc
    gone = [command.id for command in queue.ours if not command.is_leaving]
    give_up(stores.engine, gone, reason=CLEARED, now=now)
    return len(gone)
