"""Rounds of reading a Jamf Pro where one page never comes: all the others do."""

import pytest

from clients.jamf_pages import PAGE
from domain.jamf_round import RETRY
from simulators.http_server import Answer
from simulators.identities import Kind
from simulators.jamf_api import JamfApi
from state.queries.rounds import jamf_rounds
from tests.databases import location_of
from tests.jamf_pro import client, make_record, stock

EVERY = 21_600
COMPUTERS = 2 * PAGE + 200
OTHERS = 4
"""Two mobile devices and two policies."""

database_location = pytest.fixture(location_of)
"""On SQLite: it is the other end that differs."""


class Clogged(JamfApi):
    """A balancer gives up on the third page of computers; ``wrong`` are what else does not come."""

    wrong: tuple[str, ...] = ()
    is_clogged = True
    answered_with = Answer(status=504)

    def answer(self, request):
        is_third = "computers-inventory" in request.path and request.query["page"] == "2"
        if self.is_clogged and (is_third or any(part in request.path for part in self.wrong)):
            return self.answered_with
        return super().answer(request)


@pytest.fixture
def server():
    with Clogged() as simulated:
        stock(simulated, computers=COMPUTERS)
        yield simulated


@pytest.fixture
def read(world, server):
    world.connect(jamf={"jamf": client(server)})
    return lambda: world.read_jamf("jamf", every=EVERY)


def last(world):
    return jamf_rounds(world.engine)["jamf"]


def rounds(world, read, hours):
    """Looks every quarter of an hour."""
    found = []
    for _ in range(int(hours * 3600 / RETRY)):
        world.later(RETRY)
        found.append(read())
    return found


def test_one_page_that_never_comes_keeps_nobody_from_the_other_parts(world, server, read):
    began = world.now
    read()
    away = last(world)
    world.later(RETRY)
    again = world.now
    found = read()

    assert list(away.failed) == ["computers", "mobile_devices", "policies"]
    assert (found, list(last(world).failed)) == (2, ["computers"])
    assert last(world).read_at == {"version": began, "mobile_devices": again, "policies": again}
    assert (last(world).stop.part, last(world).stop.page) == ("computers", 2)


def test_they_are_read_as_often_as_they_are_due_and_the_page_more_often(world, server, read):
    read()
    seen = []
    for _ in range(2):
        rounds(world, read, 5)
        # The first look for mobile devices finds out where they are listed.
        seen.append((server.count(path="mobile-devices") - 1, server.count(path="/JSSResource/policies")))

    assert seen == [(1, 1), (2, 2)]
    # Four tries, every quarter of an hour.
    assert server.count(path="computers-inventory") > 4 * 4 * 10
    assert set(last(world).failed) == {"computers"}


def test_when_the_page_comes_at_last_the_round_is_whole(world, server, read):
    read()
    rounds(world, read, 1)
    server.is_clogged = False
    world.later(RETRY)

    assert (read(), last(world).failed, last(world).stop) == (200, {}, None)
    assert set(last(world).read_at) == {"version", "computers", "mobile_devices", "policies"}


def test_each_part_behind_has_one_turn_and_is_not_asked_for_again_and_again(world, server, read):
    server.wrong = ("mobile-devices",)
    read()
    rounds(world, read, 1)
    failed, lists = dict(last(world).failed), server.count(path="mobile-devices")
    rounds(world, read, 4)

    assert (list(failed), last(world).failed) == (["computers", "mobile_devices"], failed)
    assert lists == server.count(path="mobile-devices") == 4
    assert server.count(path="/JSSResource/policies") == 1
    assert (last(world).stop.part, last(world).stop.is_passed) == ("computers", True)
    server.is_clogged = False
    world.later(RETRY)
    assert (read(), last(world).failed, last(world).stop) == (202, {}, None)


def test_what_cannot_be_read_behind_the_page_counts_once(world, server, read):
    server.catalog.mobiles[1001] = make_record(Kind.IPAD, 1001, jssID=10**299)
    read()
    rounds(world, read, 14)

    assert last(world).unread == {"mobile_devices": 1}


def test_one_that_asks_for_quiet_is_asked_for_nothing_else(world, server, read):
    read()
    server.answered_with = Answer(status=503, headers={"Retry-After": "600"})
    calls = server.count(path="mobile-devices")
    world.later(RETRY)
    read()

    assert server.count(path="mobile-devices") == calls
    assert list(last(world).failed) == ["computers", "mobile_devices", "policies"]
