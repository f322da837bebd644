"""An HTTP/1.1 server in this process, with keep-alive, a log of its calls, and faults to switch on while it runs."""

import os
import socket
import struct
import sys
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from simulators.faults import Down, Slip
from simulators.serving import Server

PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. ``path`` is decoded and without its query; header names are in lower case.

    ``query`` has the first value of each name, ``queries`` all of them.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    queries: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back. ``after`` runs when it has gone out; ``ids`` and ``command_uuid`` are for the log of calls."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: PLAIN)
    ids: tuple[str, ...] = ()
    command_uuid: str = ""
    after: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as the log has it; ``status`` is None when no answer was sent, or none was finished."""

    at: datetime
    method: str
    path: str
    status: int | None
    ids: tuple[str, ...] = ()
    command_uuid: str = ""


class HttpServer(Server):
    """A server of HTTP; ``calls`` is the log of all that came to it."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(port=port)
        self.calls: list[Call] = []
        self._listening: _Listening | None = None

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Act on ``request``. Called on many threads at once."""

    def failure(self) -> Answer:
        """What this server says when something inside it broke."""
        return Answer(status=500, body=b"Internal Server Error\n")

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def count(self, method: str = "", path: str = "") -> int:
        """Calls so far with this method, whose path contains ``path``; empty for any."""
        return sum(method in {"", call.method} and path in call.path for call in self.calls.copy())

    def _listen(self, listener: socket.socket) -> None:
        self._listening = _Listening(self, listener)

    def _hang_up(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None


class _Listening(ThreadingHTTPServer):
    """A listener and its connections, from one opening to one closing."""

    daemon_threads = True

    def __init__(self, owner: HttpServer, listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.owner = owner
        self._live: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name=type(owner).__name__, daemon=True
        )
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._live.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._live.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is its own affair; anything else is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            for connection in self._live:
                _cut(connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Listening

    def serve(self) -> None:
        request = self._read()
        owner = self.server.owner
        faults = owner.faults
        down, over = faults.down, faults.over
        if down in {Down.SILENT, Down.DRIPPING}:
            self._log(request, None)
            self._hang(over, drip_s=faults.drip_s if down is Down.DRIPPING else None)
            return
        if down is not None:
            self._send(request, _unwell(down, faults.retry_after_s))
            return
        slip = faults.take(request.path)
        answer = owner.failure() if slip is Slip.ERROR_FIRST else owner.answer(request)
        if slip in {None, Slip.ERROR_FIRST}:
            self._send(request, answer)
        if answer.after:
            answer.after()
        if slip in {Slip.REPLY_LOST, Slip.REPLY_HANGS}:
            self._log(request, answer, sent=False)
            self._hang(over) if slip is Slip.REPLY_HANGS else self._reset()

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        body = (
            self._chunks()
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked"
            else self.rfile.read(int(self.headers.get("Content-Length") or 0))
        )
        queries = parse_qs(parts.query, keep_blank_values=True)
        return Request(
            method=self.command,
            path=unquote(parts.path),
            query={key: values[0] for key, values in queries.items()},
            headers={key.lower(): value for key, value in self.headers.items()},
            body=body,
            queries=queries,
        )

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            """Trailers are of no interest."""
        return bytes(body)

    def _send(self, request: Request, answer: Answer) -> None:
        self._log(request, answer)
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if request.method != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _log(self, request: Request, answer: Answer | None, *, sent: bool = True) -> None:
        call = Call(
            at=datetime.now(UTC),
            method=request.method,
            path=request.path,
            status=answer.status if answer and sent else None,
            ids=answer.ids if answer else (),
            command_uuid=answer.command_uuid if answer else "",
        )
        self.server.owner.calls.append(call)

    def _hang(self, over: threading.Event, *, drip_s: float | None = None) -> None:
        """Say nothing until it is over, or a byte every ``drip_s`` seconds; then hang up."""
        self.close_connection = True
        for byte in chain(b"HTTP/1.1 200 OK\r\nX-Slow: ", repeat(ord("w"))):
            if over.wait(drip_s):
                break
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def _reset(self) -> None:
        """End the connection as a crash does, with a reset rather than a goodbye."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler.serve)


def _unwell(down: Down, retry_after_s: int) -> Answer:
    if down is Down.UNAVAILABLE:
        return Answer(status=503, body=b"Service Unavailable\n", headers={**PLAIN, "Retry-After": str(retry_after_s)})
    return Answer(status=500, body=b"Internal Server Error\n")


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
