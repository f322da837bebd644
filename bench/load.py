"""The load generator, a process of its own: raw sockets and prepared bytes, as it shares the cores with the pipeline.

It is told its plan in one argument and talks on stdout, a line each: `ready`; then, after a line on stdin, it sends
until the window ends, says `window`, waits for the answers still missing, and gives its result as JSON.
"""

import contextlib
import json
import re
import selectors
import socket
import sys
import time
from array import array
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.notification import notification_id, request_around_id

GRACE = 10.0
"""Seconds after the window in which answers are still taken; what is missing then is neither accepted nor refused."""

MOST_EVENTS = 5_000_000

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send. Without a ``rate`` (requests a second) every connection sends as soon as it was answered."""

    port: int
    path: str
    token: str
    first: int
    seconds: float
    connections: int
    rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a plan. Events ``first`` … ``first + sent - 1`` were sent; all but those in ``failed`` answered 200.

    ``accepted`` were answered 200 within the window. Latencies in seconds, from the scheduled time when there was a
    rate; ``unsent`` were scheduled and never sent. ``cpu_seconds``: this process's own, in the window.
    """

    sent: int
    accepted: int
    failed: Sequence[int]
    answers: dict[str, int]
    p50: float
    p99: float
    unsent: int
    window: float
    cpu_seconds: float


@dataclass(slots=True)
class Line:
    """One connection, and the request that is under way on it."""

    connection: socket.socket | None = None
    number: int = -1
    due: float = 0.0
    received: bytes = b""


@dataclass(slots=True)
class Load:
    """One plan under way."""

    plan: Plan
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    free: deque[Line] = field(default_factory=deque)
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    failed: list[int] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    busy: int = 0
    parts: tuple[bytes, bytes] = (b"", b"")

    def __post_init__(self) -> None:
        plan = self.plan
        self.parts = request_around_id(host=f"127.0.0.1:{plan.port}", path=plan.path, token=plan.token)
        self.free.extend(Line() for _ in range(plan.connections))
        for line in self.free:
            self._connect(line)

    def run(self) -> Result:
        """Send for as long as the plan says, then wait for what is missing."""
        began, cpu = time.monotonic(), time.process_time()
        ends = began + self.plan.seconds
        self._send_until(began, ends)
        accepted, window = self.answers["200"], time.monotonic() - began
        cpu = time.process_time() - cpu
        print("window", flush=True)
        unsent = self._finish(began, ends + GRACE)
        latencies = sorted(self.latencies)
        return Result(
            sent=self.sent,
            accepted=accepted,
            failed=self.failed,
            answers=dict(self.answers),
            p50=_percentile(latencies, 0.50),
            p99=_percentile(latencies, 0.99),
            unsent=unsent,
            window=window,
            cpu_seconds=cpu,
        )

    def _send_until(self, began: float, ends: float) -> None:
        now = began
        while now < ends and self.sent < MOST_EVENTS:
            following = self._send_what_is_due(began, now)
            self._take_answers(min(following, ends) - time.monotonic())
            now = time.monotonic()

    def _send_what_is_due(self, began: float, now: float) -> float:
        """Use the free connections, and say when the next request is due."""
        rate = self.plan.rate
        if rate is None:
            while self.free:
                self._send(self.free.popleft(), time.monotonic())
            return float("inf")
        due = began + self.sent / rate
        while due <= now and self.free:
            self._send(self.free.popleft(), due)
            due = began + self.sent / rate
        return due if self.free else float("inf")

    def _finish(self, began: float, until: float) -> int:
        """Send what was scheduled and had to wait, take the last answers; how many were never sent."""
        scheduled = self.sent if self.plan.rate is None else int(self.plan.rate * self.plan.seconds)
        while (self.busy or self.sent < scheduled) and time.monotonic() < until:
            while self.free and self.sent < scheduled and self.plan.rate is not None:
                self._send(self.free.popleft(), began + self.sent / self.plan.rate)
            self._take_answers(0.1)
        now = time.monotonic()
        for key in list(self.selector.get_map().values()):
            if key.data.number >= 0:
                self._fail(key.data, "no answer")
        for index in range(self.sent, scheduled):
            self.latencies.append(now - began - index / (self.plan.rate or 1))
        return scheduled - self.sent

    def _connect(self, line: Line) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.plan.port), timeout=5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        line.connection = connection
        self.selector.register(connection, selectors.EVENT_READ, line)
        return connection

    def _send(self, line: Line, due: float) -> None:
        line.number = self.plan.first + self.sent
        line.due = due
        self.sent += 1
        self.busy += 1
        before, after = self.parts
        request = before + notification_id(line.number).encode() + after
        try:
            connection = line.connection or self._connect(line)
            if connection.send(request) != len(request):
                self._fail(line, "not sent whole")
        except OSError as exc:
            self._fail(line, type(exc).__name__)

    def _take_answers(self, timeout: float) -> None:
        for key, _ in self.selector.select(max(0.0, timeout)):
            self._read(key.data)

    def _read(self, line: Line) -> None:
        assert line.connection is not None
        try:
            chunk = line.connection.recv(65536)
        except BlockingIOError:
            return
        except OSError as exc:
            self._fail(line, type(exc).__name__)
            return
        if not chunk:
            if line.number < 0:  # an idle connection that the server closes
                self._hang_up(line)
            else:
                self._fail(line, "closed")
            return
        line.received += chunk
        end = line.received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(line.received, 0, end + 2)
        if len(line.received) >= end + 4 + (int(length[1]) if length else 0):
            self._answered(line, end)

    def _answered(self, line: Line, end: int) -> None:
        status = line.received[9:12].decode("latin-1")
        self.answers[status] += 1
        self.latencies.append(time.monotonic() - line.due)
        if status != "200":
            self.failed.append(line.number)
        if _CLOSE.search(line.received, 0, end + 2):
            self._hang_up(line)
        self._release(line)

    def _fail(self, line: Line, reason: str) -> None:
        """The outcome of this request is unknown: the event may be stored or not."""
        self.answers[reason] += 1
        self.failed.append(line.number)
        self._hang_up(line)
        self._release(line)

    def _release(self, line: Line) -> None:
        line.number, line.received = -1, b""
        self.busy -= 1
        self.free.append(line)

    def _hang_up(self, line: Line) -> None:
        if line.connection is not None:
            with contextlib.suppress(KeyError):
                self.selector.unregister(line.connection)
            line.connection.close()
            line.connection = None


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def main() -> None:
    load = Load(plan=Plan(**json.loads(sys.argv[1])))
    print("ready", flush=True)
    if sys.stdin.readline():
        result = load.run()
        print(json.dumps({name: getattr(result, name) for name in result.__slots__}), flush=True)


if __name__ == "__main__":
    main()
