"""Licence to install: whichever comes second, the app is owed once, to the server that the device is enrolled in."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations, product

import pytest
from sqlalchemy import delete

from state.pending import SLICES
from state.schema import actions, commands, installs
from tasks.healing import UNOWED_INTERVAL, owe_installs
from tasks.setup import Policy, Setup
from tests.deliveries import APP, BUNDLE_ID, LOCATION, MINUTE, SECOND, SERIAL, UDID, again, managed
from tests.tasks.lab import INSTALL, REMOVE, SETUP

OTHER = "2049025000439999"
LICENSE_ONLY = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(adam_id=APP, install=False),))
REMOVING = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(adam_id=APP, u_id=LOCATION, remove=True),))


def look_everywhere(lab):
    """All parts of the licences, as beat looks at them one after the other; how many actions that gave."""
    found = 0
    for part in range(SLICES):
        at = lab.now + part * timedelta(seconds=UNOWED_INTERVAL)
        found += owe_installs(replace(lab.at_work, now=lambda at=at: at))
    return found


def owed_once(lab):
    (command,) = lab.commands()
    return (lab.install["state"], command["state"], lab.install["command_id"] == command["id"])


def test_licence_first(lab):
    lab.license()
    before = lab.installs()
    lab.enrol()

    assert before == []
    assert owed_once(lab) == ("waiting", "pending", True)
    assert lab.commands()[0]["arguments"] == {
        "iTunesStoreID": int(APP),
        "ManagementFlags": 1,
        "InstallAsManaged": True,
        "Options": {"PurchaseMethod": 1},
    }


def test_device_first(lab):
    lab.enrol()
    lab.license(event_id="request-of-a-person")

    assert owed_once(lab) == ("waiting", "pending", True)
    assert (lab.install["licensed_by"], lab.install["tries"]) == ("request-of-a-person", 1)
    assert (lab.install["device_id"], lab.install["serial_number"], lab.install["adam_id"]) == (UDID, SERIAL, APP)


def test_a_device_that_has_begun_to_enrol_waits_for_the_end_of_it(lab):
    lab.license()
    lab.check_in("Authenticate")
    waiting = lab.install
    lab.check_in("TokenUpdate")

    assert (waiting["state"], waiting["reason"], waiting["command_id"]) == (
        "waiting",
        "the device is not enrolled",
        None,
    )
    assert owed_once(lab) == ("waiting", "pending", True)
    assert lab.install["reason"] is None


def test_a_serial_number_that_is_learned_late_is_licensed_then(lab):
    lab.license()
    lab.check_in("TokenUpdate")
    before = lab.installs()
    lab.inform()

    assert before == []
    assert owed_once(lab) == ("waiting", "pending", True)


def test_a_serial_number_counts_however_it_is_spelled(lab):
    lab.license(f" {SERIAL.lower()} ")
    lab.enrol()

    assert owed_once(lab) == ("waiting", "pending", True)


def test_two_locations_that_license_the_same_app_are_one_install(lab):
    lab.enrol()
    lab.license()
    lab.license(u_id=OTHER)
    lab.take_back(u_id=OTHER)

    assert owed_once(lab) == ("waiting", "pending", True)


def test_an_app_is_released_when_the_last_location_takes_it_back(lab):
    lab.enrol()
    lab.license()
    lab.license(u_id=OTHER)
    for u_id in (LOCATION, OTHER):
        lab.wait(hours=1)
        lab.take_back(u_id=u_id)

    assert (lab.states(), lab.command_states()) == (["released"], ["void"])


def test_whatever_apple_and_the_device_repeat_one_command_is_owed(lab):
    lab.license(event_id="e")
    lab.license(event_id="e")
    lab.license(event_id="another")
    lab.enrol()
    licence = lab.license(event_id="e")
    lab.hear(again(licence), again(licence))
    lab.check_in("TokenUpdate")
    lab.inform()

    assert owed_once(lab) == ("waiting", "pending", True)


@pytest.mark.parametrize("together", [True, False])
def test_any_order_of_arrival_owes_one(lab, together):
    told = [lab.license(), lab.check_in("Authenticate"), lab.check_in("TokenUpdate"), lab.license()]

    for order in permutations(told):
        lab.forget()
        for batch in [order * 2] if together else [[arrival] for arrival in order * 2]:
            lab.hear(*batch)

        assert owed_once(lab) == ("waiting", "pending", True)


def test_all_apps_of_all_devices_in_one_notification(lab):
    devices = [("D1", "S1"), ("D2", "S2"), ("D3", "S3")]
    for lab.udid, lab.serial in devices:
        lab.enrol()
    lab.license("S1", "S2", "S9", adam_ids=("1", "2"), client_user_ids=("u",))

    owed = {(row["device_id"], row["adam_id"]) for row in lab.installs()}
    assert owed == set(product(("D1", "D2"), ("1", "2")))
    assert len(lab.commands()) == 4


def test_a_licence_of_a_user_installs_nothing(lab):
    lab.enrol()
    lab.hear(managed(client_user_ids=("u",)))

    assert lab.installs() == []


def test_by_policy_a_licence_may_be_all_there_is(lab):
    lab.setup = LICENSE_ONLY
    lab.enrol()
    lab.license(adam_ids=(APP, "2"))
    look_everywhere(lab)

    assert [row["adam_id"] for row in lab.installs()] == ["2"]


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
    assert (lab.states(), lab.command_states()) == (["released"], ["void"])
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


def test_what_is_installed_stays_when_its_licence_goes(lab):
    installed(lab)
    lab.take_back()

    assert (lab.states(), lab.commands(REMOVE)) == (["installed"], [])


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


def test_it_is_not_removed_while_a_location_licenses_it(lab):
    lab.setup = REMOVING
    installed(lab)
    lab.license(u_id=OTHER)
    lab.take_back()
    lab.setup = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(install=False, remove=True),))
    lab.inform()

    assert (lab.states(), lab.commands(REMOVE)) == (["installed"], [])


def test_for_a_device_that_is_not_enrolled_an_install_waits(lab):
    lab.enrol()
    lab.check_in("CheckOut")
    lab.license()
    waiting = lab.install
    lab.enrol()

    assert (waiting["state"], waiting["reason"]) == ("waiting", "the device is not enrolled")
    assert owed_once(lab) == ("waiting", "pending", True)


def test_where_no_server_is_configured_an_install_waits_and_is_owed_once_it_is(lab):
    lab.setup = Setup()
    lab.enrol()
    lab.license()
    waiting = lab.install
    owed = look_everywhere(lab)
    lab.setup = SETUP

    assert "sender micromdm is: set its url and api_key" in waiting["reason"]
    assert (waiting["state"], owed) == ("waiting", 0)
    assert [look_everywhere(lab), look_everywhere(lab)] == [1, 0]
    assert owed_once(lab) == ("waiting", "pending", True)
    assert lab.install["reason"] is None


def test_what_nobody_owes_is_found(lab):
    """As it would be after a state that should not be."""
    lab.enrol()
    lab.license()
    with lab.engine.begin() as connection:
        for table in (installs, commands, actions):
            connection.execute(delete(table))

    assert [look_everywhere(lab), look_everywhere(lab)] == [1, 0]
    assert owed_once(lab) == ("waiting", "pending", True)


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
