"""MicroMDM's own list of devices, read over a real socket, corrects what we missed, and never more than that."""

import random

import pytest

from clients.micromdm import MicroMDM
from simulators.devices import Device
from simulators.identities import Kind, draw_identity
from state.schema import devices
from tests.databases import BOTH_DATABASES, location_of
from tests.deliveries import APP, answer
from tests.tasks.delivering import KEY
from tests.tasks.lab import rows
from tests.tasks.resyncing import ask, heard, missed, settled, the_device

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""


@BOTH_DATABASES
def test_an_unknown_device_is_taken_over_and_gets_its_apps(lab, micromdm_api, mac):
    lab.license()
    missed(micromdm_api, mac.authenticate(), mac.token_update())

    changed = ask(lab, micromdm_api)

    (row,) = rows(lab.engine, devices)
    seen = MicroMDM(micromdm_api.url, lambda: KEY).devices()[0].last_seen
    assert (changed, the_device(lab)) == (1, (lab.serial, True))
    assert (row["id"], row["udid"], row["sender"], row["last_seen_at"]) == (lab.udid, lab.udid, "micromdm", seen)
    assert (lab.install["adam_id"], lab.command_states(), lab.woken) == (APP, ["pending"], ["mdm:micromdm"])


def test_asking_again_changes_nothing(lab, micromdm_api, mac):
    lab.license()
    missed(micromdm_api, mac.authenticate(), mac.token_update())
    ask(lab, micromdm_api)
    lab.wait(hours=1)

    assert ask(lab, micromdm_api) == 0
    assert (lab.command_states(), lab.woken) == (["pending"], [])


def test_a_lost_token_update_is_made_up_for(lab, micromdm_api, mac):
    lab.license()
    heard(lab, micromdm_api, mac.authenticate())
    missed(micromdm_api, mac.token_update())
    waiting = lab.install
    settled(lab)

    changed = ask(lab, micromdm_api)

    assert (waiting["reason"], changed) == ("the device is not enrolled", 1)
    assert (the_device(lab), lab.command_states()) == ((lab.serial, True), ["pending"])


@BOTH_DATABASES
def test_a_lost_check_out_is_made_up_for(lab, micromdm_api, mac):
    heard(lab, micromdm_api, mac.authenticate(), mac.token_update())
    missed(micromdm_api, mac.check_out())
    settled(lab)

    changed = ask(lab, micromdm_api)
    lab.license()

    assert (changed, the_device(lab)) == (1, (lab.serial, False))
    assert (lab.install["reason"], lab.commands()) == ("the device is not enrolled", [])


@BOTH_DATABASES
def test_a_serial_number_that_nobody_heard_is_learned(lab, micromdm_api, mac):
    lab.license()
    missed(micromdm_api, mac.authenticate())
    heard(lab, micromdm_api, mac.token_update())
    before = the_device(lab)

    changed = ask(lab, micromdm_api)

    assert (before, changed, the_device(lab)) == ((None, True), 1, (lab.serial, True))
    assert lab.command_states() == ["pending"]


def test_what_was_heard_in_the_last_minutes_is_not_corrected(lab, micromdm_api, mac):
    heard(lab, micromdm_api, mac.authenticate(), mac.token_update())
    missed(micromdm_api, mac.check_out())

    assert (ask(lab, micromdm_api), the_device(lab)) == (0, (lab.serial, True))


def test_an_event_that_happened_after_the_list_was_asked_for_is_newer(lab, micromdm_api, mac):
    missed(micromdm_api, mac.authenticate(), mac.token_update())
    ask(lab, micromdm_api)
    heard(lab, micromdm_api, mac.check_out())

    assert the_device(lab) == (lab.serial, False)


def test_a_device_listed_as_not_enrolled_whom_nobody_knew_gets_no_commands(lab, micromdm_api, mac):
    lab.license()
    missed(micromdm_api, mac.authenticate(), mac.token_update(), mac.check_out())

    ask(lab, micromdm_api)

    assert the_device(lab) == (lab.serial, False)
    assert (lab.install["reason"], lab.commands()) == ("the device is not enrolled", [])


def test_a_device_that_speaks_and_was_never_heard_to_enrol_is_not_ended_by_a_list(lab, micromdm_api, mac):
    missed(micromdm_api, mac.authenticate())
    lab.hear(lab.said(answer("Idle", at=lab.tick(), udid=lab.udid)))

    ask(lab, micromdm_api)

    assert the_device(lab) == (lab.serial, None)


@BOTH_DATABASES
def test_many_devices_in_several_transactions(lab, micromdm_api):
    rng = random.Random(1)
    serials = []
    for _ in range(600):
        device = Device(draw_identity(Kind.IPHONE, rng), rng=rng, clock=lab.tick)
        missed(micromdm_api, device.authenticate(), device.token_update())
        serials.append(device.identity.serial_number)
    lab.license(*serials)

    assert ask(lab, micromdm_api) == 600
    assert {row["serial_number"] for row in lab.installs()} == set(serials)
    assert lab.command_states() == ["pending"] * 600
