"""All who decide and settle at once, on one PostgreSQL: drains of both sides, deliverers, beat's jobs and people.

Nobody's work may be lost, and nobody owes anything twice; who is chosen to end a deadlock does its work again.
"""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from config.inbox import Inboxes
from config.redis_connection import connect
from domain.envelope import Envelope
from domain.errors import DatabaseAway
from domain.json_types import JSONObject
from state.calls import begin_call
from state.commands import OPEN
from state.engine import is_database_trouble, open_engine
from state.ordering import give_up
from state.outbox import Settlement, claim, settle
from state.resending import send_anew
from state.schema import actions, commands, installs
from tasks.following import follow
from tasks.healing import owe_installs, push_again
from tasks.process import process
from tasks.registry import load_handlers
from tasks.retrying import retry
from tasks.services import Services, keyed_fingerprint
from tasks.setup import Setup
from tests.deliveries import NOON, answer, check_in, envelope, managed
from tests.faults.decided import APPS, check

SENDERS = ("micromdm", "eu")
WORK = ("process", "claim", "settle", "follow", "heal", "push", "anew", "retry", "clear")
LONGEST = 600.0
NO_LICENSE = [{"ErrorCode": 9610, "ErrorDomain": "ASDServerErrorDomain"}]

Job = Callable[["Hand"], None]


@dataclass(kw_only=True)
class Stress:
    """``services`` is what workers are given; each gets connections of its own to ``location``.

    Everything is done at least ``rounds`` times.
    """

    services: Services
    location: str
    rounds: int
    devices: int = 40
    seed: int = 1
    troubles: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._ticks = itertools.count(1)
        self._hours = itertools.count(1)

    def now(self) -> datetime:
        """Every look at the clock takes a second."""
        return NOON + timedelta(seconds=next(self._ticks))

    def is_done(self) -> bool:
        return all(self.done[name] >= self.rounds for name in WORK)

    def hour(self) -> datetime:
        """Apple says no two things within its uncertain quarter of an hour."""
        return NOON + timedelta(hours=next(self._hours))


@dataclass(kw_only=True)
class Hand:
    """One worker."""

    stress: Stress
    services: Services
    rng: random.Random

    @property
    def engine(self) -> Engine:
        return self.services.engine

    def some(self, most: int = 12) -> list[int]:
        return self.rng.sample(range(self.stress.devices), self.rng.randint(1, most))

    def read(self, query: Any) -> Sequence[Any]:
        with self.engine.connect() as connection:
            return connection.execute(query).all()

    def hear(self, arrivals: Sequence[Envelope]) -> None:
        """As a drain does: again and again, until the database takes it."""
        self.persist("process", lambda: process(arrivals, self.services))

    def persist(self, name: str, act: Callable[[], object]) -> None:
        while True:
            try:
                act()
            except (DBAPIError, DatabaseAway) as exc:
                cause = exc.__cause__ if isinstance(exc, DatabaseAway) else exc
                if not (isinstance(cause, DBAPIError) and is_database_trouble(cause)):
                    raise
                self.stress.troubles[f"{name}: {getattr(cause.orig, 'sqlstate', None)}"] += 1
            else:
                self.stress.done[name] += 1
                return


def stress_on(location: str, *, rounds: int, seed: int = 1) -> Stress:
    """On a database with our tables, empty. Nobody drains an inbox: what would come out of one is handed in."""
    load_handlers()
    services = Services(
        engine=open_engine(location),
        inboxes=Inboxes(connect("redis://127.0.0.1:1/0")),
        wake=lambda inbox: None,
        fingerprint=keyed_fingerprint(b"k" * 32),
        setup=Setup(mdm_servers=dict.fromkeys(SENDERS, "micromdm")),
    )
    return Stress(services=services, location=location, rounds=rounds, seed=seed)


def run(stress: Stress) -> JSONObject:
    """All at once until everything was done so often, then check. Raises: AssertionError, and what a worker raises."""
    until = time.monotonic() + LONGEST
    crew: Sequence[Job] = (
        _apple,
        _apple,
        _check_ins,
        _check_ins,
        _answers,
        _answers,
        _deliver,
        _deliver,
        _beat,
        _people,
    )
    start = threading.Barrier(len(crew))

    def work(number: int, job: Job) -> None:
        engine = open_engine(stress.location)
        hand = Hand(
            stress=stress,
            services=replace(stress.services, engine=engine, now=stress.now),
            rng=random.Random(stress.seed * 100 + number),
        )
        start.wait(timeout=60)
        try:
            while not stress.is_done():
                assert time.monotonic() < until, f"only {dict(stress.done)} in {LONGEST} seconds"
                job(hand)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(len(crew)) as pool:
        for ended in [pool.submit(work, number, job) for number, job in enumerate(crew)]:
            ended.result()
    found = check(stress.services.engine)
    stress.services.engine.dispose()
    return {**found, "done": dict(stress.done), "troubles": dict(stress.troubles)}


def _apple(hand: Hand) -> None:
    change = hand.rng.choice(("ASSOCIATE", "ASSOCIATE", "ASSOCIATE", "REVOKE"))
    apps = hand.rng.sample(APPS, hand.rng.randint(1, len(APPS)))
    serials = [f"S{number}" for number in hand.some()]
    hand.hear([managed(*serials, adam_ids=apps, change=change, at=hand.stress.hour())])


def _check_ins(hand: Hand) -> None:
    whats = hand.rng.choice((("Authenticate", "TokenUpdate"), ("TokenUpdate", "Authenticate"), ("CheckOut",)))
    sender = hand.rng.choice(SENDERS)
    arrivals: list[Envelope] = []
    for number in hand.some():
        began = hand.stress.now()
        for what in whats:
            at = began + timedelta(milliseconds=500 if what == "TokenUpdate" else 0)
            said = {"Token": b"t"} if what == "TokenUpdate" else {"SerialNumber": f"S{number}"}
            body = check_in(what, at=at, udid=f"D{number}", **said)
            arrivals.append(envelope(body, sender=sender, received_at=at))
    half = len(arrivals) // 2 if hand.rng.random() < 0.5 else len(arrivals)
    for batch in filter(None, (arrivals[:half], arrivals[half:])):
        hand.hear(batch)


def _answers(hand: Hand) -> None:
    query = select(commands).where(commands.c.called_at.is_not(None), commands.c.state.in_((*OPEN, "dead"))).limit(60)
    arrivals = []
    for command in hand.read(query):
        if hand.rng.random() < 0.5:
            status, more = hand.rng.choice(_ANSWERS)
            if command.request_type == "ManagedApplicationList":
                apps = {name: {"Status": hand.rng.choice(("Installing", "Managed"))} for name in ("one", "two")}
                status, more = "Acknowledged", {"ManagedApplicationList": apps}
            at = hand.stress.now()
            body = answer(status, at=at, udid=command.device_id, command_uuid=command.command_uuid, **more)
            arrivals.append(envelope(body, sender=command.sender, received_at=at))
    if arrivals:
        hand.hear(arrivals)


_ANSWERS: Sequence[tuple[str, dict[str, Any]]] = (
    ("Acknowledged", {"Identifier": "one"}),
    ("Acknowledged", {"Identifier": "never"}),
    ("Acknowledged", {}),
    ("Error", {"ErrorChain": NO_LICENSE}),
    ("Error", {"RejectionReason": "NotSupported"}),
    ("NotNow", {}),
)


def _deliver(hand: Hand) -> None:
    destination, now = f"mdm:{hand.rng.choice(SENDERS)}", hand.stress.now()

    def act() -> None:
        claimed = claim(hand.engine, destination, now=now, until=now + timedelta(hours=1), limit=40)
        begin_call(hand.engine, [one.id for one in claimed], now)
        hand.rng.shuffle(claimed)
        ends = [
            Settlement(
                id=one.id,
                attempt=one.attempt,
                until=one.until,
                state=(state := hand.rng.choice(("done", "done", "done", "dead", "retryable", "released"))),
                at=now if state == "retryable" else None,
                error=None if state == "done" else "away",
                happened=hand.rng.choice((None, False)),
            )
            for one in claimed
        ]
        hand.persist("settle", lambda: settle(hand.engine, ends, hand.stress.now()))

    hand.persist("claim", act)


def _beat(hand: Hand) -> None:
    for name, job in (("follow", follow), ("heal", owe_installs), ("push", push_again)):
        hand.persist(name, lambda job=job: job(hand.services))
    sent = [row.id for row in hand.read(select(commands.c.id).where(commands.c.state == "sent").limit(20))]
    hand.persist("anew", lambda: send_anew(hand.engine, sent, at=hand.stress.now()))


def _people(hand: Hand) -> None:
    """Retry what is dead, and what failed with a command that is over; clear the queue of a device."""
    dead = [row.id for row in hand.read(select(actions.c.id).where(actions.c.state == "dead").limit(20))]
    failed = hand.read(select(installs.c.command_id).where(installs.c.state == "failed").limit(5))
    ids = sorted({*dead, *(row.command_id for row in failed if row.command_id)})
    setup = hand.services.setup
    hand.persist("retry", lambda: retry(hand.engine, setup, ids, now=hand.stress.now(), again=True))
    of = commands.c.device_id == f"D{hand.rng.randrange(hand.stress.devices)}"
    waiting = [row.id for row in hand.read(select(commands.c.id).where(of, commands.c.state.in_(OPEN)))]
    hand.persist("clear", lambda: give_up(hand.engine, waiting, reason="cleared", now=hand.stress.now()))
