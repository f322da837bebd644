"""A far end over a real socket that answers, drips, stays silent or breaks off, as a test asks."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Key and certificate of `localhost`, its own authority, for a hundred years."""

PATIENCE = 10.0


@dataclass(frozen=True)
class Arrival:
    """One request; ``connection`` is the client's port."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


Step = Callable[[socket.socket, threading.Event], None]


def http(status: int, body: bytes | dict | list = b"", **headers: str) -> bytes:
    """A whole answer; `retry_after="3"` becomes a header."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content


def say(data: bytes) -> Step:
    return lambda connection, _: connection.sendall(data)


def answer(status: int, body: bytes | dict | list = b"", **headers: str) -> Step:
    return say(http(status, body, **headers))


def drip(data: bytes) -> Step:
    """A byte every 20 ms."""

    def step(connection: socket.socket, over: threading.Event) -> None:
        for place in range(len(data)):
            connection.sendall(data[place : place + 1])
            if over.wait(0.02):
                return

    return step


def silence(_: socket.socket, over: threading.Event) -> None:
    over.wait(PATIENCE)


def hang_up(connection: socket.socket, _: threading.Event) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(connection.detach())


def in_turn(*steps: Step) -> Step:
    def step(connection: socket.socket, over: threading.Event) -> None:
        for each in steps:
            each(connection, over)

    return step


@dataclass
class FarEnd:
    """``steps`` are what it does, one for each request, the last one again and again. ``arrivals`` are the requests.

    ``on_connect`` happens before a request is read; ``mute`` reads none at all.
    """

    port: int = 0
    steps: list[Step] = field(default_factory=lambda: [answer(200, {})])
    on_connect: Step | None = None
    mute: bool = False
    tls: bool = False
    arrivals: list[Arrival] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    @property
    def place(self) -> str:
        return self.url.partition("://")[2]

    def serve(self, connection: socket.socket) -> None:
        try:
            with self._secured(connection) as secured, secured.makefile("rb") as lines:
                if self.on_connect:
                    self.on_connect(secured, self.over)
                if self.mute:
                    self.over.wait(PATIENCE)
                while not self.mute and (arrival := _read(lines, connection_of(secured))):
                    with self.lock:
                        self.arrivals.append(arrival)
                        step = self.steps[min(len(self.arrivals), len(self.steps)) - 1]
                    step(secured, self.over)
        except OSError:
            pass  # the client went, or the step did

    def _secured(self, connection: socket.socket) -> socket.socket:
        if not self.tls:
            return connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        return context.wrap_socket(connection, server_side=True)


def connection_of(connection: socket.socket) -> int:
    return connection.getpeername()[1]


def _read(lines, connection: int) -> Arrival | None:
    first = lines.readline().split()
    if not first:
        return None
    headers = {}
    while line := lines.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name] = value.strip()
    body = lines.read(int(headers.get("Content-Length", 0)))
    return Arrival(first[0].decode(), first[1].decode(), headers, body, connection)


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port on which each connection is served by a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        # Small, so that what is not read stays with the one who sends.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def far_end_of() -> Iterator[FarEnd]:
    end = FarEnd()
    with listening(end.serve) as port:
        end.port = port
        yield end
        end.over.set()
