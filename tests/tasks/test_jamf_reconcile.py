"""All records of a simulated Jamf Pro, read over a real socket: what was missed is made up for, and never more."""

import threading
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from clients.jamf_pages import PAGE
from domain.jamf_round import BEGAN, GOES_ON, NOT_READ, PARTS, UNENDED, UNREAD, read_at
from simulators.faults import Down
from simulators.identities import Kind
from simulators.jamf_api import JamfApi
from simulators.jamf_library import Build
from state.destinations import note_failure, standing
from state.queries.owed import troubles
from state.queries.rounds import jamf_rounds
from state.schema import jamf_devices, jamf_policies, jamf_servers, metadata
from tasks.deliver import Deliverer
from tasks.jamf_patience import PAUSES
from tasks.jamf_reconcile import reconcile
from tests.databases import BOTH_DATABASES, location_of
from tests.jamf_pro import CONTACTED, REPORTED, client, make_record, stock
from tests.tasks.lab import rows

DESTINATION = "jamf:jamf"
OF_ROUNDS = {BEGAN, GOES_ON, NOT_READ, UNENDED, UNREAD, *map(read_at, PARTS)}


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

    def read(pro=None):
        world.connect(jamf={"jamf": pro or client(server)})
        deliverer = Deliverer(
            outside=world.outside,
            slots=world.slots,
            wake=world.wakes.append,
            monotonic=world.seconds,
            pause=lambda seconds: (world.pauses.append(seconds), world.later(seconds)),
        )
        return reconcile("jamf", deliverer)

    return read


def devices(world):
    return {(row["family"], row["jamf_id"]): row for row in rows(world.engine, jamf_devices)}


def everything(engine):
    """Except how the rounds went."""
    found = {table.name: rows(engine, table) for table in metadata.sorted_tables if table.name.startswith("jamf_")}
    servers = [dict(row) for row in found["jamf_servers"]]
    for server in servers:
        server["facts"] = {name: told for name, told in server["facts"].items() if name not in OF_ROUNDS}
    return found | {"jamf_servers": servers}


@BOTH_DATABASES
def test_everybody_is_told_of_and_policies_and_the_version(world, server, read):
    assert read() == 5

    known = devices(world)
    assert set(known) == {("computer", str(n)) for n in (1, 2, 3)} | {("mobile_device", n) for n in ("1001", "1002")}
    for (_, jamf_id), row in known.items():
        record = (server.catalog.computers | server.catalog.mobiles)[int(jamf_id)]
        assert (row["serial_number"], row["udid"], row["name"], row["os_version"], row["management_id"]) == tuple(
            record.fields[name] for name in ("serialNumber", "udid", "deviceName", "osVersion", "managementId")
        )
        assert row["inventory_at"] == REPORTED
    assert known["computer", "1"]["last_seen_at"] == known["computer", "1"]["checked_in_at"] == CONTACTED
    assert {row["policy_id"]: row["name"] for row in rows(world.engine, jamf_policies)} == {
        str(number): name for number, name in server.catalog.policies.items()
    }
    [known_server] = rows(world.engine, jamf_servers)
    assert known_server["version"] == server.build.version


@pytest.mark.parametrize("build", [Build(inventories=("v1",), mobile_lists=("summary",)), Build(inventories=())])
def test_older_servers_tell_of_the_same_devices(world, build, read):
    with JamfApi(build=build) as server:
        stock(server)
        read(client(server))

        assert {key: (row["serial_number"], row["udid"]) for key, row in devices(world).items()} == {
            (family, str(number)): (record.fields["serialNumber"], record.fields["udid"])
            for family, known in (("computer", server.catalog.computers), ("mobile_device", server.catalog.mobiles))
            for number, record in known.items()
        }


def test_many_pages_come_one_request_at_a_time(world, server, read):
    stock(server, computers=2 * PAGE + 10)

    assert read() == 2 * PAGE + 12
    assert server.most_at_once == 1
    assert len(devices(world)) == 2 * PAGE + 12


@BOTH_DATABASES
def test_nobody_is_gone_because_a_read_does_not_name_him(world, server, read):
    read()
    before = rows(world.engine, jamf_devices)
    server.catalog.computers.clear()
    server.catalog.mobiles.clear()
    world.later(3_600)

    assert read() == 0
    assert rows(world.engine, jamf_devices) == before


@pytest.mark.parametrize("down", [Down.REFUSING, Down.ERROR, Down.UNAVAILABLE])
def test_a_read_that_fails_changes_nothing(world, server, read, down):
    read()
    before = everything(world.engine)
    world.later(3_600)
    server.go_down(down)

    assert read() == 0
    assert everything(world.engine) == before


def test_a_page_that_does_not_come_is_asked_for_again_after_a_while(world, server, read):
    pro = client(server)
    pro.version()
    server.be_busy(retry_after=7)
    server.show_page(502)

    assert read(pro) == 5
    assert world.pauses == [7.0, PAUSES[1]]
    assert standing(world.engine, DESTINATION).failures == 0


def test_a_server_that_asks_for_more_quiet_has_it_from_everybody(world, server, read):
    server.be_busy(10, retry_after=300)

    assert read() == 0
    paused = standing(world.engine, DESTINATION)
    assert paused.is_paused(world.now + timedelta(seconds=299))
    calls = len(server.calls)
    assert (read(), len(server.calls)) == (0, calls)


def test_a_part_that_may_not_be_read_keeps_nobody_from_the_others(world, server, read):
    server.forbidden = {"/api/v4/computers-inventory", "/api/v1/jamf-pro-version"}

    assert read() == 2
    assert {family for family, _ in devices(world)} == {"mobile_device"}
    assert len(rows(world.engine, jamf_policies)) == 2
    assert standing(world.engine, DESTINATION).failures == 0


@BOTH_DATABASES
def test_which_parts_could_not_be_read_and_why_is_known_until_they_are(world, server, read):
    read()
    whole = jamf_rounds(world.engine)["jamf"]
    world.later(3_600)
    server.forbidden = {"/api/v4/computers-inventory"}
    began = world.now
    with capture_logs() as lines:
        read()
    partial = jamf_rounds(world.engine)["jamf"]
    world.later(3_600)
    server.forbidden = set()
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


def test_records_that_nobody_can_read_are_counted_and_the_first_is_told(world, server, read):
    for number in (7, 8):
        server.catalog.computers[number] = make_record(Kind.MAC, number, jssID=10**299)
    with capture_logs() as lines:
        found = read()
    counted = jamf_rounds(world.engine)["jamf"].unread
    del server.catalog.computers[7], server.catalog.computers[8]
    world.later(3_600)
    read()

    assert (found, counted, jamf_rounds(world.engine)["jamf"].unread) == (5, {"computers": 2}, {})
    [told] = [line for line in lines if line["event"] == "jamf_records_unread"]
    assert (told["kind"], told["records"], "1000000" in told["reason"]) == ("computers", 2, True)


def test_a_url_that_redirects_reads_nothing_and_says_so(world, server, read):
    server.show_page(301, calls=20)

    assert read() == 0

    last = jamf_rounds(world.engine)["jamf"]
    assert (list(last.failed), last.read_at) == (list(PARTS), {})
    assert all("answered 301" in words and "give the URL" in words for words in last.failed.values())


def test_a_server_that_goes_away_has_not_been_read_from_there_on(world, server, read):
    server.gate = lambda: server.go_down(Down.UNAVAILABLE) if server.count(path="computers-inventory") else None

    assert read() == 3

    last = jamf_rounds(world.engine)["jamf"]
    assert list(last.failed) == ["mobile_devices", "policies"]
    assert set(last.read_at) == {"version", "computers"}
    assert server.count(path="/JSSResource/policies") == 0


def test_secrets_are_not_among_the_words_that_are_kept(world, server, read):
    secret = "wr0ng-and-secret"
    read(client(server, secret=lambda: secret))

    [known] = rows(world.engine, jamf_servers)

    assert set(jamf_rounds(world.engine)["jamf"].failed) == set(PARTS)
    assert secret not in str(known)


@BOTH_DATABASES
def test_wrong_credentials_are_a_trouble_of_the_destination_until_they_are_right(world, server, read):
    assert read(client(server, secret=lambda: "wrong")) == 0
    world.later(3_600)
    [trouble] = troubles(world.engine).values()
    assert trouble.is_away(world.now)
    assert "answered 401" in trouble.error
    assert server.count("POST") == 1

    assert read() == 5
    assert standing(world.engine, DESTINATION).failures == 0


def test_a_read_that_succeeds_is_the_end_of_others_failures(world, read):
    note_failure(world.engine, DESTINATION, error="x", now=world.now, retry_after=None)

    read()

    assert standing(world.engine, DESTINATION).failures == 0


def test_two_that_read_at_the_same_time_are_one(world, server, read):
    inside, leave = threading.Event(), threading.Event()
    server.gate = lambda: (inside.set(), leave.wait(60))
    pro, results = client(server), []
    first = threading.Thread(target=lambda: results.append(read(pro)))
    first.start()
    assert inside.wait(60)

    second = read(pro)
    leave.set()
    first.join()

    assert (second, results) == (0, [5])


def test_who_lost_its_turn_stops(world, server, read, redis_client):
    def steal():
        redis_client.delete("windfall:slot:jamf-reconcile:jamf:0")

    server.gate = lambda: steal() if server.count(path="computers-inventory") else None

    assert read() == 3
    assert {family for family, _ in devices(world)} == {"computer"}


def test_only_a_configured_server_is_read(world, server):
    deliverer = Deliverer(
        outside=world.outside, slots=world.slots, wake=world.wakes.append, monotonic=world.seconds, pause=lambda _: None
    )

    assert reconcile("jamf", deliverer) == 0
    assert server.calls == []
