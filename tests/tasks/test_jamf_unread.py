"""What could not be read of a simulated Jamf Pro: people can see which part and why, until it can be read."""

import pytest
from structlog.testing import capture_logs

from domain.jamf_round import PARTS
from simulators.faults import Down
from simulators.identities import Kind
from state.destinations import note_failure, standing
from state.queries.owed import troubles
from state.queries.rounds import jamf_rounds
from state.schema import jamf_servers
from tests.databases import BOTH_DATABASES, location_of
from tests.jamf_pro import client, make_record
from tests.tasks.lab import rows

DESTINATION = "jamf:jamf"

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""


@BOTH_DATABASES
def test_which_parts_could_not_be_read_and_why_is_known_until_they_are(world, jamf_api, read):
    read()
    whole = jamf_rounds(world.engine)["jamf"]
    world.later(3_600)
    jamf_api.forbidden = {"/api/v4/computers-inventory"}
    began = world.now
    with capture_logs() as lines:
        read()
    partial = jamf_rounds(world.engine)["jamf"]
    world.later(3_600)
    jamf_api.forbidden = set()
    read()

    assert (whole.failed, set(whole.read_at.values()), set(whole.read_at)) == ({}, {whole.at}, set(PARTS))
    assert set(partial.failed) == {"computers"}
    assert "may 7f9c-client read this?" in partial.failed["computers"]
    assert partial.at == began
    assert partial.read_at == {**dict.fromkeys(PARTS, began), "computers": whole.at}
    assert [(line["log_level"], line["reason"]) for line in lines if line["event"] == "jamf_read_in_part"] == [
        ("warning", "without computers")
    ]
    assert jamf_rounds(world.engine)["jamf"].failed == {}


def test_records_that_nobody_can_read_are_counted_and_the_first_is_told(world, jamf_api, read):
    for number in (7, 8):
        jamf_api.catalog.computers[number] = make_record(Kind.MAC, number, jssID=10**299)
    with capture_logs() as lines:
        found = read()
    counted = jamf_rounds(world.engine)["jamf"].unread
    del jamf_api.catalog.computers[7], jamf_api.catalog.computers[8]
    world.later(3_600)
    read()

    assert (found, counted, jamf_rounds(world.engine)["jamf"].unread) == (5, {"computers": 2}, {})
    [told] = [line for line in lines if line["event"] == "jamf_records_unread"]
    assert (told["kind"], told["records"], "1000000" in told["reason"]) == ("computers", 2, True)


def test_a_url_that_redirects_reads_nothing_and_says_so(world, jamf_api, read):
    jamf_api.show_page(301, calls=20)

    assert read() == 0

    last = jamf_rounds(world.engine)["jamf"]
    assert (list(last.failed), last.read_at) == (list(PARTS), {})
    assert all("answered 301" in words and "give the URL" in words for words in last.failed.values())


def test_a_server_that_goes_away_has_not_been_read_from_there_on(world, jamf_api, read):
    jamf_api.gate = lambda: jamf_api.go_down(Down.UNAVAILABLE) if jamf_api.count(path="computers-inventory") else None

    assert read() == 3

    last = jamf_rounds(world.engine)["jamf"]
    assert list(last.failed) == ["mobile_devices", "policies"]
    assert set(last.read_at) == {"version", "computers"}
    assert jamf_api.count(path="/JSSResource/policies") == 0


def test_secrets_are_not_among_the_words_that_are_kept(world, jamf_api, read):
    secret = "wr0ng-and-secret"
    read(client(jamf_api, secret=lambda: secret))

    [known] = rows(world.engine, jamf_servers)

    assert set(jamf_rounds(world.engine)["jamf"].failed) == set(PARTS)
    assert secret not in str(known)


@BOTH_DATABASES
def test_wrong_credentials_are_a_trouble_of_the_destination_until_they_are_right(world, jamf_api, read):
    assert read(client(jamf_api, secret=lambda: "wrong")) == 0
    world.later(3_600)
    [trouble] = troubles(world.engine).values()
    assert trouble.is_away(world.now)
    assert "answered 401" in trouble.error
    assert jamf_api.count("POST") == 1

    assert read() == 5
    assert standing(world.engine, DESTINATION).failures == 0


def test_a_read_that_succeeds_is_the_end_of_others_failures(world, read):
    note_failure(world.engine, DESTINATION, error="x", now=world.now, retry_after=None)

    read()

    assert standing(world.engine, DESTINATION).failures == 0
