"""All records of a simulated Jamf Pro, read over a real socket: what was missed is made up for, and never more."""

from datetime import timedelta

import pytest

from clients.jamf_pages import PAGE
from domain.jamf_round import BEGAN, GOES_ON, NOT_READ, PARTS, UNENDED, UNREAD, read_at
from simulators.faults import Down
from simulators.jamf_api import JamfApi
from simulators.jamf_library import Build
from state.destinations import standing
from state.schema import jamf_devices, jamf_policies, jamf_servers, metadata
from tasks.jamf_patience import PAUSES
from tests.databases import BOTH_DATABASES, location_of
from tests.jamf_pro import CONTACTED, REPORTED, client, stock
from tests.tasks.lab import rows

DESTINATION = "jamf:jamf"
OF_ROUNDS = {BEGAN, GOES_ON, NOT_READ, UNENDED, UNREAD, *map(read_at, PARTS)}

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""


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
def test_everybody_is_told_of_and_policies_and_the_version(world, jamf_api, read):
    assert read() == 5

    known = devices(world)
    assert set(known) == {("computer", str(n)) for n in (1, 2, 3)} | {("mobile_device", n) for n in ("1001", "1002")}
    for (_, jamf_id), row in known.items():
        record = (jamf_api.catalog.computers | jamf_api.catalog.mobiles)[int(jamf_id)]
        assert (row["serial_number"], row["udid"], row["name"], row["os_version"], row["management_id"]) == tuple(
            record.fields[name] for name in ("serialNumber", "udid", "deviceName", "osVersion", "managementId")
        )
        assert row["inventory_at"] == REPORTED
    assert known["computer", "1"]["last_seen_at"] == known["computer", "1"]["checked_in_at"] == CONTACTED
    assert {row["policy_id"]: row["name"] for row in rows(world.engine, jamf_policies)} == {
        str(number): name for number, name in jamf_api.catalog.policies.items()
    }
    [known_server] = rows(world.engine, jamf_servers)
    assert known_server["version"] == jamf_api.build.version


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


def test_many_pages_come_one_request_at_a_time(world, jamf_api, read):
    stock(jamf_api, computers=2 * PAGE + 10)

    assert read() == 2 * PAGE + 12
    assert jamf_api.most_at_once == 1
    assert len(devices(world)) == 2 * PAGE + 12


@BOTH_DATABASES
def test_nobody_is_gone_because_a_read_does_not_name_him(world, jamf_api, read):
    read()
    before = rows(world.engine, jamf_devices)
    jamf_api.catalog.computers.clear()
    jamf_api.catalog.mobiles.clear()
    world.later(3_600)

    assert read() == 0
    assert rows(world.engine, jamf_devices) == before


@pytest.mark.parametrize("down", [Down.REFUSING, Down.ERROR, Down.UNAVAILABLE])
def test_a_read_that_fails_changes_nothing(world, jamf_api, read, down):
    read()
    before = everything(world.engine)
    world.later(3_600)
    jamf_api.go_down(down)

    assert read() == 0
    assert everything(world.engine) == before


def test_a_page_that_does_not_come_is_asked_for_again_after_a_while(world, jamf_api, read):
    pro = client(jamf_api)
    pro.version()
    jamf_api.be_busy(retry_after=7)
    jamf_api.show_page(502)

    assert read(pro) == 5
    assert world.pauses == [7.0, PAUSES[1]]
    assert standing(world.engine, DESTINATION).failures == 0


def test_a_server_that_asks_for_more_quiet_has_it_from_everybody(world, jamf_api, read):
    jamf_api.be_busy(10, retry_after=300)

    assert read() == 0
    paused = standing(world.engine, DESTINATION)
    assert paused.is_paused(world.now + timedelta(seconds=299))
    calls = len(jamf_api.calls)
    assert (read(), len(jamf_api.calls)) == (0, calls)


def test_a_part_that_may_not_be_read_keeps_nobody_from_the_others(world, jamf_api, read):
    jamf_api.forbidden = {"/api/v4/computers-inventory", "/api/v1/jamf-pro-version"}

    assert read() == 2
    assert {family for family, _ in devices(world)} == {"mobile_device"}
    assert len(rows(world.engine, jamf_policies)) == 2
    assert standing(world.engine, DESTINATION).failures == 0


def test_only_a_configured_server_is_read(world, jamf_api):
    assert world.read_jamf() == 0
    assert jamf_api.calls == []
