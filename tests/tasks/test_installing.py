"""Licence to install: whichever comes second, the app is owed once, to the server that the device is enrolled in."""

from itertools import permutations, product

import pytest
from sqlalchemy import delete

from domain.notification import serial_key
from state.schema import actions, commands, installs
from state.unit_of_work import unit_of_work
from tasks.following import follow
from tasks.installing import decide_installs
from tasks.setup import Policy, Setup
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.deliveries import APP, LOCATION, OTHER_LOCATION, SERIAL, UDID, again, managed
from tests.tasks.lab import SETUP

LICENSE_ONLY = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(adam_id=APP, install=False),))
REMOVING = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(adam_id=APP, u_id=LOCATION, remove=True),))


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


@ON_SQLITE
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


@ON_SQLITE
def test_a_serial_number_counts_however_it_is_spelled(lab):
    lab.license(f" {SERIAL.lower()} ")
    lab.enrol()

    assert owed_once(lab) == ("waiting", "pending", True)


def test_two_locations_that_license_the_same_app_are_one_install(lab):
    lab.enrol()
    lab.license()
    lab.license(u_id=OTHER_LOCATION)
    lab.take_back(u_id=OTHER_LOCATION)

    assert owed_once(lab) == ("waiting", "pending", True)


@ON_SQLITE
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


@ON_POSTGRESQL
@pytest.mark.parametrize("together", [True, False])
def test_any_order_of_arrival_owes_one(lab, together):
    told = [lab.license(), lab.check_in("Authenticate"), lab.check_in("TokenUpdate"), lab.license()]

    for order in permutations(told):
        lab.forget()
        for batch in [order * 2] if together else [[arrival] for arrival in order * 2]:
            lab.hear(*batch)

        assert owed_once(lab) == ("waiting", "pending", True)


@ON_SQLITE
def test_all_apps_of_all_devices_in_one_notification(lab):
    devices = [("D1", "S1"), ("D2", "S2"), ("D3", "S3")]
    for lab.udid, lab.serial in devices:
        lab.enrol()
    lab.license("S1", "S2", "S9", adam_ids=("1", "2"), client_user_ids=("u",))

    owed = {(row["device_id"], row["adam_id"]) for row in lab.installs()}
    assert owed == set(product(("D1", "D2"), ("1", "2")))
    assert len(lab.commands()) == 4


@ON_SQLITE
def test_a_licence_of_a_user_installs_nothing(lab):
    lab.enrol()
    lab.hear(managed(client_user_ids=("u",)))

    assert lab.installs() == []


@ON_SQLITE
def test_by_policy_a_licence_may_be_all_there_is(lab):
    lab.setup = LICENSE_ONLY
    lab.enrol()
    lab.license(adam_ids=(APP, "2"))
    lab.heal()

    assert [row["adam_id"] for row in lab.installs()] == ["2"]


@ON_SQLITE
def test_for_a_device_that_is_not_enrolled_an_install_waits(lab):
    lab.enrol()
    lab.check_in("CheckOut")
    lab.license()
    waiting = lab.install
    lab.enrol()

    assert (waiting["state"], waiting["reason"]) == ("waiting", "the device is not enrolled")
    assert owed_once(lab) == ("waiting", "pending", True)


@ON_SQLITE
def test_where_no_server_is_configured_an_install_waits_and_is_owed_once_it_is(lab):
    lab.setup = Setup()
    lab.enrol()
    lab.license()
    waiting = lab.install
    owed = lab.heal()
    lab.setup = SETUP

    assert "sender micromdm is: set its url and api_key" in waiting["reason"]
    assert (waiting["state"], owed) == ("waiting", 0)
    assert [lab.heal(), lab.heal()] == [1, 0]
    assert owed_once(lab) == ("waiting", "pending", True)
    assert lab.install["reason"] is None


def test_what_nobody_owes_is_found(lab):
    """As it would be after a state that should not be."""
    lab.enrol()
    lab.license()
    with lab.engine.begin() as connection:
        for table in (installs, commands, actions):
            connection.execute(delete(table))

    assert [lab.heal(), lab.heal()] == [1, 0]
    assert owed_once(lab) == ("waiting", "pending", True)


def test_very_many_apps_at_once_are_no_reason_to_decide_on_others(lab):
    lab.license(adam_ids=(APP, "2"))
    lab.enrol()
    before = lab.installs()
    many = {str(number) for number in range(10_000, 11_100)}

    with unit_of_work(lab.engine, lab.tick()) as uow:
        owed = list(decide_installs(uow, lab.setup, {serial_key(SERIAL)}, many))

    assert (owed, len(before), lab.installs()) == ([], 2, before)


def test_a_command_was_sent_when_it_left_not_when_its_server_said_that_it_has_it(lab):
    lab.license()
    lab.enrol()
    claimed, left_at = lab.claim(), lab.now
    lab.wait(seconds=3)
    lab.settle(claimed)

    assert (lab.commands()[0]["sent_at"], lab.install["sent_at"]) == (left_at, left_at)
    assert lab.install["changed_at"] == lab.now


def test_a_call_whose_reply_was_lost_long_ago_sent_nothing_then(lab):
    lab.license()
    lab.enrol()
    claimed = lab.claim()
    lab.wait(hours=30)
    lab.settle(claimed)
    follow(lab.at_work)

    assert (lab.commands()[0]["sent_at"], lab.install["sent_at"]) == (lab.now, lab.now)
    assert lab.states() == ["command_sent"]
