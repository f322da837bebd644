"""When a Jamf Pro is read again: by its last round, whoever made it and however often somebody asks; one at a time."""

import threading
from datetime import timedelta

import pytest

from clients.jamf import JamfPro
from config.slots import Slots
from domain.jamf_round import RETRY
from state.queries.rounds import jamf_rounds, unended_since
from state.schema import jamf_devices
from tests.databases import BOTH_DATABASES, location_of
from tests.faults.arena import wait_until
from tests.jamf_pro import client, login
from tests.tasks.lab import rows

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""

TURN = "windfall:slot:jamf-reconcile:jamf:0"


@pytest.fixture
def steal(redis_client):
    """Whoever reads has lost its turn."""
    return lambda: redis_client.delete(TURN)


@BOTH_DATABASES
def test_the_next_round_is_due_by_the_last_one_whoever_asks(world, jamf_api, read):
    first = read(every=3_600)
    world.later(3_599)
    second, calls = read(every=3_600), len(jamf_api.calls)
    world.later(1)

    assert (first, second, read(every=3_600)) == (5, 0, 5)
    assert calls < len(jamf_api.calls)
    assert (read(every=3_600), read()) == (0, 5)


def test_a_part_that_may_not_be_read_makes_no_round_come_earlier(world, jamf_api, read):
    jamf_api.forbidden = {"/api/v4/computers-inventory"}
    read(every=3_600)
    world.later(RETRY)

    assert read(every=3_600) == 0


def test_a_round_that_read_nothing_is_made_again_sooner(world, jamf_api, read):
    began = world.now
    read(client(jamf_api, secret=lambda: "wrong"), every=21_600)
    world.now = began + timedelta(seconds=RETRY - 1)
    early = read(every=21_600)
    world.later(1)

    assert (early, read(every=21_600)) == (0, 5)


def test_a_round_that_did_not_end_is_made_again_sooner(world, jamf_api, read, steal):
    read(every=21_600)
    world.later(21_600)
    jamf_api.gate = lambda: steal() if jamf_api.calls[-1].path.endswith("computers-inventory") else None
    half = read(every=21_600)
    jamf_api.gate = lambda: None
    world.later(RETRY - 1)
    early = read(every=21_600)
    world.later(1)

    assert (half, early, read(every=21_600)) == (3, 0, 5)


def test_since_when_no_round_has_ended_is_known_until_one_does(world, jamf_api, read, steal):
    jamf_api.gate = steal
    first = world.now
    for _ in range(3):
        read()
        world.later(RETRY)
    never = jamf_rounds(world.engine)["jamf"]
    jamf_api.gate = lambda: None
    ended = world.now
    read()
    well = unended_since(world.engine, "jamf"), jamf_rounds(world.engine)["jamf"]
    world.later(RETRY)
    jamf_api.gate = steal
    again = world.now
    for _ in range(2):
        read()
        world.later(RETRY)

    assert (never.ended, never.at, never.failed) == (False, first, {})
    assert (well[0], well[1].ended, well[1].at) == (None, True, ended)
    assert unended_since(world.engine, "jamf") == again
    assert jamf_rounds(world.engine)["jamf"].at == ended


def test_a_turn_is_kept_for_as_long_as_a_page_takes(world, jamf_api, read, redis_client):
    world.slots = Slots(redis_client, lease=6.0)
    inside, leave = threading.Event(), threading.Event()
    jamf_api.gate = lambda: (inside.set(), leave.wait(60))
    # A call of its own may take longer than the lease.
    pro, results = JamfPro(jamf_api.url, login(), deadline=60.0), []
    first = threading.Thread(target=lambda: results.append(read(pro)), daemon=True)
    first.start()
    assert inside.wait(60)

    redis_client.persist(TURN)
    try:
        wait_until("its lease is renewed", lambda: redis_client.pttl(TURN) > 0, seconds=20)
    finally:
        leave.set()
        first.join(60)

    assert results == [5]


def test_two_that_read_at_the_same_time_are_one(world, jamf_api, read):
    inside, leave = threading.Event(), threading.Event()
    jamf_api.gate = lambda: (inside.set(), leave.wait(60))
    pro, results = client(jamf_api), []
    first = threading.Thread(target=lambda: results.append(read(pro)))
    first.start()
    assert inside.wait(60)

    second = read(pro)
    leave.set()
    first.join()

    assert (second, results) == (0, [5])


def test_who_lost_its_turn_stops(world, jamf_api, read, steal):
    jamf_api.gate = lambda: steal() if jamf_api.count(path="computers-inventory") else None

    assert read() == 3
    assert {row["family"] for row in rows(world.engine, jamf_devices)} == {"computer"}
