"""What records in Jamf Pro were before, and which record an event is about."""

from itertools import permutations

import pytest

from domain.jamf_device import JamfDevice
from state.keys import jamf_device_id
from state.schema import device_history, events, jamf_devices
from tasks.process import process
from tests.deliveries import MINUTE, NOON, SECOND
from tests.jamf import all_events, delivered, told
from tests.tasks.lab import only_row, rows

MAC = {"jssID": 7731, "serialNumber": "QF7H2LK0MX", "udid": "3B0D6E52"}
SPANS = {"192.0.2.1": (NOON, NOON + 2 * MINUTE), "192.0.2.2": (NOON + MINUTE, NOON + 3 * MINUTE)}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_addresses_are_remembered_from_when_to_when_in_whatever_order_they_are_told(services, engine, order):
    checked_in = [
        told("ComputerCheckIn", {**MAC, "ipAddress": f"192.0.2.{1 + number % 2}"}, at=NOON + number * MINUTE)
        for number in range(4)
    ]
    for number in order:
        process([checked_in[number]], services)

    found = rows(engine, device_history)
    assert {row["value"]: (row["first_at"], row["last_at"]) for row in found} == SPANS
    assert {row["device_id"] for row in found} == {only_row(engine, jamf_devices)["id"]}


def test_versions_and_names_are_remembered_and_what_is_not_told_is_not(services, engine):
    known = [{"osVersion": "15.5", "deviceName": "a"}, {"osVersion": "15.6", "deviceName": "", "ipAddress": {}}]
    process([told("ComputerAdded", {**MAC, **one}, at=NOON + n * SECOND) for n, one in enumerate(known)], services)

    found = {(row["name"], row["value"]) for row in rows(engine, device_history)}
    assert found == {("osVersion", "15.5"), ("osVersion", "15.6"), ("deviceName", "a")}


@pytest.mark.parametrize("said", all_events(), ids=lambda said: said.name)
def test_an_event_of_a_device_has_the_id_of_its_record(services, engine, said):
    process([delivered(said)], services)

    identifier = only_row(engine, events)["jamf_device_id"]
    if said.name in ("SCEPChallenge", "DeviceAddedToDEP"):
        # There is no record of it yet.
        family = "mobile_device" if said.name == "SCEPChallenge" else "unknown"
        fields = said.event.get("targetDevice", said.event)
        named = JamfDevice(family=family, serial_number=fields["serialNumber"])
        assert identifier == jamf_device_id("jamf", family, named)
    else:
        assert [identifier] == ([row["id"] for row in rows(engine, jamf_devices)] or [None])
