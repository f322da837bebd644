"""One command to one device, through the MDM server it is enrolled in."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from domain.commands import Command, digest, shown
from domain.json_types import JSONObject
from tasks.owing import command_uuid_of


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
            "command_uuid": self.command_uuid or command_uuid_of(identifier),
            "device_id": self.device_id,
            "sender": self.sender,
            "request_type": self.request_type,
            "arguments": visible,
            "digest": said,
            "state": "pending",
            "created_at": now,
            "pushes": 0,
        }
