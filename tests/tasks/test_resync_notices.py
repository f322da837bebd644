"""People are told what only MicroMDM's own list of devices knew: each check-in's webhook comes once, or never."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from simulators.devices import Device
from simulators.identities import Kind, draw_identity
from simulators.micromdm_api import MicroMDMApi
from tasks.resync import NEWS
from tests.databases import location_of
from tests.tasks.lab import INSTALL, SETUP
from tests.tasks.telling import TOLD, owed
from tests.tasks.test_resync import ask, heard, missed, settled

ENROLLED, LEFT = "device_enrolled", "device_left"


@pytest.fixture
def database_location(request):
    """Statements are tried on both databases by other tests."""
    return location_of(request)


@pytest.fixture
def server():
    with MicroMDMApi(api_key="k") as simulated:
        yield simulated


@pytest.fixture
def mac(lab):
    """A device that talks to the simulated server; only what `heard` is given reaches us. People want to know."""
    lab.setup = replace(SETUP, mail_to=TOLD.mail_to, chat=True)
    rng = random.Random(7)
    device = Device(draw_identity(Kind.MAC, rng), rng=rng, clock=lab.tick)
    lab.udid, lab.serial = device.identity.udid, device.identity.serial_number
    return device


def told(lab):
    return [name for name, _ in owed(lab.engine)]


def enrol(lab, server, mac):
    heard(lab, server, mac.authenticate(), mac.token_update())
    settled(lab)


def test_a_lost_check_out_is_told_with_what_is_known_of_the_device(lab, server, mac):
    enrol(lab, server, mac)
    missed(server, mac.check_out())

    ask(lab, server)

    name, facts = owed(lab.engine)[-1]
    assert (name, facts["serial_number"], facts["sender"]) == (LEFT, lab.serial, "micromdm")
    assert owed(lab.engine, "post_chat") == owed(lab.engine)
    assert lab.woken == ["chat", "mail"]


def test_a_check_out_that_comes_after_the_list_is_not_told_again(lab, server, mac):
    enrol(lab, server, mac)
    late = mac.check_out()
    missed(server, late)
    settled(lab)
    ask(lab, server)

    heard(lab, server, late)

    assert told(lab) == [ENROLLED, LEFT]


@pytest.mark.parametrize("comes", [True, False])
def test_a_lost_token_update_is_told_and_one_that_comes_late_not_again(lab, server, mac, comes):
    heard(lab, server, mac.authenticate())
    late = mac.token_update()
    missed(server, late)
    settled(lab)
    ask(lab, server)
    if comes:
        heard(lab, server, late)
    heard(lab, server, mac.token_update())

    assert told(lab) == [ENROLLED]


@pytest.mark.parametrize("comes", ["both", "the first half", "the second half", "nothing"])
@pytest.mark.parametrize("goodbye", [heard, lambda lab, server, message: missed(server, message)])
def test_a_return_that_nobody_heard_is_told_once(lab, server, mac, comes, goodbye):
    enrol(lab, server, mac)
    goodbye(lab, server, mac.check_out())
    settled(lab)
    ask(lab, server)
    back = [mac.authenticate(), mac.token_update()]
    missed(server, *back)
    settled(lab)
    ask(lab, server)
    late = {"both": back, "the first half": back[:1], "the second half": back[1:], "nothing": []}[comes]
    heard(lab, server, *late)
    heard(lab, server, mac.token_update())

    assert told(lab) == [ENROLLED, LEFT, ENROLLED]


def test_a_return_that_nobody_heard_brings_the_apps_again(lab, server, mac):
    lab.license()
    enrol(lab, server, mac)
    lab.deliver()
    lab.acknowledge()
    heard(lab, server, mac.check_out())
    missed(server, mac.authenticate(), mac.token_update())
    settled(lab)

    ask(lab, server)

    assert (lab.states(), lab.deliver()) == (["released", "waiting"], [INSTALL])


def test_after_a_return_that_only_the_list_told_the_next_enrolment_is_told_as_ever(lab, server, mac):
    enrol(lab, server, mac)
    heard(lab, server, mac.check_out())
    missed(server, mac.authenticate(), mac.token_update())
    settled(lab)
    ask(lab, server)

    enrol(lab, server, mac)

    assert told(lab) == [ENROLLED, LEFT, ENROLLED, ENROLLED]


def test_the_first_list_of_a_fleet_that_enrolled_before_us_is_told_to_nobody(lab, server, mac):
    missed(server, mac.authenticate(), mac.token_update())
    settled(lab)
    ask(lab, server)
    missed(server, mac.idle())
    lab.wait(hours=1)
    ask(lab, server)

    assert told(lab) == []


def test_a_fleet_that_is_taken_over_and_then_leaves_unheard_is_told(lab, server, mac):
    missed(server, mac.authenticate(), mac.token_update())
    ask(lab, server)
    missed(server, mac.check_out())
    settled(lab)

    ask(lab, server)
    lab.wait(hours=1)
    ask(lab, server)

    assert told(lab) == [LEFT]


def test_who_left_long_ago_is_no_news(lab, server, mac):
    enrol(lab, server, mac)
    missed(server, mac.check_out())
    lab.now += NEWS + timedelta(seconds=2)

    assert (ask(lab, server), told(lab)) == (1, [ENROLLED])


def test_nobody_is_told_where_nobody_is_configured(lab, server, mac):
    lab.setup = SETUP
    enrol(lab, server, mac)
    missed(server, mac.check_out())

    assert (ask(lab, server), lab.woken, told(lab)) == (1, [], [])
