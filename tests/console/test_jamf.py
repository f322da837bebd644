"""What Jamf Pro told, as the API and the command line show it."""

import json

import pytest

from domain.kinds import TYPES
from state.queries.jamf import LISTS
from tasks.process import process
from tests.databases import BOTH_DATABASES
from tests.deliveries import MINUTE, NOON, check_in, envelope
from tests.jamf import all_events, delivered, subject, told

UDID = subject().computer["udid"]
SERIAL = subject().computer["serialNumber"]


@pytest.fixture
def windfall(run_windfall, database_location):
    def run(*arguments, exit_code=0):
        result = run_windfall(*arguments, DATABASE_URL=database_location)
        assert result.exit_code == exit_code, result.output
        return result.output

    return run


@pytest.fixture
def all_told(services):
    """One of each event, and the Mac at its MDM server."""
    process([delivered(said) for said in all_events()], services)
    process([envelope(check_in("Authenticate", udid=UDID, SerialNumber=SERIAL))], services)
    assert len(all_events()) == len(TYPES["jamf"])


@BOTH_DATABASES
@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_items_filters_and_one_by_one(client, all_told, name):
    path = f"/api/jamf-{name}"
    items = client.get(path).json["items"]

    (first, *_) = items
    item = client.get(f"{path}/{first['id']}").json

    assert first.items() <= item.items()
    for filtered in LISTS[name].filters:
        value = first[filtered]
        if value is not None:
            asked = str(value).lower() if isinstance(value, bool) else value
            found = client.get(path, query_string={filtered: asked}).json["items"]
            assert first in found
            assert all(each[filtered] == value for each in found)
    assert client.get(f"{path}?nothing=1").status_code == 400
    assert client.get(f"{path}/nobody").status_code == 404


@BOTH_DATABASES
def test_a_device_shows_its_records_in_jamf_pro(client, all_told):
    item = client.get(f"/api/devices/{UDID}").json

    assert [(record["family"], record["jamf_id"]) for record in item["jamf"]] == [("computer", "7731")]
    assert item["jamf"][0]["checked_in_at"] > "2026-03-01"
    assert item["conflicts"] == []


@BOTH_DATABASES
def test_a_device_shows_what_its_records_were(client, all_told):
    item = client.get(f"/api/devices/{UDID}").json
    record = client.get(f"/api/jamf-devices/{item['jamf'][0]['id']}").json

    told = {(row["name"], row["value"]) for row in item["history"]}
    assert {("ipAddress", "2001:db8:4:8::17"), ("reportedIpAddress", "10.44.9.2"), ("osVersion", "15.6")} <= told
    assert {row["device_id"] for row in item["history"]} == {record["id"]}
    assert record["history"] == item["history"]
    assert {row["name"] for row in record["history"]} == {"deviceName", "osVersion", "ipAddress", "reportedIpAddress"}


@BOTH_DATABASES
def test_events_are_found_by_the_record_that_they_are_about(client, all_told):
    (record,) = client.get(f"/api/jamf-devices?serial_number={SERIAL}&family=computer").json["items"]

    items = client.get(f"/api/events?jamf_device_id={record['id']}").json["items"]

    assert {item["jamf_device_id"] for item in items} == {record["id"]}
    assert {item["type"] for item in items} == {name for name in TYPES["jamf"] if name.startswith("Computer")}


@BOTH_DATABASES
def test_a_record_shows_its_device_groups_results_and_facts(client, all_told):
    (listed,) = client.get(f"/api/jamf-devices?family=computer&serial_number={SERIAL.lower()}").json["items"]
    item = client.get(f"/api/jamf-devices/{listed['id']}").json

    assert [record["id"] for record in item["mdm"]] == [UDID]
    assert [(each["group_id"], each["is_member"]) for each in item["memberships"]] == [("14", True)]
    assert {each["kind"] for each in item["results"]} == {"policy", "patch_policy"}
    assert item["facts"]["department"]["value"] == "Cartography"
    assert "first_seen_at" not in item["facts"]
    assert item["first_seen_at"] < item["last_seen_at"]


@BOTH_DATABASES
def test_a_group_shows_who_is_in_it_now(client, services):
    fields = {"jssid": 14, "name": "FileVault off"}
    process([told("SmartGroupUserMembershipChange", {**fields, "groupAddedUserIds": list(range(1, 203))})], services)
    process(
        [told("SmartGroupUserMembershipChange", {**fields, "groupRemovedUserIds": [1]}, at=NOON + MINUTE)], services
    )

    (listed,) = client.get("/api/jamf-groups?kind=users").json["items"]
    item = client.get(f"/api/jamf-groups/{listed['id']}").json
    gone = client.get("/api/jamf-memberships?group_id=14&is_member=false").json["items"]

    assert (len(item["members"]), item["more_members"]) == (200, True)
    assert [each["member_id"] for each in gone] == ["1"]


@BOTH_DATABASES
def test_members_and_results_are_told_with_their_names(client, services):
    mac = {**subject().computer, "jssID": 7731}
    result = {"computer": mac, "policyId": 21, "successful": True}
    group = {"jssid": 14, "name": "FileVault off", "groupAddedDevicesIds": [7731, 9]}
    process([told("ComputerPolicyFinished", result)], services)
    process([told("SmartGroupComputerMembershipChange", group)], services)
    process([told("SmartGroupMobileDeviceMembershipChange", {**group, "jssid": 15})], services)
    process([told("SmartGroupComputerMembershipChange", group, sender="another")], services)

    members = client.get("/api/jamf-memberships").json["items"]
    (told_result,) = client.get("/api/jamf-policy-results").json["items"]

    known = {
        (one["sender"], one["kind"], one["member_id"]): (one["group_name"], one["serial_number"], one["device_name"])
        for one in members
    }
    names = ("FileVault off", SERIAL, mac["deviceName"])
    assert len(members) == len(known) == 6
    assert [who for who, said in known.items() if said == names] == [("jamf", "computers", "7731")]
    assert {said for said in known.values() if said != names} == {("FileVault off", None, None)}
    assert (told_result["serial_number"], told_result["device_name"]) == (SERIAL, mac["deviceName"])
    assert client.get(f"/api/jamf-policy-results/{told_result['id']}").json["serial_number"] == SERIAL


@BOTH_DATABASES
def test_a_server_shows_its_nodes_and_a_policy_its_results(client, all_told):
    (server,) = client.get("/api/jamf-servers").json["items"]
    (patch,) = client.get("/api/jamf-policies?kind=patch_policy").json["items"]

    (node,) = client.get(f"/api/jamf-servers/{server['id']}").json["nodes"]
    (result,) = client.get(f"/api/jamf-policies/{patch['id']}").json["results"]

    assert (node["host_address"], node["is_cluster_master"]) == ("10.44.0.11", True)
    assert (result["successful"], result["deployed_version"]) == (True, "8.12.4")


@BOTH_DATABASES
def test_calls_of_the_api_are_listed_newest_first(client, services):
    calls = [told("RestAPIOperation", {"objectID": n}, at=NOON + n * MINUTE) for n in (2, 3, 1)]
    process(calls, services)

    found = client.get("/api/jamf-api-operations").json["items"]

    assert [each["object_id"] for each in found] == ["3", "2", "1"]


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_printed_for_people_and_programs(windfall, all_told, name):
    head, *lines = windfall("jamf", name).splitlines()
    document = json.loads(windfall("jamf", name, "--json"))
    shown = windfall("jamf", name, "show", document["items"][0]["id"])
    item = json.loads(windfall("jamf", name, "show", document["items"][0]["id"], "--json"))

    assert len(lines) == len(document["items"])
    assert head.isupper() or "(UTC)" in head
    assert item["id"] in shown
    assert f"no nobody in {name}" in windfall("jamf", name, "show", "nobody", exit_code=1)


def test_results_are_printed_with_the_device_as_people_know_it(windfall, services):
    for number, known in ((1, {"serialNumber": SERIAL, "deviceName": "Lab"}), (2, {})):
        result = {"computer": {"jssID": number, **known}, "policyId": 21, "successful": True}
        process([told("ComputerPolicyFinished", result)], services)
    items = json.loads(windfall("jamf", "policy-results", "--json"))["items"]
    (nameless,) = [item["device_id"] for item in items if item["serial_number"] is None]

    table = windfall("jamf", "policy-results")

    assert sorted(line.split()[3:5] for line in table.splitlines()[1:]) == sorted([[SERIAL, "Lab"], ["-", nameless]])


def test_lists_are_filtered_by_options_named_like_fields(windfall, all_told):
    (item,) = json.loads(windfall("jamf", "devices", "--family", "computer", "--json"))["items"]

    assert item["serial_number"] == SERIAL
    assert "computer, mobile_device" in windfall("jamf", "devices", "--family", "toaster", exit_code=1)


def test_a_device_is_shown_by_its_serial_number_with_what_contradicts(windfall, services):
    process([envelope(check_in("Authenticate", udid=UDID, SerialNumber=SERIAL))], services)
    process([told("ComputerAdded", {"jssID": 7731, "serialNumber": SERIAL, "udid": "another \u009b31m"})], services)

    shown = windfall("jamf", "devices", "show", SERIAL.lower())

    assert "at its MDM server, micromdm:" in shown
    assert f"conflict: serial_number {SERIAL} has several udid: {UDID} (at its MDM server" in shown
    assert "\u009b" not in shown


@BOTH_DATABASES
def test_an_event_shows_its_device_and_what_was_odd(client, services):
    process([told("ComputerPolicyFinished", {"computer": {"jssID": 7, "udid": "u"}, "successful": "maybe"})], services)

    (item,) = client.get("/api/events").json["items"]

    assert (item["status"], item["device_id"], item["flags"]) == ("processed", None, ["odd_field:successful"])
    assert item["details"] == {"family": "computer", "jamf_id": "7", "udid": "u", "successful": "maybe"}
