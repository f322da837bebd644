"""What is owed to the world: does it get there, and what gave up?"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from console.health.check import START_EFFECTS, Check, ok, span, warn
from state.queries import Engine
from state.queries.owed import Dead, Trouble, dead_actions, longest_due, troubles

LATE = 300.0
"""Seconds that something may be due and not tried."""


def effects_checks(engine: Engine, now: datetime) -> Iterator[Check]:
    """Raises: DatabaseAway."""
    failing = troubles(engine)
    yield from _destinations(failing, now)
    yield _due(longest_due(engine, now), failing, now)
    yield _dead(dead_actions(engine))


def _destinations(failing: Mapping[str, Trouble], now: datetime) -> Iterator[Check]:
    away = [trouble for trouble in failing.values() if trouble.is_away(now)]
    if not away:
        yield ok("destinations", "none is away")
    for trouble in away:
        pause = (trouble.paused_until - now).total_seconds() if trouble.paused_until else 0.0
        seen = f"it failed {trouble.failures} times in a row, and is left alone for {span(max(0.0, pause))} more"
        fix = "Put right what it says; what is owed waits, and goes out by itself."
        yield warn(f"destination:{trouble.name}", f"{seen}: {trouble.error}", fix)


def _due(since: Mapping[str, datetime], failing: Mapping[str, Trouble], now: datetime) -> Check:
    """What waits for a destination that is away is no fault of ours."""
    waiting = {name: at for name, at in since.items() if name not in failing or not failing[name].is_away(now)}
    if not waiting:
        return ok("due_actions", "none waits")
    name = min(waiting, key=waiting.__getitem__)
    age = (now - waiting[name]).total_seconds()
    seen = f"the oldest is due for {span(age)}, to {name}"
    return warn("due_actions", seen, START_EFFECTS) if age > LATE else ok("due_actions", seen)


def _dead(dead: Dead | None) -> Check:
    if dead is None:
        return ok("dead_actions", "none has given up")
    seen = f"{dead.count} gave up; the newest, to {dead.destination}: {dead.error or 'nobody said why'}"
    fix = (
        f"See `windfall actions show {dead.id}`, put right what it names, then `windfall actions retry {dead.id}` "
        f"or `windfall actions retry --all-dead --destination {dead.destination}`."
    )
    return warn("dead_actions", seen, fix)
