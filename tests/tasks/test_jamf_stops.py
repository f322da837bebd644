"""Rounds of reading a Jamf Pro that asks for quiet half way: they go on where they were, and people can see it."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from clients.jamf_pages import PAGE
from domain.clock import rfc3339
from domain.jamf_round import PARTS, RETRY, STALE, Stop
from simulators.http_server import Answer
from simulators.identities import Kind
from simulators.jamf_api import JamfApi
from simulators.jamf_library import Build
from state.destinations import note_failure
from state.queries.rounds import jamf_rounds
from state.schema import jamf_devices
from tasks.setup import Setup
from tests.databases import BOTH_DATABASES, location_of
from tests.jamf_pro import client, make_record, stock
from tests.tasks.lab import rows

EVERY = 21_600
LISTS = "computers-inventory"

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""


@pytest.fixture
def jamf_api(jamf_api):
    stock(jamf_api, computers=2 * PAGE + 200)
    return jamf_api


@pytest.fixture
def read(world, jamf_api):
    """One look whether a round is due, every six hours."""
    world.connect(jamf={"jamf": client(jamf_api)})
    return lambda sender="jamf": world.read_jamf(sender, every=EVERY)


def ask_for_quiet(server, *, after, path=LISTS):
    """Once, after so many lists; the first of computers only finds out where they are."""

    def gate():
        if server.count(path=path) == after - 1 and not asked:
            asked.append(True)
            server.be_busy(retry_after=60)

    asked = []
    server.gate = gate


def known(world):
    return {row["jamf_id"] for row in rows(world.engine, jamf_devices)}


@BOTH_DATABASES
def test_a_round_goes_on_where_its_server_asked_for_quiet(world, jamf_api, read):
    began = world.now
    ask_for_quiet(jamf_api, after=2)
    first = read()
    calls = len(jamf_api.calls)
    broken_off = jamf_rounds(world.engine)["jamf"]
    world.later(59)
    early = (read(), len(jamf_api.calls))
    world.later(1)
    went_on = world.now

    assert (first, early, read()) == (PAGE, (0, calls), 402)
    assert (list(broken_off.failed), broken_off.stop.part) == (["computers", "mobile_devices", "policies"], "computers")
    assert known(world) == {str(n) for n in (*jamf_api.catalog.computers, *jamf_api.catalog.mobiles)}
    last = jamf_rounds(world.engine)["jamf"]
    assert (last.failed, last.stop) == ({}, None)
    assert last.read_at == {
        "version": began, "computers": began, "mobile_devices": went_on, "policies": went_on
    }  # fmt: skip
    # Where the list is, three pages and the one that did not come; nothing twice.
    assert jamf_api.count(path=LISTS) == 5
    world.later(EVERY - 1)
    assert read() == 0
    world.later(1)
    assert read() == 602


def test_a_round_that_was_broken_off_long_ago_begins_anew(world, jamf_api, read):
    ask_for_quiet(jamf_api, after=2)
    first = read()
    world.later(STALE)

    assert (first, read()) == (PAGE, 602)
    assert set(jamf_rounds(world.engine)["jamf"].read_at.values()) == {world.now}


class Stingy(JamfApi):
    """Gives a page of computers, then asks for a minute of quiet."""

    def answer(self, request):
        self.pages = getattr(self, "pages", 0) + (LISTS in request.path and request.query["page-size"] == str(PAGE))
        if LISTS in request.path and self.pages and self.pages % 2 == 0:
            return Answer(status=429, headers={"Retry-After": "60"})
        return super().answer(request)


def test_a_server_that_gives_a_page_a_minute_is_read_to_its_end(world, read):
    with Stingy() as server:
        stock(server, computers=2 * PAGE + 200)
        world.connect(jamf={"jamf": client(server)})
        found = [read()]
        for _ in range(2):
            world.later(60)
            found.append(read())

    assert (found, jamf_rounds(world.engine)["jamf"].failed) == ([200, 200, 202], {})
    assert len(known(world)) == 602


def test_what_failed_before_a_round_was_broken_off_is_not_forgotten(world, jamf_api, read):
    jamf_api.forbidden = {"/api/v1/jamf-pro-version"}
    ask_for_quiet(jamf_api, after=3)
    read()
    world.later(60)
    read()

    assert set(jamf_rounds(world.engine)["jamf"].failed) == {"version"}


def test_what_could_not_be_read_before_a_round_was_broken_off_counts_once(world, jamf_api, read):
    jamf_api.catalog.computers[0] = make_record(Kind.MAC, 1, jssID=10**299)
    ask_for_quiet(jamf_api, after=2)
    read()
    world.later(60)
    read()
    once = jamf_rounds(world.engine)["jamf"].unread
    world.later(EVERY)
    note_failure(world.engine, "jamf:jamf", error="x", now=world.now, retry_after=60)
    read()
    world.later(60)
    read()

    assert (once, jamf_rounds(world.engine)["jamf"].unread) == ({"computers": 1}, {"computers": 1})


def test_a_round_that_goes_nowhere_is_not_tried_again_at_once(world, jamf_api, read):
    jamf_api.be_busy(1, retry_after=60)
    read()
    stuck, since = jamf_rounds(world.engine)["jamf"].stop, rfc3339(world.now)
    calls = len(jamf_api.calls)
    world.later(RETRY - 1)
    early = (read(), len(jamf_api.calls))
    world.later(1)

    assert stuck == Stop(part="version", since=since)
    assert (early, read()) == ((0, calls), 602)


def test_where_a_server_is_stuck_what_comes_before_that_is_read_again_when_it_is_due(world, jamf_api, read):
    ask_for_quiet(jamf_api, after=2, path="mobile-devices")
    read()
    stuck = jamf_rounds(world.engine)["jamf"].stop
    parts = []
    for _ in range(int(EVERY / RETRY)):
        world.later(RETRY)
        jamf_api.be_busy(1, retry_after=60)
        read()
        parts.append(jamf_rounds(world.engine)["jamf"].stop.part)

    assert stuck.part == "policies"
    assert (set(parts[:-1]), parts[-1]) == ({"policies"}, "version")


@BOTH_DATABASES
def test_a_round_that_is_due_while_its_server_is_left_alone_says_so_and_comes_when_that_is_over(world, jamf_api, read):
    read()
    whole = jamf_rounds(world.engine)["jamf"]
    world.later(EVERY)
    note_failure(world.engine, "jamf:jamf", error="x", now=world.now, retry_after=300)
    calls = len(jamf_api.calls)
    with capture_logs() as lines:
        waited = read()
    waiting = jamf_rounds(world.engine)["jamf"]
    world.later(299)
    still = read()
    told_again = jamf_rounds(world.engine)["jamf"]
    asked = len(jamf_api.calls) - calls
    world.later(1)

    assert (waited, still, asked, read()) == (0, 0, 0, 602)
    assert [(line["event"], line["seconds"]) for line in lines] == [("jamf_read_waits", 300.0)]
    assert set(waiting.failed) == set(PARTS)
    assert all("left alone until" in words for words in waiting.failed.values())
    assert (waiting.at, waiting.read_at) == (whole.at + timedelta(seconds=EVERY), whole.read_at)
    assert told_again == waiting
    last = jamf_rounds(world.engine)["jamf"]
    assert (last.failed, last.stop, set(last.read_at.values())) == ({}, None, {world.now})


def test_a_round_that_is_not_due_says_nothing_of_a_server_that_is_left_alone(world, read):
    read()
    note_failure(world.engine, "jamf:jamf", error="x", now=world.now, retry_after=300)

    assert read() == 0
    assert jamf_rounds(world.engine)["jamf"].failed == {}


def test_a_list_that_is_not_read_in_pages_is_read_anew(world, read, jamf_api):
    with JamfApi(build=Build(inventories=(), mobile_lists=())) as old:
        stock(old)
        world.connect(jamf={"jamf": client(old)})
        ask_for_quiet(old, after=2, path="/JSSResource/computers")
        first = read()
        stopped = jamf_rounds(world.engine)["jamf"].stop
        world.later(60)

        assert (first, stopped.part, stopped.page, read()) == (3, "mobile_devices", 0, 2)


def test_senders_of_one_server_do_not_read_it_at_the_same_time(world, jamf_api, read):
    setup = Setup(jamf_urls={"jamf": jamf_api.url, "jamf-signed": jamf_api.url + "/"})
    world.connect(jamf={name: client(jamf_api) for name in setup.jamf_urls}, setup=setup)
    found = []

    def gate():
        jamf_api.gate = lambda: None
        found.append(read("jamf-signed"))

    jamf_api.gate = gate

    assert (read(), found, read("jamf-signed")) == (602, [0], 602)


@pytest.mark.parametrize(
    "told", [None, {}, [], "x", {"part": "printers"}, {"part": "computers", "hour": 1}, {"page": 1}]
)
def test_a_stop_that_no_version_of_ours_told_is_none(told):
    assert Stop.read(told) is None
