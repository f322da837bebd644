"""A claimed command on its way, and what an error means for one that may have gone out before."""

from dataclasses import dataclass

from domain.commands import Command, never_twice, payload
from domain.errors import ActionError, OutcomeNeverKnown, OutcomeUnknown, TransientError
from state.calls import Call
from state.outbox import Claimed

UNKNOWN = (
    "outcome unknown: it may have been carried out and is not sent again by itself; look at the device, then retry it "
    "if it was not"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A claimed command and how far it got before. ``own_uuid`` it shares with no other, `call.command_uuid` it may."""

    claimed: Claimed
    command: Command
    call: Call
    own_uuid: str

    @property
    def payload(self) -> bytes:
        return payload(self.command, self.call.command_uuid)


def final(letter: Letter, exc: ActionError) -> ActionError:
    """What may have happened and must not happen twice is over."""
    unknown = isinstance(exc, OutcomeUnknown) and never_twice(letter.command)
    return OutcomeNeverKnown(f"{UNKNOWN} ({exc})", down=exc.down) if unknown else exc


def still_unknown(exc: ActionError) -> ActionError:
    """This call surely did nothing, and one before it may have."""
    if isinstance(exc, TransientError):
        return OutcomeUnknown(str(exc), retry_after=exc.retry_after, down=exc.down)
    return OutcomeNeverKnown(str(exc), down=exc.down)
