"""One mail to the configured recipients."""

from dataclasses import dataclass, field
from typing import ClassVar

from domain.json_types import JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMail:
    """A notice as a mail; it is worded when it is sent, from ``facts`` and what is known by then."""

    kind: ClassVar[str] = "send_mail"

    notice: str
    facts: JSONObject
    recipients: list[str] = field(default_factory=list)

    @property
    def destination(self) -> str:
        return "mail"
