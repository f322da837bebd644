"""One mail to the configured recipients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from clients.letter import Mail
from clients.mail import Refused
from domain.errors import PermanentError
from domain.json_types import JSONObject
from tasks.effects import Needless, Partly
from tasks.outside import Outside
from tasks.wording import NOTHING_TO_TELL, word


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMail:
    """A notice as a mail; it is worded when it is sent, from ``facts`` and what is known by then.

    ``only`` are those of the ``recipients`` who do not have it yet, when others got it from the action ``first``.
    """

    kind: ClassVar[str] = "send_mail"

    notice: str
    facts: JSONObject
    recipients: list[str] = field(default_factory=list)
    only: list[str] = field(default_factory=list)
    first: str = ""

    @property
    def destination(self) -> str:
        return "mail"

    def perform(self, outside: Outside, *, action_id: str) -> str | Partly | Needless | None:
        """Send it; who did not get it, when others did. Sent again it is the same mail, by its Message-ID.

        Recipients who may be taken later (greylisted, or too many at once) are left for an action of their own.

        Raises: PermanentError without a mail server; what `Mailer.send` raises.
        """
        if outside.mailer is None:
            raise PermanentError("no mail server is configured: set WINDFALL_SMTP_URL")
        worded, first = word(self.notice, self.facts, outside), self.first or action_id
        if worded is None:
            return NOTHING_TO_TELL
        mail = Mail(
            subject=worded.subject,
            text=worded.text,
            html=worded.html,
            recipients=self.recipients,
            only=self.only,
            # A name that is nobody's: https://www.rfc-editor.org/rfc/rfc2606#section-2
            message_id=f"<{first}@windfall.invalid>",
        )
        refused = outside.mailer.send(mail)
        note = "; ".join(_notes(refused))
        later = [each.address for each in refused if not each.permanent]
        return Partly(rest=replace(self, only=later, first=first), note=note) if later else note or None


def _notes(refused: Sequence[Refused]) -> Iterator[str]:
    for words, permanent in (("not delivered to", True), ("tried again by an action of its own for", False)):
        named = "; ".join(f"{each.address} ({each.reason})" for each in refused if each.permanent is permanent)
        if named:
            yield f"{words} {named}"
