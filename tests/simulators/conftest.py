"""A real HTTP server on this machine that writes down what arrives, and devices whose clock only moves when asked."""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from simulators.devices import Device
from simulators.identities import Kind, draw_identity
from simulators.micromdm_api import MicroMDMApi
from simulators.nanomdm_api import NanoMDMApi
from tests.simulators.estate import Estate

START = datetime(2031, 1, 15, 8, 30, 0, 123456, tzinfo=UTC)
PATIENCE = 60.0


@dataclass(frozen=True)
class Arrival:
    """One request as it came over the wire; ``connection`` is the client's port."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Receiver:
    """What arrived, and how many requests at once. ``answer`` decides the status, ``gate`` holds a request up."""

    url: str = ""
    arrivals: list[Arrival] = field(default_factory=list)
    inside: int = 0
    most_inside: int = 0
    answer: Callable[[int], int] = lambda _: 200
    gate: Callable[[], object] = lambda: None
    location: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, arrival: Arrival) -> int:
        with self.lock:
            self.arrivals.append(arrival)
            number = len(self.arrivals)
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        self.gate()
        with self.lock:
            self.inside -= 1
        return self.answer(number)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.receive(Arrival(self.path, dict(self.headers), body, self.client_address[1]))
            self.send_response(status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    recorder = Receiver()
    server = Server(("127.0.0.1", 0), handler(recorder))
    recorder.url = f"http://127.0.0.1:{server.server_port}/webhooks/here"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield recorder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ticking() -> Callable[[], datetime]:
    moments = iter(START + timedelta(seconds=n) for n in range(1_000_000))
    return lambda: next(moments)


@pytest.fixture
def make_device(ticking) -> Callable[..., Device]:
    def make(kind: Kind = Kind.MAC, *, seed: int = 7, binary: bool = False) -> Device:
        rng = random.Random(seed)
        return Device(draw_identity(kind, rng), rng=rng, clock=ticking, binary=binary)

    return make


@pytest.fixture
def micromdm_api() -> Iterator[MicroMDMApi]:
    with MicroMDMApi(api_key="k") as server:
        yield server


@pytest.fixture
def call_micromdm(micromdm_api) -> Iterator[Callable[..., requests.Response]]:
    """One request over one kept-alive connection, so that what follows an answer is done before the next request."""
    with requests.Session() as session:
        session.auth = ("micromdm", "k")

        def call(method: str, path: str, **options) -> requests.Response:
            return session.request(method, micromdm_api.url + path, timeout=60, **options)

        yield call


@pytest.fixture
def enrolled(micromdm_api, make_device) -> Callable[..., Device]:
    """A device that enrolled with the simulated MicroMDM."""

    def enrol(kind: Kind = Kind.MAC) -> Device:
        device = make_device(kind)
        for message in (device.authenticate(), device.token_update()):
            assert micromdm_api.receive(message) is None
        return device

    return enrol


@pytest.fixture
def estate() -> Iterator[Estate]:
    with NanoMDMApi(api_key="k") as api:
        opened = Estate(api)
        yield opened
        opened.close()
