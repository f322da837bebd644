"""`kill -9` at random moments while all four kinds of sender post: what was answered 200 is in SQL once, by itself."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ConnectionError  # noqa: A004 - its name there

from config.redis_connection import connect
from domain.json_types import JSONObject
from simulators.address import address
from simulators.books import Books, Pace
from simulators.fleet import Plan, run
from tests.faults.arena import SECRET, Arena, mdm_keys, wait_until
from tests.faults.roles import ROLES

KINDS = ("micromdm", "nanomdm", "apps-and-books", "jamf")
STUCK = 60.0
"""Seconds after the last event in which everything must be processed, with nobody's help."""


@dataclass(frozen=True, kw_only=True)
class Storm:
    """How much is posted, how fast (events a second, all senders together), and how often something is killed.

    When nothing is posted any more a lease of an inbox lasts for ``lease`` seconds; None: for as long as it is given.
    """

    events: int
    rate: float
    seed: int
    kill_every: tuple[float, float]
    roles: tuple[str, ...] = ROLES
    lease: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What happened: books by kind, kills by role, and the seconds until everything was processed."""

    books: dict[str, Books[Any]]
    kills: dict[str, int]
    drained_after: float

    def report(self) -> JSONObject:
        acknowledged = {kind: len(books.acknowledged) for kind, books in self.books.items()}
        return {"acknowledged": acknowledged, "kills": self.kills, "drained_after_s": round(self.drained_after, 1)}


def survive(arena: Arena, storm: Storm) -> Outcome:
    """Post while things die, wait until it is quiet, and check. Raises: AssertionError."""
    rng = random.Random(storm.seed)
    kills = dict.fromkeys(storm.roles, 0)
    with ThreadPoolExecutor(len(KINDS)) as pool:
        runs = {kind: pool.submit(_post, arena, storm, kind) for kind in KINDS}
        while not all(future.done() for future in runs.values()):
            time.sleep(rng.uniform(*storm.kill_every))
            _kill_one(arena, kills, rng)
        # Who was not there when it was to be shot is waited for, while the rest is drained.
        wait_until("all were shot", lambda: _kill_missed(arena, kills, rng), seconds=STUCK)
        books = {kind: future.result()[0] for kind, future in runs.items()}
    drained_after = wait_until("everything processed", lambda: _is_drained(arena, storm.lease), seconds=STUCK)
    check(arena, books)
    return Outcome(books=books, kills=kills, drained_after=drained_after)


def _is_drained(arena: Arena, lease: int | None) -> bool:
    if lease is not None:
        # Redis may be away once more.
        with closing(connect(arena.redis)) as client, suppress(ConnectionError):
            for key in client.scan_iter("windfall:lease:*", count=1000):
                if client.ttl(key) > lease:
                    client.expire(key, lease)
    return arena.is_drained()


def check(arena: Arena, books: dict[str, Books[Any]]) -> None:
    """Every acknowledged event is known, and was processed once: as many effects as identities."""
    known = arena.known_keys()
    for kind in ("micromdm", "nanomdm"):
        lost = mdm_keys(kind, books[kind].acknowledged) - known.keys()
        assert not lost, f"{len(lost)} events of {kind} were answered 200 and are not there"
    for kind in ("apps-and-books", "jamf"):
        stored = arena.stored(kind)
        lost_too = books[kind].acknowledged.keys() - stored.keys()
        assert not lost_too, f"{len(lost_too)} events of {kind} were answered 200 and are not there"
        assert max(stored.values()) == 1, "an event has two rows"
    outcomes = arena.outcomes()
    done = outcomes.get("processed", 0) + outcomes.get("idle", 0)
    assert done == len(known), f"{len(known)} events are known, and {done} were processed"
    assert set(outcomes) <= {"processed", "idle", "duplicate"}, f"nothing was to be buried: {outcomes}"
    sent = sum(len(book.sent) for book in books.values())
    acknowledged = sum(len(book.acknowledged) for book in books.values())
    assert acknowledged <= len(known) <= sent, f"{acknowledged} acknowledged, {len(known)} known, {sent} sent"


def _post(arena: Arena, storm: Storm, kind: str) -> tuple[Books[Any], JSONObject]:
    plan = Plan(
        kind=kind,
        address=address(kind, arena.url(kind), SECRET),
        devices=20,
        events=storm.events // len(KINDS),
        seed=storm.seed,
        pace=Pace(rate=storm.rate / len(KINDS), now=time.monotonic, wait=time.sleep),
        drain_s=120,
        retry_s=1,
    )
    return run(plan)


def _kill_one(arena: Arena, kills: dict[str, int], rng: random.Random) -> None:
    """Whoever was shot least, so that a short storm hits all; some have not come back from the last shot."""
    for role in sorted(rng.sample(list(kills), len(kills)), key=lambda role: kills[role]):
        if arena.kill(role, rng):
            kills[role] += 1
            return


def _kill_missed(arena: Arena, kills: dict[str, int], rng: random.Random) -> bool:
    for role in [role for role, count in kills.items() if not count]:
        kills[role] += arena.kill(role, rng)
    return all(kills.values())
