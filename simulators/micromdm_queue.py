"""MicroMDM's ``builtin`` queue: one line of commands per device, and one of those it said NotNow to.

Source: https://github.com/micromdm/micromdm/blob/v1.13.1/platform/queue/builtin/db.go
"""

from dataclasses import dataclass, field

from simulators.mdm_server import Command


@dataclass(slots=True)
class Line:
    """The commands of one device, user or User Enrollment."""

    commands: list[Command] = field(default_factory=list)
    not_now: list[Command] = field(default_factory=list)

    def next(self, status: str, command_uuid: str) -> Command | None:
        """Note the answer to a command and give the next one, which goes to the end until it is answered.

        Raises:
            ValueError: no such status.
        """
        match status:
            case "Acknowledged" | "Error" | "CommandFormatError":
                self._cut(command_uuid)
            case "NotNow":
                if (cut := self._cut(command_uuid)) is not None:
                    self.not_now.append(cut)
            case "Idle":
                pass
            case _:
                raise ValueError(f"unknown response status: {status}")
        command = None
        if self.commands:
            command = self.commands.pop(0)
        elif status != "NotNow" and self.not_now:
            command = self.not_now.pop(0)
        if command is not None:
            self.commands.append(command)
        return command

    def _cut(self, command_uuid: str) -> Command | None:
        """The first with this UUID, taken out: there may be several, as nobody checks."""
        for place, command in enumerate(self.commands):
            if command.command_uuid == command_uuid:
                return self.commands.pop(place)
        return None
