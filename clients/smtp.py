"""An SMTP server's URL, and a conversation with it over sockets with a deadline."""

import base64
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from clients.deadline import TimedSocket, believing_anyone, open_socket, trusting

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}

_WRONG = "a mail server's URL is smtp://, smtp+starttls:// or smtps:// and user:password@host:port, %-escaped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where mail goes, and how. ``scheme`` is a key of `_PORTS`."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """`smtp://` encrypts when the server offers to, `smtp+starttls://` insists, `smtps://` is TLS from the start.

        The two that insist want a certificate that is known. Raises: ValueError, which quotes nothing of the URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError(_WRONG) from None  # it quotes
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(_WRONG)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    @property
    def place(self) -> str:
        return f"mail ({self.host}:{self.port})"

    def secrets(self) -> Iterator[str]:
        """In the forms in which they go over the wire."""
        if self.password:
            plain = (self.password, f"\0{self.user}\0{self.password}")
            yield from (self.password, *(base64.b64encode(form.encode()).decode() for form in plain))


class Conversation(smtplib.SMTP):
    """With one server; only inside `clients.deadline.attempt`. As a context it closes without asking to leave."""

    def __init__(self) -> None:
        name = socket.gethostname()
        # Without a name of its own smtplib would ask the resolver for one, for as long as that takes.
        super().__init__(local_hostname=name if "." in name and name.isascii() else "[127.0.0.1]")
        self._tls: ssl.SSLContext | None = None

    def __exit__(self, *_: object) -> None:
        self.close()

    def greet(self, server: Server) -> tuple[int, bytes]:
        """Connect, encrypt and log in, as far as the URL says and the server can; (250, …) when all went well.

        Raises: OSError, smtplib.SMTPException, UnicodeError.
        """
        self._host = server.host
        self._tls = trusting() if server.scheme == "smtps" else None
        code, words = self.connect(server.host, server.port)
        if code != 220:
            return code, words
        self.ehlo_or_helo_if_needed()
        if server.scheme == "smtp+starttls":
            self.starttls(context=trusting())
        elif server.scheme == "smtp" and self.has_extn("starttls"):
            self.starttls(context=believing_anyone())
        if server.user:
            self.login(server.user, server.password)
        self.ehlo_or_helo_if_needed()
        return 250, b""

    def getreply(self) -> tuple[int, bytes]:
        """The code is -1 for what is no reply."""
        try:
            return super().getreply()
        except smtplib.SMTPResponseException:  # smtplib's own, in the words of a refusal
            return -1, b"a line too long to read"

    def _get_socket(self, host: str, port: int, timeout: Any) -> TimedSocket | ssl.SSLSocket:  # noqa: ARG002
        connection = open_socket(host, port)
        return self._tls.wrap_socket(connection, server_hostname=host) if self._tls else connection
