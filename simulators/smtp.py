"""A mail server that takes mail over real SMTP, keeps it, and can be told to refuse it.

Source: https://aiosmtpd.aio-libs.org/
"""

import asyncio
import socket
import threading
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

from aiosmtpd.smtp import SMTP, Envelope, Session

from simulators.faults import Down, Slip
from simulators.serving import Server

OK = "250 2.0.0 OK"
CLOSED = b"421 4.3.2 Service not available\r\n"
BROKEN = "451 4.3.0 Local error in processing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that was taken; ``recipients`` are those of the envelope. Empty strings for parts it does not have.

    ``raw`` is what came after DATA, without the dots that SMTP adds.
    """

    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    message_id: str
    message: EmailMessage
    raw: bytes


class MailServer(Server):
    """``mails`` holds what was taken. Down, it refuses connections, never greets, or greets with 421.

    ``faults.error_before_storing`` answers a mail with 451; ``faults.lose_reply`` keeps it and drops the connection.
    """

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(port=port)
        self.mails: list[Mail] = []
        self._refusals: dict[str, str] = {}
        self._wires: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is, as a mail setting has it."""
        return f"smtp://127.0.0.1:{self.port}"

    def refuse(self, reply: str, *, recipient: str = "") -> None:
        """Answer ``reply`` (``451 …``, ``550 …``) to every mail from now on, or to RCPT of this one recipient."""
        self._refusals[recipient] = reply

    def accept(self) -> None:
        """Take mail again, for everybody."""
        self._refusals.clear()

    def go_down(self, how: Down) -> None:
        super().go_down(how)
        self._cut_all()

    def come_back(self) -> None:
        super().come_back()
        self._cut_all()

    def stop(self) -> None:
        super().stop()
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._thread = None
        if not self._loop.is_closed():
            self._loop.run_until_complete(_end_tasks(self._loop))
            self._loop.close()

    # aiosmtpd finds its hooks by these names, and calls them with these arguments.
    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802
        """Answer to one recipient."""
        if address in self._refusals:
            return self._refusals[address]
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, talker: "_Talker", _: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer to the mail itself."""
        if "" in self._refusals:
            return self._refusals[""]
        slip = self.faults.take("DATA")
        if slip is Slip.ERROR_FIRST:
            return BROKEN
        self.mails.append(_read(envelope))
        if slip is Slip.REPLY_LOST:
            talker.cut()
        if slip is Slip.REPLY_HANGS:
            await asyncio.Event().wait()
        return OK

    def _listen(self, listener: socket.socket) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop.run_forever, name="MailServer", daemon=True)
            self._thread.start()
        opening = self._loop.create_server(self._meet, sock=listener)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result()

    def _hang_up(self) -> None:
        if self._server is not None:
            self._loop.call_soon_threadsafe(self._server.close)
            self._server = None

    def _meet(self) -> asyncio.Protocol:
        """Whom a new connection talks to."""
        down = self.faults.down
        if down is None:
            return _Talker(self, self._wires, self._loop)
        return _Mute(self._wires, CLOSED if down in {Down.ERROR, Down.UNAVAILABLE} else b"")

    def _cut_all(self) -> None:
        """Return when every connection is cut."""
        if self._thread is not None:
            asyncio.run_coroutine_threadsafe(_abort(self._wires), self._loop).result()


class _Talker(SMTP):
    """aiosmtpd, with its connection on the list."""

    def __init__(self, handler: MailServer, wires: set[asyncio.Transport], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(handler, hostname="mail.example", loop=loop, enable_SMTPUTF8=True)
        self._wires = wires

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _note(self._wires, transport)
        super().connection_made(transport)

    def cut(self) -> None:
        """End the connection without another word."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        _forget(self._wires, self.transport)
        super().connection_lost(error)


class _Mute(asyncio.Protocol):
    """Takes a connection and says ``words`` and goodbye, or nothing at all."""

    def __init__(self, wires: set[asyncio.Transport], words: bytes) -> None:
        self._wires = wires
        self._words = words
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        _note(self._wires, transport)
        if self._words and isinstance(transport, asyncio.Transport):
            transport.write(self._words)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        _forget(self._wires, self._transport)


def _note(wires: set[asyncio.Transport], transport: asyncio.BaseTransport) -> None:
    if isinstance(transport, asyncio.Transport):
        wires.add(transport)


def _forget(wires: set[asyncio.Transport], transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.Transport):
        wires.discard(transport)


async def _abort(wires: set[asyncio.Transport]) -> None:
    for transport in wires.copy():
        transport.abort()


async def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Let every conversation end: one that is cut off in the middle would be complained about."""
    tasks = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)


def _read(envelope: Envelope) -> Mail:
    raw = envelope.original_content or b""
    message = message_from_bytes(raw, policy=policy.default)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    return Mail(
        sender=envelope.mail_from or "",
        recipients=tuple(envelope.rcpt_tos),
        subject=str(message["Subject"] or ""),
        text=_content(plain),
        html=_content(html),
        message_id=str(message["Message-ID"] or ""),
        message=message,
        raw=raw,
    )


def _content(part: MIMEPart | None) -> str:
    """Its text as it was written; on the wire every line ends in CRLF."""
    return str(part.get_content()).replace("\r\n", "\n") if part else ""
