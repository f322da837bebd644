"""How long effects take from when they are due, on the threads of an effects process, while a neighbour hangs."""

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import quantiles

from sqlalchemy import Engine, select

from config.slots import Slots
from domain.json_types import JSONObject
from simulators.faults import Down
from state.schema import actions
from tasks.deliver import Deliverer, deliver
from tasks.manners import manner_of
from tests.faults.arena import wait_until
from tests.faults.town import DESTINATIONS, Town, effect
from tests.tasks.delivering import SETUP, World

THREADS = 16
DEADLINE = 120.0
"""Seconds that a client waits for an answer: longer than it is measured, so that all hands stay where they are."""

RATES = {"mail": 4.0, "chat": 0.5, "mdm:micromdm": 4.0, "mdm:nanomdm": 4.0}
"""Effects owed a second, not in step with anybody's pauses: the p95 would hang on how the two happened to meet."""


@dataclass(kw_only=True)
class Street:
    """Threads that deliver what they are woken for, on the real clock."""

    world: World
    town: Town
    slots: Slots
    wakes: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)
    owed: int = 0

    def deliverer(self) -> Deliverer:
        return Deliverer(
            outside=self.world.outside,
            slots=self.slots,
            wake=self.wakes.put,
            monotonic=time.monotonic,
            pause=time.sleep,
        )

    def owe(self, destination: str) -> None:
        self.owed += 1
        self.world.now = datetime.now(UTC)
        self.world.owe(effect(destination, self.owed, self.town), key=f"{self.owed}")
        self.wakes.put(destination)

    def occupy(self, destination: str, how: Down) -> None:
        """Hang up there all hands that may be there."""
        self.town.server(destination).go_down(how)
        hands = manner_of(destination, SETUP).slots

        def all_taken() -> bool:
            self.owe(destination)
            slot = self.slots.take(destination, hands)
            if slot is not None:
                slot.release()
            return slot is None

        wait_until(f"all hands hang at {destination}", all_taken, seconds=60)

    def latencies(self, destination: str, since: datetime) -> list[float]:
        """Seconds from due to done of all that was owed there since then. Raises: AssertionError, when one is not."""
        query = select(actions.c.state, actions.c.created_at, actions.c.settled_at).where(
            actions.c.destination == destination, actions.c.created_at >= since
        )
        with self.world.engine.connect() as connection:
            rows = connection.execute(query).all()
        assert {row.state for row in rows} == {"done"}, destination
        return [(row.settled_at - row.created_at).total_seconds() for row in rows]


@contextmanager
def street(engine: Engine, slots: Slots, town: Town, world: World) -> Iterator[Street]:
    town.connect(world, all=DEADLINE)
    ours = Street(world=world, town=town, slots=slots)
    ours.world.follow_the_clock()
    threads = [threading.Thread(target=_work, args=(ours,), daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield ours
    finally:
        for destination in DESTINATIONS:
            town.server(destination).come_back()
        for _ in threads:
            ours.wakes.put("")
        for thread in threads:
            thread.join(timeout=60)


def _work(street: Street) -> None:
    deliverer = street.deliverer()
    while destination := street.wakes.get():
        deliver(destination, deliverer)


def measure(street: Street, *, seconds: float, away: str = "") -> dict[str, float]:
    """p95 by destination in seconds, of all but the one that is away."""
    began, since, rng = time.monotonic(), datetime.now(UTC), random.Random(1)
    due = {destination: began for destination in RATES if destination != away}
    while (now := time.monotonic()) < began + seconds:
        for destination, at in due.items():
            if now >= at:
                street.owe(destination)
                due[destination] = at + rng.uniform(0.5, 1.5) / RATES[destination]
        time.sleep(0.005)
    wait_until("all is done", lambda: not _left(street.world.engine, list(due), since), seconds=60)
    return {destination: p95(street.latencies(destination, since)) for destination in due}


def _left(engine: Engine, destinations: list[str], since: datetime) -> int:
    query = select(actions.c.id).where(
        actions.c.destination.in_(destinations), actions.c.created_at >= since, actions.c.state != "done"
    )
    with engine.connect() as connection:
        return len(connection.execute(query).all())


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def compare(make: Callable[[], AbstractContextManager[Street]], away: str, how: Down, *, seconds: float) -> JSONObject:
    """The same load twice: all well, and one away with all its hands."""
    with make() as calm:
        normal = measure(calm, seconds=seconds)
    with make() as troubled:
        troubled.occupy(away, how)
        with_trouble = measure(troubled, seconds=seconds, away=away)
    return {
        "away": away,
        "how": how.value,
        "p95_ms": {
            name: {"normal": round(normal[name] * 1000, 1), "now": round(value * 1000, 1)}
            for name, value in with_trouble.items()
        },
    }
