"""The page of a device that only Jamf Pro knows: whose page it is, whether the device is still there, and its user."""

import json
from dataclasses import replace

import pytest

from clients.jamf_records import read_record
from console.device_in_jamf import left_jamf_at, records_in_jamf
from console.device_page import device_page
from console.device_text import print_page
from state.unit_of_work import unit_of_work
from tasks.jamf_telling import tell_records
from tasks.process import process
from tests.databases import BOTH_DATABASES
from tests.deliveries import SERIAL, UDID
from tests.jamf import told
from tests.owed import SETUP
from tests.tasks.lab import Lab

ABOUT = {"jssID": 7, "serialNumber": SERIAL, "udid": UDID, "managementId": "m-7"}


@pytest.fixture
def lab(services):
    return Lab(replace(services, setup=SETUP))


@pytest.fixture
def read(lab, capsys):
    """What stands on the page, on one line."""

    def text(name=SERIAL):
        print_page(device_page(lab.engine, lab.setup, name, lab.now), lab.now, everything=False)
        return " ".join(capsys.readouterr().out.split())

    return text


def tell(lab, topic, fields, **more):
    process([told(topic, fields, at=lab.now, **more)], lab.at_work)


def health(lab, name=SERIAL, level="problem"):
    return [
        point["what"]
        for point in device_page(lab.engine, lab.setup, name, lab.now)["health"]
        if point["level"] == level
    ]


@BOTH_DATABASES
def test_a_push_takes_neither_serial_number_nor_udid_nor_licences_from_the_page(lab, read):
    tell(lab, "ComputerAdded", {**ABOUT, "deviceName": "Lobby"})
    lab.license()
    lab.wait(hours=1)
    tell(lab, "PushSent", {"managementId": "m-7", "type": "PushSent"})
    tell(lab, "DeviceRateLimited", {"udid": UDID})

    page = read()

    assert page.startswith(f"Lobby {SERIAL} HEALTH")
    assert f"Serial number {SERIAL} UDID {UDID}" in page
    assert f"windfall devices show {SERIAL} --all" in page
    assert "None" not in page
    assert [one["state"] for one in device_page(lab.engine, lab.setup, SERIAL, lab.now)["assignments"]] == ["assigned"]


@BOTH_DATABASES
def test_what_is_told_without_a_number_is_no_record_beside_the_one_that_it_is_about(lab, read):
    tell(lab, "ComputerAdded", ABOUT)
    lab.wait(hours=1)
    tell(lab, "DeviceRateLimited", {"udid": UDID})
    lab.wait(hours=1)
    tell(lab, "PushSent", {"managementId": "m-7"})
    tell(lab, "DeviceRateLimited", {"udid": UDID}, sender="jamf-eu")

    where = read().partition("WHERE")[2].partition("APPS")[0]

    assert where.count("Jamf Pro jamf: ") == 1
    assert "Jamf Pro jamf: computer number 7, enrolled; heard 1 hour ago" in where
    assert "Jamf Pro jamf-eu: a record of unknown kind; heard just now" in where


def test_of_two_records_at_one_server_each_is_told(lab):
    tell(lab, "ComputerAdded", ABOUT)
    lab.wait(hours=1)
    tell(lab, "ComputerAdded", {**ABOUT, "jssID": 8})
    tell(lab, "PushSent", {"managementId": "m-7"})

    records = records_in_jamf(device_page(lab.engine, lab.setup, SERIAL, lab.now))

    assert [record["jamf_id"] for record, _ in records] == ["8", "7"]


@pytest.mark.parametrize("name", ["m-7", "row"])
def test_a_record_of_a_push_alone_is_called_what_finds_it_again(lab, read, windfall, name):
    tell(lab, "PushSent", {"managementId": "m-7"})
    name = name if name == "m-7" else device_page(lab.engine, lab.setup, "m-7", lab.now)["jamf"][0]["id"]

    page = read(name)

    assert page.startswith("a device without a name m-7 HEALTH")
    assert "windfall devices show m-7 --all" in page
    assert json.loads(windfall("devices", "show", "m-7", "--json"))["serial_number"] is None


@pytest.fixture
def windfall(run_windfall, database_location):
    def run(*arguments):
        result = run_windfall(*arguments, DATABASE_URL=database_location)
        assert result.exit_code == 0, result.output
        return result.output

    return run


@BOTH_DATABASES
def test_a_device_that_left_jamf_pro_or_is_silent_stands_out(lab, read):
    tell(lab, "MobileDeviceEnrolled", ABOUT)
    enrolled = read()
    lab.wait(days=1)
    tell(lab, "MobileDeviceUnEnrolled", ABOUT)
    left = health(lab)
    lab.wait(days=200)
    tell(lab, "MobileDevicePushSent", ABOUT)

    assert "HEALTH: no problem known" in enrolled
    assert "jamf: mobile device number 7, enrolled; heard just now" in enrolled
    assert left == ["it is not enrolled in Jamf Pro, since just now, on 2026-03-02"]
    assert health(lab) == [
        "it is not enrolled in Jamf Pro, since 200 days ago, on 2026-03-02",
        "Jamf Pro heard it last 200 days ago, on 2026-03-02",
    ]
    page = read()
    assert "HEALTH: 2 PROBLEMS" in page
    assert "jamf: mobile device number 7, not enrolled; heard 200 days ago" in page


def test_who_went_from_one_jamf_pro_to_another_has_not_left(lab):
    def left_at():
        return left_jamf_at(device_page(lab.engine, lab.setup, SERIAL, lab.now))

    tell(lab, "MobileDeviceEnrolled", ABOUT, sender="jamf-brook")
    tell(lab, "MobileDeviceCheckIn", ABOUT, sender="jamf-cedar")
    never = left_at()
    lab.wait(days=1)
    tell(lab, "MobileDeviceUnEnrolled", ABOUT, sender="jamf-atlas")
    gone = left_at()
    lab.wait(days=1)
    tell(lab, "MobileDeviceCheckIn", ABOUT, sender="jamf-cedar")
    elsewhere = left_at()
    lab.wait(days=1)
    tell(lab, "MobileDeviceUnEnrolled", ABOUT, sender="jamf-cedar")
    gone_there = left_at()
    lab.wait(days=1)
    tell(lab, "MobileDeviceEnrolled", ABOUT, sender="jamf-brook")

    assert (never, elsewhere, left_at()) == (None, None, None)
    assert (gone[:10], gone_there[:10]) == ("2026-03-02", "2026-03-04")


@pytest.mark.parametrize("read_last", ["old", "new"])
def test_who_a_read_says_is_not_managed_at_one_server_and_was_heard_since_at_another_has_not_left(lab, read_last):
    tell(lab, "MobileDeviceCheckIn", ABOUT, sender="jamf-old")
    lab.wait(days=1)
    tell(lab, "MobileDeviceCheckIn", ABOUT, sender="jamf-new")
    managed = {"jamf-old": False, "jamf-new": True}
    for sender in sorted(managed, reverse=read_last == "old"):
        lab.wait(hours=1)
        record = {"id": "7", "serialNumber": SERIAL, "general": {"managed": managed[sender]}}
        with unit_of_work(lab.engine, lab.now) as uow:
            tell_records(uow, sender, [read_record("mobile_device", record)], lab.now)

    assert [
        record["facts"]["enrolled"]["value"] for record in device_page(lab.engine, lab.setup, SERIAL, lab.now)["jamf"]
    ] == [
        True,
        False,
    ]
    assert left_jamf_at(device_page(lab.engine, lab.setup, SERIAL, lab.now)) is None


def test_who_left_jamf_pro_for_an_mdm_server_has_no_problem_there(lab):
    tell(lab, "MobileDeviceUnEnrolled", ABOUT)
    lab.wait(days=20)
    lab.enrol()

    assert health(lab) == []


@BOTH_DATABASES
def test_a_device_shown_by_its_udid_is_no_other_with_the_same_junk_serial_number(lab, read):
    for number in (1, 2):
        lab.wait(hours=1)
        about = {"serialNumber": "0", "udid": f"U{number}", "deviceName": f"name {number}", "osVersion": f"15.{number}"}
        tell(lab, "ComputerAdded", {"jssID": number, **about})

    page = read("u1")

    assert page.startswith("name 1 0 HEALTH: 1 PROBLEM ! records with the serial number 0 have several UDIDs")
    assert "System macOS 15.1 Serial number 0 UDID U1" in page
    assert "number 2" not in page
    assert read("0").startswith("name 2 0 HEALTH")


def test_a_udid_that_no_mdm_server_knows_is_not_said_to_be_nobody_there(lab):
    lab.enrol()
    tell(lab, "ComputerAdded", {**ABOUT, "udid": "ANOTHER"})

    assert health(lab, "another", "notice") == [
        "no MDM server here knows this UDID, but its serial number, with another one; all there is comes from Jamf Pro"
    ]
    assert device_page(lab.engine, lab.setup, SERIAL, lab.now)["id"] == UDID


def test_a_serial_number_that_no_mdm_server_knows_is_not_either_when_its_udid_is_known(lab):
    lab.enrol()
    tell(lab, "ComputerAdded", {**ABOUT, "serialNumber": "ANOTHER"})

    assert health(lab, "another", "notice") == [
        "no MDM server here knows this serial number, but its UDID, with another one; all there is comes from Jamf Pro"
    ]
    assert health(lab, "another")[0] == f"records with the UDID {UDID} have several serial numbers"


@pytest.mark.parametrize("said", [{}, {"username": ""}])
def test_who_it_belongs_to_is_unknown_where_jamf_pro_names_nobody(lab, read, said):
    tell(lab, "ComputerAdded", {**ABOUT, **said})

    nobody = read()
    lab.wait(hours=1)
    tell(lab, "ComputerInventoryCompleted", {**ABOUT, "username": "ivarga"})

    assert "WHO User unknown WHAT" in nobody
    assert "WHO In Jamf Pro ivarga WHAT" in read()
