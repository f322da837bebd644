"""A far end that is away for an hour, in simulated time, while all of them keep being owed something."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.json_types import JSONObject
from simulators.faults import Down
from state.outbox import due_destinations
from tasks.healing import DUE_INTERVAL
from tests.faults.town import DESTINATIONS, Town, device_of, effect, erase
from tests.tasks.delivering import World

HOUR = 3600.0
SHORT = 0.1
"""Seconds, real ones, that a client waits for the answer of who is away."""

MOST_PROBES = 25
"""Attempts in an hour when the breaker is open most of it: three that open it, then probes of one action each."""

MOST_TRIES = 5
"""Attempts of one action within an hour, by the schedule, at a far end that answers and fails."""


@dataclass(frozen=True, kw_only=True)
class Hour:
    """``destination`` is away in this way; every ``every`` seconds each destination is owed one effect more."""

    destination: str
    how: Down
    every: float = 60.0
    with_erase: bool = False
    beat: float = DUE_INTERVAL
    """Seconds between two looks for what is due."""


def live_through(hour: Hour, world: World, town: Town) -> JSONObject:
    """An hour of it, and then until nothing is owed any more; what was tried, done and told. Raises: AssertionError."""
    town.connect(world, **{hour.destination.removeprefix("mdm:"): SHORT})
    start = len(world.actions())
    numbers = list(range(start, start + int(HOUR / hour.every)))
    town.server(hour.destination).go_down(hour.how)
    for number in _ticks(world, hour, numbers):
        world.owe(*(effect(destination, number, town) for destination in DESTINATIONS), key=f"{number}")
        if hour.with_erase and not number % 10:
            world.owe(erase(number + 100_000))
    during = _attempts(world, hour.destination, start)
    town.server(hour.destination).come_back()
    town.connect(world)
    _until_quiet(world)
    _check(hour, world, town, numbers, during)
    return {
        "destination": hour.destination,
        "how": hour.how.value,
        "owed": len(numbers),
        "attempts_while_away": during,
        "dead": sum(row.state == "dead" for row in _of(world, hour.destination, start)),
        "notices": _notices(world, start),
    }


def _ticks(world: World, hour: Hour, numbers: list[int]) -> Iterator[int]:
    """Each number when its time has come; between them beat looks for what is due, as it does."""
    waiting = iter(numbers)
    for tick in range(int(HOUR / hour.beat)):
        if not tick * hour.beat % hour.every:
            yield next(waiting)
        _beat(world)
        world.later(hour.beat)


def _beat(world: World) -> None:
    for destination in due_destinations(world.engine, world.now):
        world.deliver(destination)


def _until_quiet(world: World) -> None:
    """The longest pause of an action that was tried within the hour is two hours."""
    for _ in range(4 * 60):
        _beat(world)
        if set(world.states()) <= {"done", "dead"}:
            return
        world.later(60)


def _check(hour: Hour, world: World, town: Town, numbers: list[int], during: int) -> None:
    start = numbers[0]
    answers = hour.how is Down.ERROR and hour.destination != "mail"  # a mail server's 421 says that it is closed
    most = MOST_TRIES * len(_of(world, hour.destination, start)) if answers else MOST_PROBES
    assert during <= most, f"{during} attempts in an hour, {most} at most"
    for destination in DESTINATIONS:
        effects = town.effects(destination, numbers)
        assert len(effects) >= len(numbers), f"{destination}: something never happened"
        assert set(effects.values()) == {1}, f"{destination}: something happened {max(effects.values())} times"
        ours = _of(world, destination, start)
        if destination != hour.destination:
            assert {(row.state, row.attempts) for row in ours} == {("done", 1)}, destination
        else:
            assert {row.state for row in ours if not _is_erase(row)} == {"done"}, destination
    for number in numbers:
        assert len(town.micromdm.queue(device_of(number + 100_000))) <= 1, "erased twice"
    assert _notices(world, start) <= 6, "one an hour and channel; the hours may be two, and the last tells in the next"


def _of(world: World, destination: str, start: int) -> list[Any]:
    """Actions from this hour, without notices."""
    rows = list(world.actions().values())[start:]
    return [row for row in rows if row.destination == destination and not _is_notice(row)]


def _attempts(world: World, destination: str, start: int) -> int:
    return sum(row.attempts for row in _of(world, destination, start))


def _is_notice(row: Any) -> bool:
    return bool(row.arguments.get("notice") == "actions_dead")


def _is_erase(row: Any) -> bool:
    return bool(row.arguments.get("request_type") == "EraseDevice")


def _notices(world: World, start: int) -> int:
    return sum(_is_notice(row) for row in list(world.actions().values())[start:])
