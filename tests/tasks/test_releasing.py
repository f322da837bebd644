"""Licences that are taken back: what is not installed is released, what is stays unless people want it gone."""

import pytest

from state.pending import SLICES, unowed_serials
from state.retrying import retry
from state.schema import assignments
from tasks.handlers.answers import RETRIES
from tasks.setup import Policy, Setup
from tests.databases import ON_SQLITE
from tests.deliveries import APP, BUNDLE_ID, LOCATION, MINUTE, SECOND, UDID
from tests.tasks.lab import INSTALL, REMOVE, SETUP, rows

OTHER = "2049025000439999"
LICENSE_ONLY = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(adam_id=APP, install=False),))
NO_LICENSE = [{"ErrorCode": 9610, "ErrorDomain": "ASDServerErrorDomain", "LocalizedDescription": "License not found"}]
REMOVING = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(adam_id=APP, u_id=LOCATION, remove=True),))


def test_an_app_is_released_when_the_last_location_takes_it_back(lab):
    lab.enrol()
    lab.license()
    lab.license(u_id=OTHER)
    for u_id in (LOCATION, OTHER):
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
def test_what_is_installed_stays_when_its_licence_goes(lab):
    installed(lab)
    lab.take_back()

    assert (lab.states(), lab.commands(REMOVE)) == (["installed"], [])


def licence_states(lab):
    return [row["state"] for row in rows(lab.engine, assignments)]


def installed(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.acknowledge()
    lab.list_apps(**{BUNDLE_ID: "Managed"})
    lab.wait(hours=1)


def test_by_policy_it_is_removed_and_a_new_licence_installs_it_anew(lab):
    lab.setup = REMOVING
    installed(lab)
    lab.take_back()
    lab.inform()
    (removal,) = lab.commands(REMOVE)
    states = lab.states()
    lab.wait(hours=1)
    lab.license()

    assert (states, removal["arguments"]) == (["released"], {"Identifier": BUNDLE_ID})
    assert (lab.states(), lab.command_states()) == (["waiting"], ["Acknowledged", "pending"])
    proof = ("sent_at", "acknowledged_at", "acknowledged_by", "installed_at", "installed_by", "installed_command_uuid")
    assert {lab.install[name] for name in proof} == {None}


@ON_SQLITE
def test_it_is_not_removed_while_a_location_licenses_it(lab):
    lab.setup = REMOVING
    installed(lab)
    lab.license(u_id=OTHER)
    lab.take_back()
    lab.setup = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(install=False, remove=True),))
    lab.inform()

    assert (lab.states(), lab.commands(REMOVE)) == (["installed"], [])


@ON_SQLITE
def test_uncertain_neither_owes_nor_releases(lab):
    lab.enrol()
    for adam_id in ("1", "2"):
        lab.license(adam_ids=("1",) if adam_id == "1" else ("3",))
    lab.take_back(adam_ids=("1", "2"))
    lab.license(adam_ids=("2",))

    states = {row["adam_id"]: row["state"] for row in lab.installs()}
    assert states == {"1": "waiting", "3": "waiting"}
    assert lab.deliver() == [INSTALL, INSTALL]


def test_the_end_of_the_uncertain_quarter_of_an_hour(lab):
    lab.enrol()
    lab.license()
    lab.now += 15 * MINUTE - SECOND
    lab.take_back()
    unsure = lab.states()
    lab.now += 15 * MINUTE + SECOND
    lab.take_back()

    assert (unsure, lab.states()) == (["waiting"], ["released"])


@ON_SQLITE
def test_uncertain_lasts_until_apples_next_word(lab):
    lab.enrol()
    lab.take_back()
    lab.license()
    lab.wait(days=90)
    lab.inform()
    lab.list_apps(**{BUNDLE_ID: "Managed"})
    lab.check_in("TokenUpdate")
    after_months = (lab.heal(), licence_states(lab), lab.states())
    lab.license()

    assert after_months == (0, ["uncertain"], [])
    assert (licence_states(lab), lab.states()) == (["assigned"], ["waiting"])


@ON_SQLITE
def test_what_failed_is_not_tried_again_while_its_licence_is_uncertain(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.answer("Error", ErrorChain=[{"ErrorCode": 1}])
    failed = lab.states()
    lab.take_back()
    lab.wait(hours=1)
    (last,) = lab.commands()
    retry(lab.engine, [last["id"]], now=lab.now)

    assert (failed, lab.states(), lab.heal()) == (["failed"], ["waiting"], 0)
    assert len(lab.commands()) == 1


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


@pytest.mark.parametrize("sent", [False, True])
def test_by_policy_an_install_is_released_in_words_that_are_true_and_owed_again_when_the_policy_is(lab, sent):
    lab.enrol()
    lab.license()
    if sent:
        lab.deliver()
    lab.setup = LICENSE_ONLY
    lab.inform()
    (released,) = lab.installs()
    while_off = lab.heal()
    lab.setup = SETUP

    assert (released["state"], released["reason"]) == ("released", "it is licensed only, by policy: install = false")
    assert (while_off, lab.heal(), lab.heal()) == (0, 1, 0)
    assert (lab.states(), lab.command_states()) == (["waiting"], ["void", "pending"])


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
