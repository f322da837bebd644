"""A mail as bytes for the wire. Nothing in it can add a header, a recipient or a second mail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Self

from clients.answers import showable
from domain.errors import PermanentError
from domain.text import storable

_ADDRESS = re.compile(r"[^\s<>()\[\]\\,;:\"@]+(@[A-Za-z0-9.-]+)?")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail; ``html`` may be empty. ``message_id`` (`<…@…>`) makes a repeat recognisable as the same mail.

    ``only`` are those of the ``recipients`` who do not have it yet, when others do; empty: it goes to all.
    """

    subject: str
    text: str
    html: str = ""
    recipients: Sequence[str]
    only: Sequence[str] = ()
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whom mail is from; ``name`` may be empty."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """`address`, or `Name <address>`. Raises: ValueError."""
        name, opening, rest = text.rpartition("<")
        address = rest.removesuffix(">") if opening else text
        if not is_address(address) or (opening and not rest.endswith(">")) or not name.isprintable():
            raise ValueError(f"{showable(text)!r} is no mail address to send from")
        return cls(name=name.strip().strip('"'), address=address)


def is_address(text: str) -> bool:
    """True for `name@host`, or a bare name, in ASCII and without quotes or comments: what every server takes."""
    return text.isascii() and text.isprintable() and _ADDRESS.fullmatch(text) is not None


def compose(mail: Mail, *, sender: Sender, recipients: Sequence[str], date: datetime) -> bytes:
    """All that follows DATA, with its last line. Raises: PermanentError, for what no header can hold."""
    message = EmailMessage(policy=_POLICY)
    try:
        message["From"] = Address(display_name=sender.name, addr_spec=sender.address)
        message["To"] = [Address(addr_spec=recipient) for recipient in recipients]
        message["Subject"] = showable(mail.subject)
        message["Date"] = format_datetime(date)
        message["Message-ID"] = mail.message_id
        message["Auto-Submitted"] = "auto-generated"  # so that nobody's absence is told to us
        message.set_content(storable(mail.text))
        if mail.html:
            message.add_alternative(storable(mail.html), subtype="html")
        content = message.as_bytes()
    except (MessageError, ValueError) as exc:
        raise PermanentError(f"this cannot be made a mail: {type(exc).__name__}") from exc
    return _dotted(content)


def _dotted(content: bytes) -> bytes:
    """Lines end in CRLF, none is a lone dot but the last. https://www.rfc-editor.org/rfc/rfc5321#section-4.5.2"""
    lines = _LINE_END.split(content.rstrip(b"\r\n"))
    return b"".join((b".." + line[1:] if line.startswith(b".") else line) + b"\r\n" for line in lines) + b".\r\n"
