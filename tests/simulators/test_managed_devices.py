"""Devices under management: what they get, what they answer, and what they remember of it."""

import plistlib

import pytest
import requests

from simulators.identities import Kind
from simulators.managed_fleet import make_fleet
from simulators.micromdm_api import MicroMDMApi
from simulators.temper import Outcome, Temper

APP = 361309726
BUNDLE = "com.example.app361309726"


@pytest.fixture
def api():
    with MicroMDMApi(api_key="k") as server:
        yield server


@pytest.fixture
def order(api):
    """Sends a raw command; it is stored and the device has been woken when this returns."""
    with requests.Session() as session:
        session.auth = ("micromdm", "k")

        def send(member, command_uuid, kind="InstallApplication", **command):
            if kind == "InstallApplication" and not command:
                command = {"iTunesStoreID": APP, "InstallAsManaged": True}
            body = plistlib.dumps({"CommandUUID": command_uuid, "Command": {"RequestType": kind, **command}})
            answer = session.put(f"{api.url}/v1/commands/{member.device_id}", data=body, timeout=60)
            assert answer.status_code == 201
            session.get(f"{api.url}/version", timeout=60)

        yield send


@pytest.fixture
def lone(api):
    """One enrolled device of a given temper, and its fleet."""
    fleets = []

    def make(kind=Kind.IPHONE, seed=1, **temper):
        fleet = make_fleet(api, 1, kinds=[kind], temper=Temper(**temper), seed=seed)
        fleets.append(fleet.enrol())
        return fleet, next(iter(fleet))

    yield make
    for fleet in fleets:
        fleet.close()


def said(member):
    return [(message.content["CommandUUID"], message.content["Status"]) for message in member.answers]


def last(member):
    return member.answers[-1].content


def test_a_push_lets_a_device_fetch_install_and_report(api, order, lone):
    fleet, phone = lone()

    order(phone, "c-1")
    assert fleet.settle()

    assert last(phone)["Status"] == "Acknowledged"
    assert (last(phone)["Identifier"], last(phone)["State"]) == (BUNDLE, "Queued")
    (install,) = phone.installs
    assert (install.command_uuid, install.adam_id, install.enrolment) == ("c-1", str(APP), 1)
    assert install.serial_number == phone.serial_number
    assert api.queue(phone.device_id) == []
    assert phone.installed == set()

    for number, status in enumerate(("Installing", "Managed", "Managed")):
        order(phone, f"m-{number}", "ManagedApplicationList", Identifiers=[BUNDLE, "com.example.other"])
        fleet.settle()
        assert {name: app["Status"] for name, app in last(phone)["ManagedApplicationList"].items()} == {BUNDLE: status}
    assert phone.installed == {str(APP)}

    order(phone, "l-1", "InstalledApplicationList")
    fleet.settle()
    assert [app["Identifier"] for app in last(phone)["InstalledApplicationList"]] == [BUNDLE]
    order(phone, "r-1", "RemoveApplication", Identifier=BUNDLE)
    fleet.settle()
    assert phone.installed == set()


def test_only_what_was_asked_is_told(order, lone):
    fleet, phone = lone()

    order(phone, "c-1", "DeviceInformation", Queries=["SerialNumber", "OSVersion", "ShoeSize"])
    fleet.settle()

    assert last(phone)["QueryResponses"].keys() == {"SerialNumber", "OSVersion"}


def test_a_missing_licence_clears_at_a_later_try(order, lone):
    fleet, phone = lone(install_error_share=1.0)

    order(phone, "c-1")
    fleet.settle()
    assert [link["ErrorCode"] for link in last(phone)["ErrorChain"]] == [12064, 9610]
    order(phone, "c-2")
    fleet.settle()
    assert said(phone) == [("c-1", "Error"), ("c-2", "Acknowledged")]


def test_without_a_licence_at_apple_an_install_fails(order, lone):
    licences = set()
    fleet, phone = lone(licensed=lambda serial, adam_id: (serial, adam_id) in licences)

    order(phone, "c-1")
    fleet.settle()
    licences.add((phone.serial_number, str(APP)))
    order(phone, "c-2")
    fleet.settle()

    assert said(phone) == [("c-1", "Error"), ("c-2", "Acknowledged")]
    assert phone.answers[0].content["ErrorChain"][0]["ErrorCode"] == 12064


def test_a_refusal_has_a_reason_and_stays(order, lone):
    fleet, mac = lone(Kind.MAC, refused_share=1.0)

    for name in ("c-1", "c-2"):
        order(mac, name)
        fleet.settle()

    assert said(mac) == [("c-1", "Error"), ("c-2", "Error")]
    assert (last(mac)["RejectionReason"], last(mac)["State"]) == ("Other", "Failed")
    assert last(mac)["RequestType"] == "InstallApplication"


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.REJECTED, "UserRejected"), (Outcome.FAILED, "Failed")])
def test_what_goes_wrong_after_the_acknowledgement_is_told_once(order, lone, outcome, status):
    fleet, phone = lone()
    phone.plan.append(outcome)

    order(phone, "c-1")
    fleet.settle()
    assert last(phone)["Status"] == "Acknowledged"
    order(phone, "m-1", "ManagedApplicationList")
    fleet.settle()
    assert last(phone)["ManagedApplicationList"][BUNDLE]["Status"] == status
    order(phone, "m-2", "ManagedApplicationList")
    fleet.settle()
    assert last(phone)["ManagedApplicationList"] == {}


def test_some_do_not_say_which_app_it_is(order, lone):
    fleet, phone = lone(nameless_share=1.0)

    order(phone, "c-1")
    fleet.settle()

    assert "Identifier" not in last(phone)


def test_not_now_comes_back_by_itself(order, lone):
    fleet, phone = lone(not_now_share=1.0, not_now_poll_s=0.01)

    order(phone, "c-1")
    fleet.settle()
    order(phone, "i-1", "DeviceInformation", Queries=["UDID"])
    fleet.settle()

    assert said(phone) == [("c-1", "NotNow"), ("c-1", "Acknowledged"), ("i-1", "Acknowledged")]
    assert [(one.command_uuid, one.offer) for one in phone.received] == [("c-1", 1), ("c-1", 2)]
    assert len(phone.installs) == 1


def test_silence_keeps_the_command_in_the_queue(api, order, lone):
    fleet, phone = lone(silent_share=1.0, silent_offers=2)

    order(phone, "c-1")
    fleet.settle()
    assert (said(phone), len(api.queue(phone.device_id))) == ([], 1)

    for _ in range(2):
        fleet.poll()
        fleet.settle()
    assert said(phone) == [("c-1", "Acknowledged")]
    assert [one.offer for one in phone.received] == [1, 2, 3]


def test_what_is_forgotten_leaves_a_command_that_waits_as_it_was(order, lone):
    fleet, phone = lone(silent_share=1.0, silent_offers=2)
    order(phone, "c-1")
    fleet.settle()

    assert (phone.forget(), phone.forget()) == (1, 0)

    for _ in range(2):
        fleet.poll()
        fleet.settle()
    assert [one.offer for one in phone.received] == [2, 3]
    assert said(phone) == [("c-1", "Acknowledged")]


def test_a_repeated_answer_is_another_message_about_the_same(order, lone):
    fleet, phone = lone(repeat_share=1.0)

    order(phone, "c-1")
    fleet.settle()

    first, second = phone.answers
    assert (first.raw, first.at < second.at) == (second.raw, True)
    assert len(phone.installs) == 1


def test_a_mac_asked_twice_complains_and_without_being_told_does_not_manage(order, lone):
    fleet, mac = lone(Kind.MAC, installing_polls=1)
    order(mac, "c-1", iTunesStoreID=APP)
    order(mac, "c-2", iTunesStoreID=APP)
    fleet.settle()
    order(mac, "m-1", "ManagedApplicationList")
    fleet.settle()

    assert said(mac)[:2] == [("c-1", "Acknowledged"), ("c-2", "Error")]
    assert mac.answers[1].content["ErrorChain"][0]["ErrorCode"] == 506
    assert last(mac)["ManagedApplicationList"] == {}


def test_other_commands_are_acknowledged_or_not_understood(order, lone):
    fleet, phone = lone()
    order(phone, "c-1", "ProfileList")
    order(phone, "c-2", "Frobnicate")
    order(phone, "c-3", "InstallApplication", ManagementFlags=1)
    fleet.settle()

    assert sorted(said(phone)) == [("c-1", "Acknowledged"), ("c-2", "Error"), ("c-3", "CommandFormatError")]


def test_a_wiped_device_starts_afresh(api, order, lone):
    fleet, phone = lone(installing_polls=0)
    order(phone, "c-1")
    fleet.settle()
    order(phone, "m-1", "ManagedApplicationList")
    fleet.settle()
    assert phone.installed == {str(APP)}

    fleet.wipe()
    assert phone.installed == set()
    order(phone, "c-2")
    fleet.settle()
    assert [(one.command_uuid, one.enrolment) for one in phone.installs] == [("c-1", 1), ("c-2", 2)]


def test_a_device_that_left_hears_nothing_and_an_erased_one_has_left(api, order, lone):
    fleet, phone = lone()
    order(phone, "e-1", "EraseDevice", PIN="")
    fleet.settle()
    assert (said(phone), phone.enrolled) == ([("e-1", "Acknowledged")], False)

    fleet.enrol()
    fleet.check_out()
    order(phone, "c-1")
    fleet.settle()
    assert (phone.installs, len(api.queue(phone.device_id))) == ([], 1)
