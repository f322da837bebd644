"""One device in Jamf Pro and at an MDM server: found from either side, and never merged where they contradict."""

import pytest

from config.inbox import Inboxes
from state.queries.devices import one_device
from state.queries.jamf import DEVICES
from state.queries.same_device import same_device
from state.schema import devices, jamf_devices
from tasks.process import process
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tests.deliveries import MINUTE, NOON, check_in, envelope
from tests.jamf import told
from tests.tasks.lab import rows

load_handlers()

SERIAL, OTHER_SERIAL = "QF7H2LK0MX", "QF9P0TR4WZ"
UDID, OTHER_UDID = "3B0D6E52-91C7-4E0A-8F36-7A2C55D1E904", "71E5B9C4-0F2D-4B7E-A3C8-5D90E61F2A77"


@pytest.fixture
def services(engine, redis_client):
    def wake(inbox):
        """Nobody sleeps here."""

    fingerprint = keyed_fingerprint(b"k" * 32)
    return Services(engine=engine, inboxes=Inboxes(redis_client), wake=wake, fingerprint=fingerprint)


@pytest.fixture
def at_mdm(services):
    def enrol(udid=UDID, **more):
        process([envelope(check_in("Authenticate", udid=udid, **more))], services)

    return enrol


@pytest.fixture
def in_jamf(services):
    def add(topic="ComputerAdded", **fields):
        process([told(topic, fields)], services)

    return add


def of_mdm(engine, udid=UDID):
    item = one_device(engine, udid)
    return [record["jamf_id"] for record in item["jamf"]], item["conflicts"]


def of_jamf(engine, jamf_id):
    (row,) = rows(engine, jamf_devices, jamf_id=jamf_id)
    item = DEVICES.one(engine, row["id"])
    return [record["id"] for record in item["mdm"]], [record["id"] for record in item["jamf"]], item["conflicts"]


@pytest.mark.parametrize("spelling", [SERIAL, SERIAL.lower(), f" {SERIAL} "])
def test_a_serial_number_joins_the_two(engine, at_mdm, in_jamf, spelling):
    at_mdm(SerialNumber=SERIAL)
    in_jamf(jssID=7731, serialNumber=spelling)

    assert of_mdm(engine) == (["7731"], [])
    assert of_jamf(engine, "7731") == ([UDID], [], [])


@pytest.mark.parametrize("spelling", [UDID, UDID.lower()])
@pytest.mark.parametrize("serials", [({"SerialNumber": SERIAL}, {}), ({}, {"serialNumber": SERIAL}), ({}, {})])
def test_a_udid_joins_them_where_one_tells_no_serial_number(engine, at_mdm, in_jamf, spelling, serials):
    at_mdm(**serials[0])
    in_jamf(jssID=7731, udid=spelling, **serials[1])

    assert of_mdm(engine) == (["7731"], [])
    assert of_jamf(engine, "7731") == ([UDID], [], [])


def test_a_device_may_be_in_only_one_of_them(engine, at_mdm, in_jamf):
    at_mdm(SerialNumber=SERIAL)
    in_jamf(jssID=7731, serialNumber=OTHER_SERIAL)

    assert of_mdm(engine) == ([], [])
    assert of_jamf(engine, "7731") == ([], [], [])


def test_the_same_serial_number_with_another_udid_is_a_conflict(engine, at_mdm, in_jamf):
    at_mdm(SerialNumber=SERIAL)
    in_jamf(jssID=7731, serialNumber=SERIAL, udid=OTHER_UDID)

    ids, (conflict,) = of_mdm(engine)
    assert ids == ["7731"]
    assert (conflict["field"], conflict["value"], conflict["other"]) == ("serial_number", SERIAL, "udid")
    assert [(record["source"], record["udid"]) for record in conflict["records"]] == [
        ("mdm", UDID),
        ("jamf", OTHER_UDID),
    ]
    assert of_jamf(engine, "7731") == ([UDID], [], [conflict])


def test_the_same_udid_with_another_serial_number_is_a_conflict_and_another_thing(engine, at_mdm, in_jamf):
    at_mdm(SerialNumber=SERIAL)
    in_jamf(jssID=7731, serialNumber=OTHER_SERIAL, udid=UDID)

    ids, (conflict,) = of_mdm(engine)
    assert ids == []
    assert (conflict["field"], conflict["value"], conflict["other"]) == ("udid", UDID, "serial_number")
    assert of_jamf(engine, "7731") == ([], [], [conflict])


def test_the_serial_number_comes_first_where_the_two_disagree(engine, at_mdm, in_jamf):
    at_mdm(SerialNumber=SERIAL)
    in_jamf(jssID=1, serialNumber=SERIAL, udid=OTHER_UDID)
    in_jamf(jssID=2, serialNumber=OTHER_SERIAL, udid=UDID)

    ids, conflicts = of_mdm(engine)
    assert ids == ["1"]
    assert [conflict["field"] for conflict in conflicts] == ["serial_number", "udid"]


def test_a_record_without_a_serial_number_goes_with_its_udid_and_not_with_the_contradiction(engine, at_mdm, in_jamf):
    at_mdm(SerialNumber=SERIAL)
    in_jamf(jssID=2, serialNumber=OTHER_SERIAL, udid=UDID)
    in_jamf(jssID=3, serialNumber=OTHER_SERIAL, udid=OTHER_UDID)
    in_jamf("DeviceRateLimited", udid=OTHER_UDID)
    in_jamf("DeviceRateLimited", udid=UDID.lower())

    ids, conflicts = of_mdm(engine)
    assert ids == [None]
    assert [conflict["field"] for conflict in conflicts] == ["udid"]


def test_other_names_and_versions_are_no_conflict(engine, at_mdm, in_jamf):
    at_mdm(SerialNumber=SERIAL, DeviceName="atlas", OSVersion="15.4")
    in_jamf(jssID=7731, serialNumber=SERIAL, udid=UDID, deviceName="quay", osVersion="15.5")

    item = one_device(engine, UDID)
    (record,) = item["jamf"]
    assert (item["facts"]["DeviceName"]["value"], record["name"], record["os_version"]) == ("atlas", "quay", "15.5")
    assert item["conflicts"] == []


def test_a_push_by_management_id_belongs_to_the_record_that_has_it(engine, in_jamf):
    in_jamf(jssID=7731, serialNumber=SERIAL, managementId="c9a1c7b2")
    in_jamf("PushSent", managementId="c9a1c7b2", type="PushSent")

    (pushed,) = rows(engine, jamf_devices, family="unknown")
    assert of_jamf(engine, "7731") == ([], [pushed["id"]], [])


def test_several_jamf_servers_may_know_it(engine, services, at_mdm, in_jamf):
    at_mdm(SerialNumber=SERIAL)
    in_jamf(jssID=7731, serialNumber=SERIAL, udid=UDID)
    process([told("ComputerAdded", {"jssID": 5, "serialNumber": SERIAL, "udid": UDID}, sender="jamf-eu")], services)

    ids, conflicts = of_mdm(engine)
    assert (sorted(ids), conflicts) == (["5", "7731"], [])


@pytest.mark.parametrize("first", range(4))
def test_the_records_that_were_heard_last_come_first(engine, services, at_mdm, first):
    """By whatever id they have; seen from MDM, from another record, and by name."""
    senders = [f"jamf-{(first + number) % 4}" for number in range(4)]
    at_mdm(SerialNumber=SERIAL)
    for number, sender in enumerate(senders):
        about = {"jssID": 7731, "serialNumber": SERIAL}
        process([told("ComputerAdded", about, at=NOON + number * MINUTE, sender=sender)], services)
    (oldest,) = rows(engine, jamf_devices, sender=senders[0])

    expected = senders[::-1]
    assert [record["sender"] for record in one_device(engine, UDID)["jamf"]] == expected
    assert [record["sender"] for record in same_device(engine, name=SERIAL).jamf] == expected
    assert [record["sender"] for record in DEVICES.one(engine, oldest["id"])["jamf"]] == expected[:-1]


@pytest.mark.parametrize("name", [SERIAL.lower(), UDID.lower(), "c9a1c7b2"])
def test_it_is_found_by_any_of_its_names(engine, at_mdm, in_jamf, name):
    at_mdm(SerialNumber=SERIAL)
    in_jamf(jssID=7731, serialNumber=SERIAL, udid=UDID, managementId="c9a1c7b2")

    same = same_device(engine, name=name)

    assert [record["id"] for record in same.mdm] == [UDID]
    assert [record["jamf_id"] for record in same.jamf] == ["7731"]


@pytest.mark.parametrize("count", [2, 60])
def test_of_many_with_one_junk_serial_number_a_udid_means_the_record_that_has_it(engine, in_jamf, count):
    for number in range(count):
        in_jamf(jssID=number + 1, serialNumber="0", udid=f"U{number}", managementId=f"m-{number}")

    for number in (0, count // 2, count - 1):
        for name in (f"U{number}", f"u{number}", f"m-{number}"):
            same = same_device(engine, name=name)
            assert [record["udid"] for record in same.jamf] == [f"U{number}"]
            assert [(conflict["field"], conflict["value"]) for conflict in same.conflicts] == [("serial_number", "0")]
    assert len(same_device(engine, name="0").jamf) == min(count, 50)


def test_a_udid_means_no_device_of_mdm_with_another_one(engine, at_mdm, in_jamf):
    at_mdm(SerialNumber=SERIAL)
    in_jamf(jssID=7731, serialNumber=SERIAL, udid=OTHER_UDID)

    same = same_device(engine, name=OTHER_UDID)

    assert (same.mdm, [record["udid"] for record in same.jamf]) == ([], [OTHER_UDID])
    assert [record["id"] for record in same.conflicts[0]["records"] if record["source"] == "mdm"] == [UDID]


def test_nobody_is_found_by_nothing(engine, at_mdm, in_jamf):
    at_mdm()
    in_jamf(jssID=7731, deviceName="nameless")

    same = same_device(engine, name="")

    assert (same.mdm, same.jamf, same.conflicts) == ([], [], [])
    assert len(rows(engine, devices)) == len(rows(engine, jamf_devices)) == 1
