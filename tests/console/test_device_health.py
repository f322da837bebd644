"""What stands out about a device of which a list says that updates wait: those that can still be waiting."""

from dataclasses import replace

import pytest

from console.device_page import device_page
from tasks.process import process
from tests.databases import BOTH_DATABASES
from tests.deliveries import SERIAL, UDID
from tests.jamf import told
from tests.owed import SETUP
from tests.tasks.lab import Lab

SEQUOIA = {"ProductKey": "1", "Version": "15.7", "HumanReadableName": "macOS Sequoia 15.7", "IsCritical": True}


@pytest.fixture
def lab(services):
    lab = Lab(replace(services, setup=SETUP))
    lab.enrol(ModelName="MacBook Air", OSVersion="15.6")
    return lab


def lists(lab, *updates):
    lab.reply("Acknowledged", "of-updates", AvailableOSUpdates=list(updates))


def becomes(lab, **facts):
    lab.wait(days=1)
    lab.reply("Acknowledged", f"at-{lab.now}", QueryResponses=facts)


def waiting(lab):
    found = (point["what"] for point in device_page(lab.engine, lab.setup, SERIAL, lab.now)["health"])
    return [what for what in found if "update" in what]


@BOTH_DATABASES
@pytest.mark.parametrize("version", ["15.7", "15.7.1", "26.1", "26"])
def test_an_update_older_than_the_system_does_not_wait_for_ever(lab, version):
    lists(lab, SEQUOIA)
    before = waiting(lab)
    becomes(lab, OSVersion=version)
    lab.wait(days=40)

    assert (before, waiting(lab)) == (["a critical update waits: macOS Sequoia 15.7"], [])


@pytest.mark.parametrize("version", ["15.10", "16.0"])
def test_versions_are_compared_as_numbers(lab, version):
    lists(lab, SEQUOIA | {"Version": version})
    becomes(lab, OSVersion="15.9")

    assert len(waiting(lab)) == 1


def test_where_no_list_is_asked_for_any_more_no_update_is_known_to_wait(lab):
    newer = SEQUOIA | {"Version": "26.2"}
    data = SEQUOIA | {"ProductKey": "2", "Version": "5321", "IsConfigDataUpdate": True}
    lists(lab, newer, data)
    becomes(lab, OSVersion="18.7")
    asked = waiting(lab)
    becomes(lab, OSVersion="26.1")

    assert (len(asked), waiting(lab)) == (1, [])


def test_what_jamf_pro_says_of_the_system_counts_too(lab):
    lists(lab, SEQUOIA | {"Version": "26.2"})
    lab.wait(days=1)
    about = {"jssID": 7, "serialNumber": SERIAL, "udid": UDID, "osVersion": "26.1"}
    process([told("ComputerInventoryCompleted", about, at=lab.now)], lab.at_work)

    assert waiting(lab) == []


@pytest.mark.parametrize("more", [{"IsConfigDataUpdate": True}, {"IsFirmwareUpdate": True}])
def test_data_with_a_version_of_its_own_waits_however_new_the_system_is(lab, more):
    lists(lab, SEQUOIA | {"Version": "1.93", "HumanReadableName": "XProtect"} | more)

    assert waiting(lab) == ["a critical update waits: XProtect"]


@pytest.mark.parametrize(("extra", "waits"), [("", True), ("(a)", False), ("(b)", True)])
def test_a_security_response_to_the_very_version_waits_until_it_is_there(lab, extra, waits):
    lists(lab, SEQUOIA | {"Version": "15.6", "IsSecurityResponse": True, "SupplementalOSVersionExtra": "(a)"})
    becomes(lab, OSVersion="15.6", SupplementalOSVersionExtra=extra)

    assert bool(waiting(lab)) is waits


def test_an_update_without_a_version_waits_as_it_was_said(lab):
    lists(lab, {name: value for name, value in SEQUOIA.items() if name != "Version"})

    assert len(waiting(lab)) == 1
