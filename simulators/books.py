"""Sends a row of events through a sender at some pace, and keeps the books on what became of each."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from simulators.delivery import Result
from simulators.sending import Item, Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast: ``rate`` events a second, 0 for as fast as they can be made. Time and waiting are handed in."""

    rate: float = 0.0
    now: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Books(Generic[Item]):
    """One run: what was sent, by identifier, and each attempt's result. ``drained``: all of it settled in time."""

    sent: Mapping[str, Item]
    results: Sequence[Result]
    drained: bool
    seconds: float

    @property
    def acknowledged(self) -> dict[str, Item]:
        """What was answered 200: all of it must be known to the receiver."""
        named = {result.identifier for result in self.results if result.acknowledged}
        return {identifier: item for identifier, item in self.sent.items() if identifier in named}

    @property
    def unsure(self) -> dict[str, Item]:
        """What was never answered 200, yet may be known: some attempt got no answer, or none has settled."""
        answers: dict[str, list[Result]] = {}
        for result in self.results:
            answers.setdefault(result.identifier, []).append(result)
        open_ends = {
            identifier
            for identifier in self.sent
            if identifier not in answers or any(result.status is None for result in answers[identifier])
        }
        return {identifier: self.sent[identifier] for identifier in open_ends - self.acknowledged.keys()}

    def summary(self) -> dict[str, Any]:
        """Numbers for people and for a benchmark; milliseconds are of all attempts."""
        durations = sorted(result.duration_s * 1000 for result in self.results) or [0.0]
        statuses: dict[str, int] = {}
        for result in self.results:
            outcome = str(result.status or result.error)
            statuses[outcome] = statuses.get(outcome, 0) + 1
        return {
            "sent": len(self.sent),
            "acknowledged": len(self.acknowledged),
            "unsure": len(self.unsure),
            "attempts": len(self.results),
            "outcomes": statuses,
            "drained": self.drained,
            "seconds": round(self.seconds, 3),
            "attempts_per_s": round(len(self.results) / self.seconds, 1) if self.seconds else 0.0,
            "p50_ms": round(durations[len(durations) // 2], 2),
            "p99_ms": round(durations[int(len(durations) * 0.99)], 2),
        }


def drive(sender: Sender[Item], items: Iterable[Item], *, pace: Pace, drain_s: float = 60.0) -> Books[Item]:
    """Send ``items`` at the pace, wait at most ``drain_s`` seconds for the rest to settle, and give the books.

    A sender that cannot keep up lets its events wait in memory, as the real one does.
    """
    sent: dict[str, Item] = {}
    started = pace.now()
    for number, item in enumerate(items):
        if pace.rate and (ahead := started + number / pace.rate - pace.now()) > 0:
            pace.wait(ahead)
        identifier = sender.send(item)
        if identifier is not None:
            sent[identifier] = item
    drained = sender.drain(drain_s)
    return Books(sent=sent, results=tuple(sender.results), drained=drained, seconds=pace.now() - started)
