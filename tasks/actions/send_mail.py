"""One mail to the configured recipients."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from clients.letter import Mail
from clients.mail import Refused
from domain.errors import PermanentError
from domain.json_types import JSONObject
from tasks.outside import Outside
from tasks.wording import word


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

    def perform(self, outside: Outside, *, action_id: str) -> str | None:
        """Send it; who did not get it, when others did. Sent again it is the same mail, by its Message-ID.

        Raises: PermanentError without a mail server; what `Mailer.send` raises.
        """
        if outside.mailer is None:
            raise PermanentError("no mail server is configured: set WINDFALL_SMTP_URL")
        worded = word(self.notice, self.facts, outside)
        mail = Mail(
            subject=worded.subject,
            text=worded.text,
            html=worded.html,
            recipients=self.recipients,
            # A name that is nobody's: https://www.rfc-editor.org/rfc/rfc2606#section-2
            message_id=f"<{action_id}@windfall.invalid>",
        )
        return _note(outside.mailer.send(mail))


def _note(refused: Sequence[Refused]) -> str | None:
    said = "; ".join(f"{each.address} ({each.reason})" for each in refused)
    return f"not delivered to {said}" if said else None
