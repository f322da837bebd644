"""Redis stopped, and Redis frozen, under a steady load: every request is answered 200 at once, and nothing is lost."""

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Literal

from domain.json_types import JSONObject
from simulators.books import Pace, drive
from simulators.delivery import Result
from simulators.devices import Message
from simulators.lives import increasing, make_devices, mdm_traffic
from simulators.nanomdm import NanoMDM, Setup
from tests.faults.arena import SECRET, Arena, Server, mdm_keys, wait_until

WAITED = 0.4
"""Seconds after which an answer counts as one that waited for Redis in vain; the first such ends the grace."""

AT_ONCE_MS = 250.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One request: when it began, on a monotonic clock, and how it went."""

    began: float
    result: Result


@dataclass(frozen=True, kw_only=True)
class Outage:
    """Redis is stopped, or frozen, for ``seconds``; load comes before and after. ``rate`` is events a second.

    ``judged_by`` is what must be answered at once: 99 of 100 requests, or, where the machine has much else to do, the
    median; were each to wait for Redis, that would be a second.
    """

    frozen: bool
    seconds: float
    rate: float
    before: float = 3.0
    after: float = 3.0
    judged_by: Literal["p50_ms", "p99_ms"] = "p99_ms"


def weather(arena: Arena, server: Server, outage: Outage) -> JSONObject:
    """Post through the outage, wait until it is quiet, check, and report. Raises: AssertionError.

    ``server`` runs at the beginning and at the end, and is ours to stop.
    """
    answers: list[Answer] = []
    moments = {int(outage.rate * outage.before): "break", int(outage.rate * (outage.before + outage.seconds)): "mend"}
    times: dict[str, float] = {}
    rng = random.Random(1)
    clock = increasing(lambda: datetime.now(UTC))
    traffic = mdm_traffic(make_devices(20, rng=rng, clock=clock), rng)
    count = int(outage.rate * (outage.before + outage.seconds + outage.after))

    def note(result: Result) -> None:
        answers.append(Answer(began=time.monotonic() - result.duration_s, result=result))

    def with_outage() -> Iterator[Message]:
        for number, message in enumerate(islice(traffic, count)):
            if number in moments:
                times[moments[number]] = time.monotonic()
                _do(moments[number], server, frozen=outage.frozen)
            yield message

    with NanoMDM(arena.url("nanomdm"), setup=Setup(hmac_key=SECRET), rng=rng, on_result=note) as sender:
        books = drive(sender, with_outage(), pace=Pace(rate=outage.rate), drain_s=60)
    drained_after = wait_until("everything processed", arena.is_drained, seconds=60)
    report = _report(answers, broken_at=times["break"])
    assert report[outage.judged_by] <= AT_ONCE_MS, report
    _check(arena, report, set(books.sent))
    return {**report, "drained_after_s": round(drained_after, 1)}


def _do(what: str, server: Server, *, frozen: bool) -> None:
    if frozen:
        server.signal(signal.SIGSTOP if what == "break" else signal.SIGCONT)
    elif what == "break":
        server.stop()
    else:
        server.start()


def _report(answers: list[Answer], *, broken_at: float) -> JSONObject:
    in_order = sorted(answers, key=lambda answer: answer.began)
    ends = [(a.result.duration_s, a.began + a.result.duration_s) for a in in_order]
    waited = [end for duration, end in ends if duration >= WAITED and end > broken_at]
    grace_ends = min(waited, default=broken_at)
    afterwards = sorted(a.result.duration_s * 1000 for a in in_order if a.began > grace_ends)
    return {
        "requests": len(answers),
        "not_200": sum(not answer.result.acknowledged for answer in answers),
        "waited_in_vain": len(waited),
        "slowest_ms": round(max(answer.result.duration_s for answer in answers) * 1000, 1),
        "p50_ms": round(afterwards[len(afterwards) // 2], 1),
        "p99_ms": round(afterwards[int(len(afterwards) * 0.99)], 1),
    }


def _check(arena: Arena, report: JSONObject, sent: set[str]) -> None:
    assert report["not_200"] == 0, report
    known = arena.known_keys()
    missing = mdm_keys("nanomdm", sent) - known.keys()
    assert not missing, f"{len(missing)} events were answered 200 and are not there"
    outcomes = arena.outcomes()
    assert outcomes.get("processed", 0) + outcomes.get("idle", 0) == len(known) == len(sent), outcomes
