"""One command to one device, through the MDM server it is enrolled in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from clients.nanomdm import NanoMDM
from domain.commands import Command, digest, shown
from domain.errors import TransientError
from domain.json_types import JSONObject
from state.calls import Call, read_calls
from state.outbox import Claimed
from tasks.effects import Needless, Results
from tasks.letter import Letter
from tasks.outside import Outside
from tasks.owing import command_uuid_of
from tasks.sending import send_each, send_to_many


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCommand:
    """``device_id`` is the enrolment id it is for; ``arguments`` are under Apple's names (domain.commands)."""

    kind: ClassVar[str] = "send_command"

    device_id: str
    sender: str
    request_type: str
    arguments: JSONObject = field(default_factory=dict)
    command_uuid: str | None = None

    @property
    def destination(self) -> str:
        return f"mdm:{self.sender}"

    @property
    def command(self) -> Command:
        return Command(request_type=self.request_type, arguments=self.arguments)

    def command_row(self, identifier: str, now: datetime) -> dict[str, Any]:
        """The command as it is followed until the device has answered."""
        visible = shown(self.command)
        # Of a secret not even a digest is kept; such a command then shares no call with others.
        said = digest(self.command) if visible == self.arguments else identifier
        return {
            "command_uuid": self._own_uuid(identifier),
            "device_id": self.device_id,
            "sender": self.sender,
            "request_type": self.request_type,
            "arguments": visible,
            "digest": said,
            "state": "pending",
            "created_at": now,
            "pushes": 0,
        }

    def _own_uuid(self, identifier: str) -> str:
        return self.command_uuid or command_uuid_of(identifier)

    def letter(self, claimed: Claimed, call: Call) -> Letter:
        """This command on its way."""
        return Letter(claimed=claimed, command=self.command, call=call, own_uuid=self._own_uuid(claimed.id))

    @staticmethod
    def forgetting_secrets(arguments: JSONObject) -> JSONObject | None:
        """What is kept of one that was sent."""
        visible = shown(SendCommand(**arguments).command)
        return None if visible == arguments["arguments"] else {**arguments, "arguments": visible}

    @classmethod
    def perform_many(cls, claimed: Sequence[Claimed], outside: Outside) -> Iterator[Results]:
        """Send those that still wait; NanoMDM takes one call for many devices."""
        calls = read_calls(outside.engine, [one.id for one in claimed])
        letters = [cls(**one.arguments).letter(one, calls[one.id]) for one in claimed]
        over = [letter for letter in letters if letter.call.state != "pending"]
        if over:
            yield [(letter.claimed, Needless(note=f"not sent: the command is {letter.call.state}")) for letter in over]
        waiting = [letter for letter in letters if letter.call.state == "pending"]
        sender = cls(**claimed[0].arguments).sender
        server = outside.mdm.get(sender)
        if server is None:
            error = TransientError(f"nobody says where the MDM server of sender {sender} is", down=True)
            yield [(letter.claimed, error) for letter in waiting]
        elif isinstance(server, NanoMDM):
            yield from send_to_many(waiting, server, outside)
        else:
            yield from send_each(waiting, server, outside)
