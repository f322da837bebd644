"""How a server hands its events to the network: waiting in memory, a number of workers, some order, and no promises."""

import heapq
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

from simulators.delivery import Delivery, Poster, Result, Timeout

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How many POSTs at once, how far events of a channel may overtake each other, and how long to wait for answers."""

    workers: int
    window: int
    timeout: Timeout


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """A delivery and the number of the attempt it is due for; ``due`` is a monotonic time, 0 for at once."""

    due: float
    number: int
    attempt: int
    delivery: Delivery


class Waiting:
    """Jobs not yet on the wire, in channels. The next is drawn: first a channel, then one of its first ``window``."""

    def __init__(self, *, window: int, rng: random.Random) -> None:
        self._window = window
        self._rng = rng
        self._channels: dict[str, deque[Job]] = {}

    def put(self, channel: str, job: Job) -> None:
        """Wait at the end of ``channel``."""
        self._channels.setdefault(channel, deque()).append(job)

    def take(self) -> Job | None:
        """The job drawn, or None when nothing waits."""
        if not self._channels:
            return None
        name = self._rng.choice(list(self._channels))
        channel = self._channels[name]
        depth = self._rng.randrange(min(self._window, len(channel)))
        channel.rotate(-depth)
        job = channel.popleft()
        channel.rotate(depth)
        if not channel:
            del self._channels[name]
        return job


class Sender(ABC, Generic[Item]):
    """A server that sends webhooks. ``send`` never blocks; ``results`` grows as answers come in.

    ``on_result`` is called on a worker's thread, once per attempt, after the result is recorded.
    """

    def __init__(
        self, manner: Manner, *, rng: random.Random | None = None, on_result: Callable[[Result], None] | None = None
    ) -> None:
        self.rng = rng or random.Random()
        self.results: list[Result] = []
        self.delivered = 0
        self.lost = 0
        self._manner = manner
        self._on_result = on_result
        self._poster = Poster(timeout=manner.timeout)
        self._waiting = Waiting(window=manner.window, rng=random.Random(self.rng.getrandbits(64)))
        self._later: list[Job] = []
        self._pending = 0
        self._made = 0
        self._closing = False
        self._making = threading.Lock()
        self._lock = threading.Lock()
        self._work_to_do = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._threads: list[threading.Thread] = []

    @abstractmethod
    def make(self, item: Item) -> Delivery | None:
        """The request for ``item``, or None when this server sends no webhook for it. ``send`` makes one at a time."""

    @abstractmethod
    def accepts(self, status: int) -> bool:
        """Whether this server takes ``status`` for a success."""

    def channel(self, delivery: Delivery) -> str:  # noqa: ARG002 - most servers have one queue
        """Which queue the delivery waits in."""
        return ""

    def pause_before_retry(self, result: Result) -> float | None:  # noqa: ARG002 - most senders never try again
        """Seconds until the next attempt after a failed one, or None for giving up."""
        return None

    def send(self, item: Item) -> str | None:
        """Queue the webhook for ``item``; its identifier, or None when there is none to send."""
        with self._making:
            delivery = self.make(item)
        if delivery is None:
            return None
        with self._lock:
            if self._closing:
                raise RuntimeError("this sender was stopped")
            self._start_workers()
            self._made += 1
            self._pending += 1
            self._waiting.put(self.channel(delivery), Job(0.0, self._made, 1, delivery))
            self._work_to_do.notify()
        return delivery.identifier

    @property
    def pending(self) -> int:
        """Events neither delivered nor given up yet."""
        return self._pending

    def acknowledged(self) -> set[str]:
        """Identifiers of the events answered 200 so far."""
        with self._lock:
            return {result.identifier for result in self.results if result.acknowledged}

    def drain(self, timeout: float) -> bool:
        """Wait until nothing is pending; False when ``timeout`` seconds were not enough, or the sender was stopped."""
        with self._lock:
            self._settled.wait_for(lambda: self._pending == 0 or self._closing, timeout)
            return self._pending == 0

    def stop(self) -> None:
        """Die as a killed server does: what waits in memory is gone. Any thread may say so, ``on_result`` too."""
        with self._lock:
            self._closing = True
            self._work_to_do.notify_all()
            self._settled.notify_all()

    def close(self) -> None:
        """Stop, wait for what is on the wire, and hang up."""
        self.stop()
        for thread in self._threads:
            thread.join()
        self._poster.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _start_workers(self) -> None:
        """Threads come with the events: one more for each, up to the number of workers."""
        if len(self._threads) < self._manner.workers:
            name = f"{type(self).__name__}-{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            result = self._poster.post(job.delivery, attempt=job.attempt)
            self._settle(job, result)
            if self._on_result is not None:
                self._on_result(result)

    def _next(self) -> Job | None:
        with self._lock:
            while not self._closing:
                now = time.monotonic()
                while self._later and self._later[0].due <= now:
                    job = heapq.heappop(self._later)
                    self._waiting.put(self.channel(job.delivery), job)
                if (taken := self._waiting.take()) is not None:
                    return taken
                self._work_to_do.wait(self._later[0].due - now if self._later else None)
            return None

    def _settle(self, job: Job, result: Result) -> None:
        accepted = result.status is not None and self.accepts(result.status)
        pause = None if accepted else self.pause_before_retry(result)
        with self._lock:
            self.results.append(result)
            if pause is not None:
                heapq.heappush(self._later, Job(time.monotonic() + pause, job.number, job.attempt + 1, job.delivery))
                self._work_to_do.notify()
                return
            self.delivered += accepted
            self.lost += not accepted
            self._pending -= 1
            if not self._pending:
                self._settled.notify_all()
