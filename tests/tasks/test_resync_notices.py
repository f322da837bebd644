"""People are told what only MicroMDM's own list of devices knew: each check-in's webhook comes once, or never."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.resync import NEWS
from tests.databases import location_of
from tests.tasks.lab import INSTALL, SETUP
from tests.tasks.resyncing import ask, heard, missed, settled
from tests.tasks.telling import TOLD, owed

ENROLLED, LEFT = "device_enrolled", "device_left"

database_location = pytest.fixture(location_of)
"""Statements are tried on both databases by other tests."""


@pytest.fixture
def lab(lab):
    """People want to know."""
    lab.setup = replace(SETUP, mail_to=TOLD.mail_to, chat=True)
    return lab


def told(lab):
    return [name for name, _ in owed(lab.engine)]


def enrol(lab, server, mac):
    heard(lab, server, mac.authenticate(), mac.token_update())
    settled(lab)


def leave_and_come_back_unheard(lab, server, mac):
    heard(lab, server, mac.check_out())
    missed(server, mac.authenticate(), mac.token_update())
    settled(lab)


def test_a_lost_check_out_is_told_with_what_is_known_of_the_device(lab, micromdm_api, mac):
    enrol(lab, micromdm_api, mac)
    missed(micromdm_api, mac.check_out())

    ask(lab, micromdm_api)

    name, facts = owed(lab.engine)[-1]
    assert (name, facts["serial_number"], facts["sender"]) == (LEFT, lab.serial, "micromdm")
    assert owed(lab.engine, "post_chat") == owed(lab.engine)
    assert lab.woken == ["chat", "mail"]


def test_a_check_out_that_comes_after_the_list_is_not_told_again(lab, micromdm_api, mac):
    enrol(lab, micromdm_api, mac)
    late = mac.check_out()
    missed(micromdm_api, late)
    settled(lab)
    ask(lab, micromdm_api)

    heard(lab, micromdm_api, late)

    assert told(lab) == [ENROLLED, LEFT]


@pytest.mark.parametrize("comes", [True, False])
def test_a_lost_token_update_is_told_and_one_that_comes_late_not_again(lab, micromdm_api, mac, comes):
    heard(lab, micromdm_api, mac.authenticate())
    late = mac.token_update()
    missed(micromdm_api, late)
    settled(lab)
    ask(lab, micromdm_api)
    if comes:
        heard(lab, micromdm_api, late)
    heard(lab, micromdm_api, mac.token_update())

    assert told(lab) == [ENROLLED]


@pytest.mark.parametrize("comes", ["both", "the first half", "the second half", "nothing"])
@pytest.mark.parametrize("goodbye", [heard, lambda lab, server, message: missed(server, message)])
def test_a_return_that_nobody_heard_is_told_once(lab, micromdm_api, mac, comes, goodbye):
    enrol(lab, micromdm_api, mac)
    goodbye(lab, micromdm_api, mac.check_out())
    settled(lab)
    ask(lab, micromdm_api)
    back = [mac.authenticate(), mac.token_update()]
    missed(micromdm_api, *back)
    settled(lab)
    ask(lab, micromdm_api)
    late = {"both": back, "the first half": back[:1], "the second half": back[1:], "nothing": []}[comes]
    heard(lab, micromdm_api, *late)
    heard(lab, micromdm_api, mac.token_update())

    assert told(lab) == [ENROLLED, LEFT, ENROLLED]


def test_a_return_that_nobody_heard_brings_the_apps_again(lab, micromdm_api, mac):
    lab.license()
    enrol(lab, micromdm_api, mac)
    lab.deliver()
    lab.acknowledge()
    leave_and_come_back_unheard(lab, micromdm_api, mac)

    ask(lab, micromdm_api)

    assert (lab.states(), lab.deliver()) == (["released", "waiting"], [INSTALL])


def test_after_a_return_that_only_the_list_told_the_next_enrolment_is_told_as_ever(lab, micromdm_api, mac):
    enrol(lab, micromdm_api, mac)
    leave_and_come_back_unheard(lab, micromdm_api, mac)
    ask(lab, micromdm_api)

    enrol(lab, micromdm_api, mac)

    assert told(lab) == [ENROLLED, LEFT, ENROLLED, ENROLLED]


def test_after_a_return_that_only_the_list_told_the_next_departure_is_told_once(lab, micromdm_api, mac):
    enrol(lab, micromdm_api, mac)
    leave_and_come_back_unheard(lab, micromdm_api, mac)
    ask(lab, micromdm_api)
    late = mac.check_out()
    missed(micromdm_api, late)
    settled(lab)

    ask(lab, micromdm_api)
    heard(lab, micromdm_api, late)

    assert told(lab) == [ENROLLED, LEFT, ENROLLED, LEFT]


def test_the_first_list_of_a_fleet_that_enrolled_before_us_is_told_to_nobody(lab, micromdm_api, mac):
    missed(micromdm_api, mac.authenticate(), mac.token_update())
    settled(lab)
    ask(lab, micromdm_api)
    missed(micromdm_api, mac.idle())
    lab.wait(hours=1)
    ask(lab, micromdm_api)

    assert told(lab) == []


def test_a_fleet_that_is_taken_over_and_then_leaves_unheard_is_told(lab, micromdm_api, mac):
    missed(micromdm_api, mac.authenticate(), mac.token_update())
    ask(lab, micromdm_api)
    missed(micromdm_api, mac.check_out())
    settled(lab)

    ask(lab, micromdm_api)
    lab.wait(hours=1)
    ask(lab, micromdm_api)

    assert told(lab) == [LEFT]


def test_who_left_long_ago_is_no_news(lab, micromdm_api, mac):
    enrol(lab, micromdm_api, mac)
    missed(micromdm_api, mac.check_out())
    lab.now += NEWS + timedelta(seconds=2)

    assert (ask(lab, micromdm_api), told(lab)) == (1, [ENROLLED])


def test_nobody_is_told_where_nobody_is_configured(lab, micromdm_api, mac):
    lab.setup = SETUP
    enrol(lab, micromdm_api, mac)
    missed(micromdm_api, mac.check_out())

    assert (ask(lab, micromdm_api), lab.woken, told(lab)) == (1, [], [])
