"""Mail over SMTP: one deadline for the whole conversation, and never twice to those who have it.

Source: https://www.rfc-editor.org/rfc/rfc5321#section-4.2 (replies; checked 2026-11).
"""

import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from clients.answers import showable
from clients.deadline import attempt
from clients.letter import Mail, Sender, compose, is_address
from clients.smtp import Conversation, Server
from clients.trouble import beneath, reason
from domain.errors import ActionError, OutcomeUnknown, PermanentError, TransientError

DEADLINE = 30.0
"""Seconds for one mail. Servers greet slowly on purpose, and look for viruses before they answer."""

AWAY = 421
"""The server is closing down."""

LOGIN = frozenset({530, 534, 535, 538})
"""It wants another login, or TLS first. https://www.rfc-editor.org/rfc/rfc4954#section-6 (checked 2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A recipient who did not get it, while others did. ``permanent`` says that trying again cannot help."""

    address: str
    reason: str
    permanent: bool


class Mailer:
    """Sends through one server, ``url`` as in `Server.parse`, from ``sender``: an address, or `Name <address>`.

    Raises: ValueError, for a URL or a sender that is none.
    """

    def __init__(
        self,
        url: str,
        sender: str,
        *,
        deadline: float = DEADLINE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._server = Server.parse(url)
        self._sender = Sender.parse(sender)
        self._deadline = deadline
        self._now = now

    def send(self, mail: Mail) -> list[Refused]:
        """Who did not get it; the server answers for the rest, and the mail must not go to them again.

        Raises:
            PermanentError: nobody got it, and nobody will.
            TransientError: nobody got it.
            OutcomeUnknown: it was sent in full and the server's answer is lost.
        """
        wanted = mail.only or mail.recipients
        good = [address for address in wanted if is_address(address)]
        refused = [
            Refused(address=address, reason="no mail address that we can send to", permanent=True)
            for address in wanted
            if address not in good
        ]
        if not good:
            raise PermanentError(f"no mail address among {len(refused)} recipients")
        named = [address for address in mail.recipients if is_address(address)]
        letter = compose(mail, sender=self._sender, recipients=named, date=self._now())
        with attempt(self._deadline), self._conversation() as conversation:
            return refused + self._deliver(conversation, list(dict.fromkeys(good)), letter)

    @contextmanager
    def _conversation(self) -> Iterator[Conversation]:
        """A server that greeted us, knows who we are, and is ready for a mail."""
        with self._mapping(), Conversation() as conversation:
            self._check(*conversation.greet(self._server))
            yield conversation

    def _deliver(self, conversation: Conversation, recipients: list[str], letter: bytes) -> list[Refused]:
        self._check(*conversation.mail(self._sender.address))
        refused = []
        for address in recipients:
            code, words = conversation.rcpt(address)
            if code in (250, 251):
                continue
            if code == AWAY or code in LOGIN or not 400 <= code < 600:
                raise self._by_code(code, words)
            why = f"{code} {self._shown(words)}"
            refused.append(Refused(address=address, reason=why, permanent=code >= 500))
        if len(refused) == len(recipients):
            raise self._nobody(refused)
        self._check(*conversation.docmd("DATA"), expected=354)
        # Broken off in here the last line, a dot, has not left: the server must forget the rest.
        conversation.send(letter)
        with self._mapping(OutcomeUnknown):
            code, words = conversation.getreply()
        self._check(code, words, otherwise=OutcomeUnknown)
        with suppress(OSError):  # which SMTP's errors are too; the mail is theirs now
            conversation.putcmd("QUIT")
        return refused

    @contextmanager
    def _mapping(self, lost: type[TransientError] = TransientError) -> Iterator[None]:
        """SMTP's errors as ours; ``lost`` is for a conversation that broke off."""
        try:
            yield
        except ActionError:
            raise
        except smtplib.SMTPAuthenticationError as exc:
            told = self._by_code(exc.smtp_code, exc.smtp_error)
            # What it quotes is in our words, without secrets.
            raise (self._login_refused(str(told)) if isinstance(told, PermanentError) else told) from None
        except smtplib.SMTPResponseException as exc:
            raise self._by_code(exc.smtp_code, exc.smtp_error, otherwise=lost) from None
        except smtplib.SMTPServerDisconnected as exc:
            raise lost(f"{self._server.place} broke off: {reason(exc)}", down=True) from beneath(exc)
        except smtplib.SMTPException as exc:
            raise PermanentError(
                f"{self._server.place} cannot do what WINDFALL_SMTP_URL asks: {self._shown(str(exc))}"
            ) from None
        except UnicodeError:
            raise PermanentError("the host, user name or password in WINDFALL_SMTP_URL is not ASCII") from None
        except OSError as exc:
            raise lost(f"{self._server.place} cannot be reached: {reason(exc)}", down=True) from exc

    def _check(
        self, code: int, words: bytes, *, expected: int = 250, otherwise: type[TransientError] = TransientError
    ) -> None:
        if code != expected:
            raise self._by_code(code, words, otherwise=otherwise)

    def _by_code(self, code: int, words: bytes | str, otherwise: type[TransientError] = TransientError) -> ActionError:
        """4xx is worth trying again, 5xx is not; ``otherwise`` is for what is no refusal at all."""
        said = f"{self._server.place} answered {code}: {self._shown(words)}"
        if 400 <= code < 500:
            return TransientError(said, down=code == AWAY)
        if code in LOGIN:
            return self._login_refused(said)
        return PermanentError(said) if 500 <= code < 600 else otherwise(said, down=True)

    def _login_refused(self, said: str) -> TransientError:
        """People mend that; until then the mails wait."""
        return TransientError(f"{said} (look at WINDFALL_SMTP_URL)", down=True)

    def _nobody(self, refused: list[Refused]) -> ActionError:
        said = f"{self._server.place} refuses all recipients, the first with {refused[0].reason}"
        return PermanentError(said) if all(each.permanent for each in refused) else TransientError(said)

    def _shown(self, words: bytes | str) -> str:
        text = words if isinstance(words, str) else words.decode("utf-8", "replace")
        return showable(text, self._server.secrets())
