"""When a Jamf Pro is read again: by its last round, whoever made it and however often somebody asks; one at a time."""

import threading
from datetime import timedelta

import pytest

from clients.jamf import JamfPro
from config.slots import Slots
from domain.jamf_round import RETRY
from simulators.jamf_api import JamfApi
from state.queries.rounds import jamf_rounds, unended_since
from tasks.deliver import Deliverer
from tasks.jamf_reconcile import reconcile
from tests.databases import BOTH_DATABASES, location_of
from tests.faults.arena import wait_until
from tests.jamf_pro import client, login, stock


@pytest.fixture
def database_location(request):
    """SQLite, unless a test asks for both: it is the other end that differs."""
    return location_of(request)


@pytest.fixture
def server():
    with JamfApi() as started:
        stock(started)
        yield started


@pytest.fixture
def read(world, server):
    """One reconcile; ``pauses`` are recorded, and time passes in them."""

    def read(pro=None, **options):
        world.connect(jamf={"jamf": pro or client(server)})
        deliverer = Deliverer(
            outside=world.outside,
            slots=world.slots,
            wake=world.wakes.append,
            monotonic=world.seconds,
            pause=lambda seconds: (world.pauses.append(seconds), world.later(seconds)),
        )
        return reconcile("jamf", deliverer, **options)

    return read


@BOTH_DATABASES
def test_the_next_round_is_due_by_the_last_one_whoever_asks(world, server, read):
    first = read(every=3_600)
    world.later(3_599)
    second, calls = read(every=3_600), len(server.calls)
    world.later(1)

    assert (first, second, read(every=3_600)) == (5, 0, 5)
    assert calls < len(server.calls)
    assert (read(every=3_600), read()) == (0, 5)


def test_a_part_that_may_not_be_read_makes_no_round_come_earlier(world, server, read):
    server.forbidden = {"/api/v4/computers-inventory"}
    read(every=3_600)
    world.later(RETRY)

    assert read(every=3_600) == 0


def test_a_round_that_read_nothing_is_made_again_sooner(world, server, read):
    began = world.now
    read(client(server, secret=lambda: "wrong"), every=21_600)
    world.now = began + timedelta(seconds=RETRY - 1)
    early = read(every=21_600)
    world.later(1)

    assert (early, read(every=21_600)) == (0, 5)


def test_a_round_that_did_not_end_is_made_again_sooner(world, server, read, redis_client):
    def steal():
        redis_client.delete("windfall:slot:jamf-reconcile:jamf:0")

    read(every=21_600)
    world.later(21_600)
    server.gate = lambda: steal() if server.calls[-1].path.endswith("computers-inventory") else None
    half = read(every=21_600)
    server.gate = lambda: None
    world.later(RETRY - 1)
    early = read(every=21_600)
    world.later(1)

    assert (half, early, read(every=21_600)) == (3, 0, 5)


def test_since_when_no_round_has_ended_is_known_until_one_does(world, server, read, redis_client):
    def steal():
        redis_client.delete("windfall:slot:jamf-reconcile:jamf:0")

    server.gate = steal
    first = world.now
    for _ in range(3):
        read()
        world.later(RETRY)
    never = jamf_rounds(world.engine)["jamf"]
    server.gate = lambda: None
    ended = world.now
    read()
    well = unended_since(world.engine, "jamf"), jamf_rounds(world.engine)["jamf"]
    world.later(RETRY)
    server.gate = steal
    again = world.now
    for _ in range(2):
        read()
        world.later(RETRY)

    assert (never.ended, never.at, never.failed) == (False, first, {})
    assert (well[0], well[1].ended, well[1].at) == (None, True, ended)
    assert unended_since(world.engine, "jamf") == again
    assert jamf_rounds(world.engine)["jamf"].at == ended


def test_a_turn_is_kept_for_as_long_as_a_page_takes(world, server, read, redis_client):
    world.slots = Slots(redis_client, lease=6.0)
    key, inside, leave = "windfall:slot:jamf-reconcile:jamf:0", threading.Event(), threading.Event()
    server.gate = lambda: (inside.set(), leave.wait(60))
    # A call of its own may take longer than the lease.
    pro, results = JamfPro(server.url, login(), deadline=60.0), []
    first = threading.Thread(target=lambda: results.append(read(pro)), daemon=True)
    first.start()
    assert inside.wait(60)

    redis_client.persist(key)
    try:
        wait_until("its lease is renewed", lambda: redis_client.pttl(key) > 0, seconds=20)
    finally:
        leave.set()
        first.join(60)

    assert results == [5]
