"""Single reads in a simulated Jamf Pro, and what is known afterwards."""

import json
from dataclasses import asdict
from datetime import timedelta

import pytest

from domain.errors import PermanentError, TransientError
from domain.facts import fact
from simulators.faults import Down
from state.outbox import Claimed
from state.schema import jamf_devices, jamf_policies, jamf_servers
from tasks.actions.read_jamf import MOST_MISSES, ReadJamf
from tasks.effects import Needless
from tests.deliveries import MINUTE, NOON
from tests.jamf_pro import CONTACTED, REPORTED, client
from tests.tasks.lab import rows

EXAMPLE = ReadJamf(sender="jamf", what="computer", jamf_id="2")


@pytest.fixture
def world(outside, jamf_api):
    return outside(jamf={"jamf": client(jamf_api)})


def perform(world, *asked, attempt=1):
    claimed = [
        Claimed(
            id=f"{number:032x}",
            key=f"{number}",
            kind="read_jamf",
            destination=one.destination,
            arguments=asdict(one),
            attempt=attempt,
            until=NOON + MINUTE,
        )
        for number, one in enumerate(asked)
    ]
    return [result for results in ReadJamf.perform_many(claimed, world) for _, result in results]


def test_survives_the_ledger():
    assert ReadJamf(**json.loads(json.dumps(asdict(EXAMPLE)))) == EXAMPLE
    assert EXAMPLE.destination == "jamf:jamf"


def test_a_record_becomes_facts_of_the_device(world, jamf_api):
    assert perform(world, EXAMPLE, ReadJamf(sender="jamf", what="mobile_device", jamf_id="1001")) == [None, None]

    mac, ipad = sorted(rows(world.engine, jamf_devices), key=lambda row: row["family"])
    expected = jamf_api.catalog.computers[2].fields
    assert (mac["jamf_id"], mac["serial_number"], mac["udid"], mac["name"], mac["os_version"]) == (
        "2",
        expected["serialNumber"],
        expected["udid"],
        "device 2",
        "15.4",
    )
    assert (mac["management_id"], mac["model"]) == (expected["managementId"], expected["model"])
    assert (mac["inventory_at"], mac["checked_in_at"], mac["last_seen_at"]) == (REPORTED, CONTACTED, CONTACTED)
    assert (ipad["family"], ipad["jamf_id"], ipad["name"]) == ("mobile_device", "1001", "device 1001")
    assert fact(ipad["facts"], "modelIdentifier") == jamf_api.catalog.mobiles[1001].fields["product"]


def test_policies_get_their_names_and_servers_their_version(world, jamf_api):
    asked = [ReadJamf(sender="jamf", what="policy", jamf_id="501"), ReadJamf(sender="jamf", what="version")]

    assert perform(world, *asked) == [None, None]

    [policy], [known] = rows(world.engine, jamf_policies), rows(world.engine, jamf_servers)
    assert (policy["kind"], policy["policy_id"], policy["name"]) == ("policy", "501", "Policy 501; ring 1")
    assert (known["sender"], known["version"]) == ("jamf", jamf_api.build.version)


def test_a_server_that_still_starts_is_asked_for_its_version_later(world, jamf_api):
    version = ReadJamf(sender="jamf", what="version")
    jamf_api.healthy = False
    [early] = perform(world, version)
    jamf_api.healthy = True

    assert (type(early), early.down, perform(world, version)) == (TransientError, False, [None])


def test_a_record_that_another_node_has_not_yet_is_read_again(world, jamf_api):
    jamf_api.hide("/api/v4/computers-inventory/2", 1)

    first, second = perform(world, EXAMPLE), perform(world, EXAMPLE, attempt=2)

    assert isinstance(first[0], TransientError)
    assert not first[0].down
    assert second == [None]


def test_a_policy_that_another_node_has_not_yet_is_read_again(world, jamf_api):
    policy = ReadJamf(sender="jamf", what="policy", jamf_id="501")
    jamf_api.hide("/JSSResource/policies/id/501/subset/General", 1)

    [first], second = perform(world, policy), perform(world, policy, attempt=2)

    assert (type(first), second) == (TransientError, [None])
    assert [row["name"] for row in rows(world.engine, jamf_policies)] == ["Policy 501; ring 1"]


def test_what_is_not_there_after_some_time_is_not_there(world):
    gone = [ReadJamf(sender="jamf", what=what, jamf_id="77") for what in ("computer", "mobile_device", "policy")]

    assert all(isinstance(result, TransientError) for result in perform(world, *gone, attempt=MOST_MISSES - 1))
    assert perform(world, *gone, attempt=MOST_MISSES) == [
        "there is no computer 77",
        "there is no mobile_device 77",
        "there is no policy 77",
    ]
    assert rows(world.engine, jamf_devices) == rows(world.engine, jamf_policies) == []


def test_what_was_known_of_a_record_that_is_gone_stays(world, jamf_api):
    perform(world, EXAMPLE)
    before = rows(world.engine, jamf_devices)
    del jamf_api.catalog.computers[2]

    perform(world, EXAMPLE, attempt=MOST_MISSES)

    assert rows(world.engine, jamf_devices) == before


def test_reading_twice_is_as_good_as_once(world):
    perform(world, EXAMPLE)
    once = rows(world.engine, jamf_devices)

    perform(world, EXAMPLE)

    assert rows(world.engine, jamf_devices) == once


@pytest.mark.parametrize("down", [Down.REFUSING, Down.ERROR, Down.UNAVAILABLE])
def test_a_server_that_is_away_changes_nothing(world, jamf_api, down):
    jamf_api.go_down(down)

    [result] = perform(world, EXAMPLE)

    assert isinstance(result, TransientError)
    assert rows(world.engine, jamf_devices) == []


def test_one_that_fails_keeps_nobody_from_the_others(world):
    bad, good = perform(world, ReadJamf(sender="jamf", what="computer", jamf_id="../1"), EXAMPLE)

    assert isinstance(bad, PermanentError)
    assert good is None


def test_without_its_server_nobody_is_asked(outside):
    [result] = perform(outside(), EXAMPLE)

    assert isinstance(result, Needless)


def test_a_time_that_no_clock_can_have_is_not_taken(world, jamf_api):
    record = jamf_api.catalog.computers[2]
    jamf_api.catalog.computers[2] = type(record)(
        fields=record.fields, contact_at=NOON + timedelta(days=400), report_at=record.report_at
    )

    perform(world, EXAMPLE)

    [row] = rows(world.engine, jamf_devices)
    assert (row["checked_in_at"], row["inventory_at"]) == (None, REPORTED)
