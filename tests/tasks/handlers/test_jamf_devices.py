"""Computers and mobile devices of Jamf Pro."""

from itertools import permutations

import pytest

from state.schema import jamf_devices
from tasks.process import process
from tests.deliveries import MINUTE, NOON, SECOND
from tests.jamf import told
from tests.tasks.lab import only_row, rows

MAC = {"jssID": 7731, "serialNumber": "QF7H2LK0MX", "udid": "3B0D6E52", "deviceName": "atlas", "osVersion": "15.4"}
IPAD = {"jssID": 412, "serialNumber": "KX04M7QWLD", "udid": "00008150", "modelDisplay": "iPad (A16)"}
LATER = NOON + MINUTE


@pytest.mark.parametrize(
    ("topic", "column"),
    [
        ("ComputerCheckIn", "checked_in_at"),
        ("ComputerInventoryCompleted", "inventory_at"),
        ("ComputerPushCapabilityChanged", "push_capability_changed_at"),
        ("MobileDeviceCheckIn", "checked_in_at"),
        ("MobileDeviceInventoryCompleted", "inventory_at"),
    ],
)
def test_a_device_notes_when_it_was_heard_of_for_what(services, engine, topic, column):
    process([told(topic, MAC, at=LATER), told(topic, MAC)], services)

    row = only_row(engine, jamf_devices)
    assert (row[column], row["first_seen_at"], row["last_seen_at"]) == (LATER, NOON, LATER)
    assert (row["serial_number"], row["jamf_id"], row["enrolled"]) == ("QF7H2LK0MX", "7731", None)


@pytest.mark.parametrize(
    ("topic", "fact"),
    [
        ("DeviceRateLimited", "rate_limited_at"),
        ("PushSent", "push_sent_at"),
        ("MobileDevicePushSent", "push_sent_at"),
        ("MobileDeviceCommandCompleted", "last_command_at"),
    ],
)
def test_what_has_no_column_is_a_fact(services, engine, topic, fact):
    process([told(topic, {"udid": "00008150", "managementId": 99})], services)

    assert only_row(engine, jamf_devices)["facts"][fact][0] == "2026-03-01T12:00:00.000000Z"


@pytest.mark.parametrize("topic", ["PushSent", "MobileDevicePushSent"])
def test_a_device_that_is_pushed_was_not_heard(services, engine, topic):
    about = {"udid": "00008150", "managementId": 99}
    process([told(topic, about, at=LATER)], services)
    only_pushed = only_row(engine, jamf_devices)
    process([told("MobileDeviceCheckIn" if topic != "PushSent" else "DeviceRateLimited", about)], services)
    pushed = only_row(engine, jamf_devices)

    assert (only_pushed["last_seen_at"], only_pushed["first_seen_at"]) == (None, LATER)
    assert (pushed["last_seen_at"], pushed["first_seen_at"]) == (NOON, NOON)


def test_a_check_in_tells_its_trigger_and_who_sat_there(services, engine):
    process([told("ComputerCheckIn", {"computer": MAC, "trigger": "login", "username": "soren"})], services)

    facts = only_row(engine, jamf_devices)["facts"]
    assert (facts["trigger"][0], facts["console_username"][0]) == ("login", "soren")


def test_event_time_decides_and_absent_fields_say_nothing(services, engine):
    newer = told("ComputerInventoryCompleted", {**MAC, "osVersion": "15.6", "deviceName": ""}, at=LATER)
    process([newer], services)
    process([told("ComputerInventoryCompleted", MAC)], services)

    row = only_row(engine, jamf_devices)
    assert (row["os_version"], row["name"], row["inventory_at"]) == ("15.6", "atlas", LATER)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_mobile_device_is_as_its_last_event_says(services, engine, order):
    life = [
        told("MobileDeviceEnrolled", IPAD),
        told("MobileDeviceUnEnrolled", {**IPAD, "username": ""}, at=LATER),
        told("MobileDeviceCheckIn", IPAD, at=LATER + SECOND),
    ]
    for number in order:
        process([life[number]], services)

    row = only_row(engine, jamf_devices)
    assert (row["enrolled"], row["model"], row["family"]) == (False, "iPad (A16)", "mobile_device")


def test_the_same_number_is_another_device_in_another_family_or_server(services, engine):
    process([told("ComputerAdded", {"jssID": 5}), told("MobileDeviceEnrolled", {"jssID": 5})], services)
    process([told("ComputerAdded", {"jssID": 5}, sender="jamf-eu")], services)

    assert sorted((row["sender"], row["family"]) for row in rows(engine, jamf_devices)) == [
        ("jamf", "computer"),
        ("jamf", "mobile_device"),
        ("jamf-eu", "computer"),
    ]
