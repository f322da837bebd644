"""Sockets that end with the attempt they belong to, however slowly the far end drips.

The timeouts of requests and smtplib hold for one read: a byte a second keeps them waiting for ever. These sockets set
the time that is left before each read, write and handshake, so no watching thread is needed.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from requests.utils import DEFAULT_CA_BUNDLE_PATH

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_Addresses = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]]


class Attempt:
    """One try to reach a far end. ``sent`` turns True with the first byte of ours that the system took for it.

    What TLS sends of its own accord does not count.
    """

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self.sent = False

    def remaining(self) -> float:
        """Seconds left, more than 0. Raises: TimeoutError."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this attempt is over")
        return left


_current: ContextVar[Attempt] = ContextVar("attempt")


@contextmanager
def attempt(seconds: float) -> Iterator[Attempt]:
    """Gives the sockets below, in this thread, so many seconds for all they do inside; then they raise TimeoutError."""
    token = _current.set(Attempt(seconds))
    try:
        yield _current.get()
    finally:
        _current.reset(token)


class TimedSocket(socket.socket):
    """A socket that belongs to the current attempt, whichever that is when it is used."""

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(_current.get().remaining())
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """As ever, and an error before the first byte was taken leaves `Attempt.sent` as it was."""
        current = _current.get()
        with memoryview(data).cast("B") as rest:
            done = 0
            while done < len(rest):
                self.settimeout(current.remaining())
                done += self.send(rest[done:], flags)
                current.sent = True


class TimedTLSSocket(ssl.SSLSocket):
    """`TimedSocket` inside TLS; `sendall` comes through `send`."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(_current.get().remaining())
        super().do_handshake(block)

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(_current.get().remaining())
        return super().recv_into(buffer, nbytes, flags)

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        current = _current.get()
        self.settimeout(current.remaining())
        count = super().send(data, flags)
        current.sent = True
        return count


def trusting() -> ssl.SSLContext:
    """TLS that believes the system's authorities (where a company adds its own) and those that come with requests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    context.sslsocket_class = TimedTLSSocket
    return context


def believing_anyone() -> ssl.SSLContext:
    """TLS against those who only listen: whoever stands in between is believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = TimedTLSSocket
    return context


def open_socket(host: str, port: int) -> TimedSocket:
    """A connection for the current attempt; of several addresses each gets a fair part of the time. Raises: OSError."""
    current = _current.get()
    addresses = _resolve(host, port, current)
    failure: OSError | None = None
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = TimedSocket(family, kind, protocol)
        try:
            connection.settimeout(current.remaining() / (len(addresses) - tried))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as exc:
            connection.close()
            failure = exc
        else:
            return connection
    raise failure or OSError(f"{host} has no address")


def _resolve(host: str, port: int, current: Attempt) -> _Addresses:
    """In a thread that is left behind when it takes too long: the system's resolver cannot be interrupted."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        answer: Future[_Addresses] = Future()
        threading.Thread(target=_look_up, args=(host, port, answer), name="resolver", daemon=True).start()
        return answer.result(timeout=current.remaining())


def _look_up(host: str, port: int, answer: "Future[_Addresses]") -> None:
    try:
        answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as exc:
        answer.set_exception(exc)
