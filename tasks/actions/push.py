"""A push to a device that has not answered, or said NotNow: it then asks for what waits for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from clients.nanomdm import MOST_IDS, NanoMDM
from domain.errors import ActionError, TransientError
from state.outbox import Claimed
from tasks.effects import Needless, Results
from tasks.outside import Outside


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
                try:
                    server.push(str(one.arguments["device_id"]))
                except TransientError as exc:
                    yield [(one, exc if exc.down else f"not pushed: {exc}")]
                except ActionError as exc:
                    yield [(one, exc)]
                else:
                    yield [(one, None)]


def _push_many(claimed: Sequence[Claimed], server: NanoMDM) -> Results:
    device_ids = {one.id: str(one.arguments["device_id"]) for one in claimed}
    try:
        errors = server.push(sorted(set(device_ids.values())))
    except ActionError as exc:
        return [(one, exc) for one in claimed]
    failed = {one.id: errors.get(device_ids[one.id]) for one in claimed}
    return [(one, f"not pushed: {failed[one.id]}" if failed[one.id] else None) for one in claimed]
