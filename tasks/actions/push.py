"""A push to a device that has not answered, or said NotNow: it then asks for what waits for it."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """``device_id`` is the enrolment id to be pushed."""

    kind: ClassVar[str] = "push"

    device_id: str
    sender: str

    @property
    def destination(self) -> str:
        return f"mdm:{self.sender}"
