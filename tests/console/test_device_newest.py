"""What a device's page says where MDM, an old and a new Jamf Pro each know something else: what was said last."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clients.jamf_records import JamfRecord
from console.device_page import device_page
from console.device_sections import sections_of
from console.device_text import print_page
from state.unit_of_work import unit_of_work
from tasks.jamf_telling import tell_records
from tasks.process import process
from tests.deliveries import NOON, SERIAL, UDID
from tests.jamf import told
from tests.owed import SETUP
from tests.tasks.lab import Lab

SENDERS = ("jamf-atlas", "jamf-brook", "jamf-cedar", "jamf-delta")
YEAR = timedelta(days=400)
BEFORE = {"OSVersion": "12.1", "BuildVersion": "21C52", "DeviceName": "old", "ModelName": "MacBook Air"}


@pytest.fixture
def lab(services):
    return Lab(replace(services, setup=SETUP))


@pytest.fixture
def page(lab):
    """Its sections, each as label → values."""

    def read(name=SERIAL):
        found = {}
        for heading, fields in sections_of(device_page(lab.engine, lab.setup, name, lab.now), lab.now):
            found[heading] = {label: [value for each, value in fields if each == label] for label, _ in fields}
        return found

    return read


@pytest.fixture
def title(lab, capsys):
    def read():
        print_page(device_page(lab.engine, lab.setup, SERIAL, lab.now), lab.now, everything=False)
        return capsys.readouterr().out.splitlines()[0]

    return read


def in_jamf(lab, sender="jamf", topic="ComputerInventoryCompleted", **fields):
    about = {"jssID": 7731, "serialNumber": SERIAL, "udid": UDID, **fields}
    process([told(topic, about, at=lab.now, sender=sender)], lab.at_work)


def read_in_jamf(lab, **facts):
    """A record as a read told it."""
    record = JamfRecord(family="computer", jamf_id="7731", serial_number=SERIAL, udid=UDID, facts=facts)
    with unit_of_work(lab.engine, lab.now) as uow:
        tell_records(uow, "jamf", [record], lab.now)


@pytest.mark.parametrize("at_mdm", [True, False])
@pytest.mark.parametrize("newer", SENDERS)
def test_of_several_jamf_pros_the_one_that_heard_it_last_is_believed(lab, page, title, at_mdm, newer):
    if at_mdm:
        lab.enrol()
    for sender in SENDERS:
        if sender != newer:
            in_jamf(lab, sender, osVersion="12.1", osBuild="21C52", deviceName="old", model="iMac")
    lab.wait(days=400)
    in_jamf(lab, newer, osVersion="15.4", osBuild="24E248", deviceName="new", model="Mac mini")

    what = page()["What"]
    assert (what["System"], what["Model"]) == (["macOS 15.4 (24E248)"], ["Mac mini"])
    assert title() == f"new  {SERIAL}"
    first, *others = page()["Where"]["Jamf Pro"]
    assert first.startswith(newer)
    assert [text.partition(":")[0] for text in others if text.startswith(newer)] == []


def test_what_jamf_pro_said_today_is_believed_over_what_mdm_said_a_year_ago(lab, page, title):
    lab.enrol(**BEFORE, ProductName="Mac14,2")
    lab.wait(days=400)
    in_jamf(lab, osVersion="15.4", osBuild="24E248", deviceName="new")

    what = page()["What"]
    assert what["System"] == ["macOS 15.4 (24E248)"]
    assert what["Model"] == ["MacBook Air, Mac14,2"]
    assert title() == f"new  {SERIAL}"


def test_what_mdm_said_today_is_believed_over_what_jamf_pro_said_a_year_ago(lab, page, title):
    in_jamf(lab, osVersion="12.1", osBuild="21C52", deviceName="old", model="iMac")
    lab.wait(days=400)
    lab.enrol(OSVersion="15.4", DeviceName="new", ModelName="MacBook Air")

    what = page()["What"]
    assert (what["System"], what["Model"]) == (["macOS 15.4"], ["MacBook Air"])
    assert title() == f"new  {SERIAL}"


def test_what_was_said_last_counts_only_where_something_was_said(lab, page, title):
    lab.enrol(**BEFORE)
    lab.wait(days=400)
    in_jamf(lab, osVersion="", osBuild="", deviceName=" ", model="")

    what = page()["What"]
    assert (what["System"], what["Model"]) == (["macOS 12.1 (21C52)"], ["MacBook Air"])
    assert title() == f"old  {SERIAL}"


def test_no_build_of_another_version_stands_beside_a_version(lab, page):
    lab.enrol(**BEFORE)
    lab.wait(days=1)
    lab.reply("Acknowledged", "another", QueryResponses={"OSVersion": "15.4"})
    in_mdm = page()["What"]["System"]
    lab.wait(days=1)
    in_jamf(lab, osVersion="15.5")

    assert (in_mdm, page()["What"]["System"]) == (["macOS 15.4"], ["macOS 15.5"])


def test_an_update_that_jamf_pro_saw_installed_does_not_wait(lab):
    lab.enrol(**BEFORE)
    update = {"ProductKey": "1", "Version": "15.4", "HumanReadableName": "macOS 15.4", "IsCritical": True}
    lab.reply("Acknowledged", "another", AvailableOSUpdates=[update])
    waiting, _ = (health(lab), lab.wait(days=1))
    in_jamf(lab, osVersion="15.4")

    assert "a critical update waits: macOS 15.4" in waiting
    assert not [what for what in health(lab) if "update" in what]


def health(lab):
    return [point["what"] for point in device_page(lab.engine, lab.setup, SERIAL, lab.now)["health"]]


def test_where_jamf_pro_says_that_a_user_is_stands_under_what_it_is(lab, page):
    words = {"username": "ivarga", "realName": "ivarga", "position": "Surveyor"}
    in_jamf(
        lab, **words, department="Cartography", building="Quayside", room="Q2.07", osVersion="15.6", osBuild="24G930"
    )

    assert page()["Who"]["In Jamf Pro"] == [
        "ivarga, position Surveyor, department Cartography, building Quayside, room Q2.07"
    ]
    assert page()["What"]["System"] == ["macOS 15.6 (24G930)"]


@pytest.mark.parametrize("tell_first", ["event", "read"])
def test_whom_a_read_found_removed_is_no_user_on_the_page(lab, page, tell_first):
    {"event": in_jamf, "read": read_in_jamf}[tell_first](lab, username="ivarga", realName="Ilona Varga", room="Q2")
    lab.wait(days=1)
    read_in_jamf(lab, username="", realName="", room="")

    assert "In Jamf Pro" not in page()["Who"]


@pytest.mark.parametrize("tell_first", ["event", "read"])
@pytest.mark.parametrize("tell_then", ["event", "read"])
def test_two_people_are_never_one_user_on_the_page(lab, page, tell_first, tell_then):
    ways = {"event": in_jamf, "read": read_in_jamf}
    ways[tell_first](lab, username="ivarga", realName="Ilona Varga", emailAddress="i@quillfeather.example")
    before = page()["Who"]["In Jamf Pro"]
    lab.wait(days=1)
    ways[tell_then](lab, username="blee", **({"realName": "", "emailAddress": ""} if tell_then == "event" else {}))

    assert before == ["ivarga, Ilona Varga, i@quillfeather.example"]
    assert page()["Who"]["In Jamf Pro"] == ["blee"]


def test_an_address_that_only_a_read_told_is_on_the_page_and_so_is_the_one_before(lab, page):
    lab.enrol()
    read_in_jamf(lab, ipAddress="192.0.2.1", osVersion="15.3")
    lab.wait(days=1)
    read_in_jamf(lab, ipAddress="192.0.2.2", osVersion="15.4", reportedIpAddress="10.0.0.7")

    where = page()["Where"]
    assert [text.partition(",")[0] for text in where["Address"][0].split("; before: ")] == ["192.0.2.2", "192.0.2.1"]
    assert where["Its own address"][0].startswith("10.0.0.7, ")
    history = device_page(lab.engine, lab.setup, SERIAL, lab.now)["history"]
    assert [row["value"] for row in history if row["name"] == "osVersion"] == ["15.4", "15.3"]


def test_one_address_of_two_records_is_told_once(lab, page):
    in_jamf(lab, "jamf-atlas", ipAddress="192.0.2.1")
    lab.wait(days=1)
    in_jamf(lab, "jamf-brook", ipAddress="192.0.2.1")

    assert page()["Where"]["Address"] == ["192.0.2.1, just now (2026-03-02 12:00 UTC)"]
    assert lab.now == NOON + timedelta(days=1)
