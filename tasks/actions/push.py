"""A push to a device that has not answered, or said NotNow: it then asks for what waits for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from clients.micromdm import MicroMDM
from clients.nanomdm import MOST_IDS, NanoMDM
from domain.errors import ActionError, TransientError
from state.outbox import Claimed
from state.resending import send_anew, silent_commands
from tasks.effects import Needless, Result, Results
from tasks.outside import Outside
from tasks.sending import ON_ITS_WAY

SILENCE = timedelta(hours=1)
"""So long after a command went out without an answer, MicroMDM is asked whether it still has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """``device_id`` is the enrolment id to be pushed."""

    kind: ClassVar[str] = "push"

    device_id: str
    sender: str

    @property
    def destination(self) -> str:
        return f"mdm:{self.sender}"

    @classmethod
    def perform_many(cls, claimed: Sequence[Claimed], outside: Outside) -> Iterator[Results]:
        """A device that cannot be pushed is left to its next push: only a server that is away is worth a retry."""
        server = outside.mdm.get(cls(**claimed[0].arguments).sender)
        if server is None:
            yield [(one, Needless(note="not pushed: its server is not configured any more")) for one in claimed]
        elif isinstance(server, NanoMDM):
            for start in range(0, len(claimed), MOST_IDS):
                yield _push_many(claimed[start : start + MOST_IDS], server)
        else:
            for one in claimed:
                yield [(one, _push_one(cls(**one.arguments), server, outside))]


def _push_one(push: Push, server: MicroMDM, outside: Outside) -> Result:
    # Whatever keeps us from looking into its queue, a proxy perhaps, need not keep a push from the device.
    note = _send_lost_anew(push, server, outside)
    try:
        server.push(push.device_id)
    except TransientError as exc:
        return exc if exc.down else f"not pushed: {exc}"
    except ActionError as exc:
        return exc
    return note


def _send_lost_anew(push: Push, server: MicroMDM, outside: Outside) -> str | None:
    """Owe again what the device has not answered and MicroMDM, which says 201 before it stores, does not have.

    What was handed out to the device stays in the queue until it is answered; the answer to what has left it may be on
    its way to us, and is waited for. A note where there was any such, or the queue cannot be read.
    """
    now = outside.now()
    silent = silent_commands(outside.engine, push.device_id, push.sender, sent_before=now - SILENCE)
    if not silent:
        return None
    try:
        queue = server.queue(push.device_id)
    except ActionError as exc:
        return f"pushed; what its server may have lost is not known, as its queue cannot be read: {exc}"
    lost = silent.keys() - {queued.command_uuid for queued in queue}
    anew = send_anew(outside.engine, [silent[command_uuid] for command_uuid in lost], at=now + ON_ITS_WAY)
    return f"sent anew what its server had lost: {len(anew)} commands" if anew else None


def _push_many(claimed: Sequence[Claimed], server: NanoMDM) -> Results:
    device_ids = {one.id: str(one.arguments["device_id"]) for one in claimed}
    try:
        errors = server.push(sorted(set(device_ids.values())))
    except ActionError as exc:
        return [(one, exc) for one in claimed]
    failed = {one.id: errors.get(device_ids[one.id]) for one in claimed}
    return [(one, f"not pushed: {failed[one.id]}" if failed[one.id] else None) for one in claimed]
