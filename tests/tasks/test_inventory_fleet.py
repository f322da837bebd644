"""A whole fleet that is asked for everything: evenly, in a simulated time, whatever beat does."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from state.engine import write_transaction
from state.schema import commands, devices, inquiries
from tasks.inventory import LEAST, moment, refresh, share
from tests.databases import ON_SQLITE
from tests.deliveries import MINUTE, NOON
from tests.tasks.lab import SETUP, rows

DAY = timedelta(days=1)
FLEET = 2000
AGE = timedelta(hours=1)
MINUTES = int(AGE / MINUTE)


@pytest.fixture
def fleet(lab):
    """Devices that are enrolled and heard, all at once."""
    # Of whom nothing is known, so that one question is all; how many there are is no matter here.
    common = {"sender": "micromdm", "enrolled": True, "idle_polls": 0, "facts": {}}
    times = {"enrolment_at": NOON, "first_seen_at": NOON, "last_seen_at": NOON}
    # Like serial numbers of one lot: nothing in them is spread.
    ids = [f"00008030-{number:016X}" for number in range(FLEET)]
    with write_transaction(lab.engine) as connection:
        connection.execute(insert(devices), [{"id": one, "udid": one, **common, **times} for one in ids])
    lab.setup = replace(SETUP, inventory_age=AGE)
    return lab


def devices_asked_by_minute(lab, minutes, *, looks=1):
    """Let beat look, ``looks`` times a minute; who was asked, minute by minute."""
    found = []
    for _ in range(minutes):
        for _ in range(looks):
            refresh(lab.at_work)
        with lab.engine.connect() as connection:
            found.append(list(connection.scalars(select(inquiries.c.id).where(inquiries.c.asked_at >= lab.now))))
        lab.now += MINUTE
    return found


@ON_SQLITE
def test_a_fleet_is_asked_once_in_an_age_and_no_minute_has_more_than_its_share(fleet):
    refresh(fleet.at_work)
    fleet.now += MINUTE

    minutes = devices_asked_by_minute(fleet, MINUTES)
    more = devices_asked_by_minute(fleet, MINUTES // 4)

    counts = Counter(device_id for minute in minutes for device_id in minute)
    assert len(counts) == FLEET
    assert set(counts.values()) == {1}
    assert share(FLEET, AGE) == 67  # twice what 2000 devices in 60 minutes take
    assert max(map(len, minutes)) <= 67
    # Not in bursts either: every ten minutes have their part.
    tens = [sum(map(len, minutes[at : at + 10])) for at in range(0, MINUTES, 10)]
    assert min(tens) > FLEET / 6 * 0.8
    assert max(tens) < FLEET / 6 * 1.2
    # Nobody has answered yet.
    assert more == [[]] * (MINUTES // 4)
    assert len(rows(fleet.engine, commands)) == FLEET


def test_in_the_next_age_each_comes_at_the_same_moment_and_two_beats_change_nothing(fleet):
    refresh(fleet.at_work)
    fleet.now += MINUTE
    begun, minutes = fleet.now, 10
    first = devices_asked_by_minute(fleet, minutes)
    with write_transaction(fleet.engine) as connection:
        connection.execute(update(commands).values(state="Acknowledged", answered_at=fleet.now))
        connection.execute(update(inquiries).values(waits_for=None))
        # The others were asked meanwhile.
        others = update(inquiries).where(inquiries.c.asked_at.is_(None))
        connection.execute(others.values(due_at=fleet.now + AGE))
    fleet.now = begun + AGE

    second = devices_asked_by_minute(fleet, minutes, looks=2)

    assert list(map(sorted, first)) == list(map(sorted, second))
    assert sum(map(len, first)) > 200


@ON_SQLITE
def test_after_a_long_outage_the_backlog_goes_away_without_a_stampede(fleet):
    refresh(fleet.at_work)
    fleet.now += 3 * AGE

    minutes = devices_asked_by_minute(fleet, 5, looks=3)

    assert list(map(len, minutes)) == [share(FLEET, AGE)] * 5


def test_a_share_is_twice_the_even_one_and_small_fleets_may_take_a_few():
    assert share(100_000, timedelta(days=7)) == 20
    assert share(100_000, DAY) == 139
    assert share(3, DAY) == LEAST


def test_moments_are_the_same_in_every_age_and_spread():
    places = [moment(f"device-{number}", DAY, after=NOON) for number in range(1000)]

    assert all(NOON < place <= NOON + DAY for place in places)
    assert all(moment("device-0", DAY, after=places[0] + day * DAY) == places[0] + (day + 1) * DAY for day in range(3))
    assert max(Counter(place.hour for place in places).values()) < 1000 / 24 * 2
