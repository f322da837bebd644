"""Licences that are taken back: what is not installed is released, what is installed stays."""

import pytest

from state.pending import SLICES, unowed_serials
from state.retrying import retry
from tasks.handlers.answers import RETRIES
from tests.databases import ON_SQLITE
from tests.deliveries import LOCATION, OTHER_LOCATION, UDID
from tests.tasks.lab import INSTALL, NO_LICENSE, REMOVE


def test_an_app_is_released_when_the_last_location_takes_it_back(lab):
    lab.enrol()
    lab.license()
    lab.license(u_id=OTHER_LOCATION)
    for u_id in (LOCATION, OTHER_LOCATION):
        lab.wait(hours=1)
        lab.take_back(u_id=u_id)

    assert (lab.states(), lab.command_states()) == (["released"], ["void"])


@ON_SQLITE
@pytest.mark.parametrize("sent", [False, True])
def test_a_licence_that_is_taken_back_releases_what_is_not_installed(lab, sent):
    lab.enrol()
    lab.license()
    if sent:
        lab.deliver()
    lab.wait(hours=1)
    lab.take_back()
    went = lab.deliver()
    lab.acknowledge()

    assert went == []
    assert (lab.states(), lab.command_states()) == (["released"], ["Acknowledged"])
    assert lab.installs()[0]["reason"] == "the licence was taken back"


@pytest.mark.parametrize("sent", [False, True])
def test_licences_of_several_apps_and_devices_are_taken_back_at_once(lab, sent):
    devices = [("D1", "S1"), ("D2", "S2")]
    for lab.udid, lab.serial in devices:
        lab.enrol()
    lab.license("S1", "S2", adam_ids=("1", "2"))
    if sent:
        lab.deliver()
    lab.wait(hours=1)
    lab.take_back("S1", "S2", adam_ids=("1", "2"))

    assert (lab.states(), lab.command_states()) == (["released"] * 4, ["void"] * 4)


@ON_SQLITE
@pytest.mark.parametrize("sent", [False, True])
def test_a_licence_that_comes_back_is_a_new_command_of_the_same_install(lab, sent):
    lab.enrol()
    lab.license()
    if sent:
        lab.deliver()
    lab.wait(hours=1)
    lab.take_back(change="REVOKE")
    lab.wait(hours=1)
    lab.license()

    assert (lab.states(), lab.command_states()) == (["waiting"], ["void", "pending"])
    assert (lab.install["reason"], lab.install["sent_at"], lab.install["tries"]) == (None, None, 2)


@ON_SQLITE
def test_a_command_that_gave_up_is_retried_by_nobody_once_the_licence_is_gone(lab):
    lab.enrol()
    lab.license()
    (given_up,) = lab.claim()
    lab.settle([given_up], "dead", error="away")
    lab.wait(hours=1)
    lab.take_back()

    (verdict,) = retry(lab.engine, [given_up.id], now=lab.now)

    assert verdict.refusal == "nobody needs its command any more: the licence was taken back"
    assert (lab.states(), lab.deliver()) == (["released"], [])


@ON_SQLITE
def test_what_is_installed_stays_when_its_licence_goes(installed):
    installed.take_back()

    assert (installed.states(), installed.commands(REMOVE)) == (["installed"], [])


def test_a_serial_number_that_turns_up_at_another_device_takes_what_was_owed_along(lab):
    lab.enrol()
    lab.license()
    lab.udid = "another"
    lab.enrol()
    there = [(row["device_id"], row["state"], row["reason"]) for row in lab.installs()]
    lab.check_in("CheckOut")
    lab.udid = UDID
    lab.check_in("TokenUpdate")

    assert sorted(there) == [
        (UDID, "released", "the serial number is now that of another"),
        ("another", "waiting", None),
    ]
    assert sorted((row["device_id"], row["state"]) for row in lab.installs()) == [
        (UDID, "waiting"),
        ("another", "released"),
    ]
    assert sorted(lab.command_states()) == ["pending", "void", "void"]


def test_what_was_released_because_its_licence_went_is_looked_for_by_nobody(lab):
    lab.enrol()
    lab.license()
    lab.wait(hours=1)
    lab.take_back()

    assert (looked_for(lab), lab.heal(), lab.states()) == (set(), 0, ["released"])


@pytest.mark.parametrize("later", ["", "nobody-knows-when"])
def test_what_was_released_because_another_device_has_the_serial_number_is_looked_for_by_nobody(lab, later):
    """Or every sweep would find it, and nothing to do."""
    lab.license()
    if later:
        lab.udid = later
        lab.inform()
        lab.udid = UDID
    lab.enrol()
    if not later:
        lab.udid = "another"
        lab.enrol()

    assert sorted(row["state"] for row in lab.installs()) == ["released", "waiting"]
    assert looked_for(lab) == set()


def looked_for(lab):
    """Serial numbers that the sweep would decide on."""
    senders = list(lab.setup.mdm_servers)
    parts = [unowed_serials(lab.engine, senders=senders, wishes=(), part=n, limit=9) for n in range(SLICES)]
    return {key for part in parts for key in part}


@ON_SQLITE
def test_a_licence_that_comes_back_is_waited_for_as_long_as_the_first(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    refused(lab)
    lab.answer("Error", ErrorChain=NO_LICENSE)
    given_up = lab.states()
    lab.wait(hours=1)
    lab.take_back()
    lab.wait(hours=1)
    lab.license()
    lab.deliver()
    refused(lab)
    lab.answer("Error", ErrorChain=NO_LICENSE)

    assert (given_up, lab.states()) == (["failed"], ["failed"])
    assert (lab.install["tries"], lab.command_states()) == (14, ["Error"] * 14)


def refused(lab):
    """The device does not get its licence, and is asked again as often."""
    for pause in RETRIES:
        lab.answer("Error", ErrorChain=NO_LICENSE)
        assert f"tried again after {pause:.0f} s" in lab.install["reason"]
        lab.wait(seconds=pause)
        assert lab.deliver() == [INSTALL]
