"""A device that left and is back gets its apps again, though nobody heard its Authenticate: no server repeats one."""

from itertools import permutations

import pytest

from domain.clock import rfc3339
from state.schema import devices
from tests.databases import ON_SQLITE
from tests.deliveries import BUNDLE_ID, MINUTE, check_in
from tests.tasks.lab import INSTALL, only_row

MESSAGES = ("CheckOut", "Authenticate", "TokenUpdate")


@pytest.fixture
def equipped(lab):
    """A device that has the app it is licensed for."""
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.acknowledge()
    lab.list_apps(**{BUNDLE_ID: "Managed"})
    return lab


def happened(lab, *, pause=MINUTE):
    """It leaves, and enrols anew: what its server tells of that."""
    bodies = {}
    for what in MESSAGES:
        lab.now += pause
        said = {"Token": b"t", "PushMagic": "m"} if what == "TokenUpdate" else {}
        bodies[what] = lab.said(check_in(what, at=lab.now, udid=lab.udid, **said))
    lab.now += pause
    return bodies


def generation(lab):
    return only_row(lab.engine, devices)["generation"]


@pytest.mark.parametrize("order", [*permutations(("CheckOut", "TokenUpdate")), ("CheckOut", "TokenUpdate", "CheckOut")])
def test_a_device_whose_authenticate_was_lost_gets_its_app_again_once(equipped, order):
    left = equipped.now + MINUTE
    bodies = happened(equipped)

    for what in order:
        equipped.hear(bodies[what])
        equipped.hear(bodies[what])

    assert (equipped.states(), equipped.deliver()) == (["installed", "waiting"], [INSTALL])
    assert generation(equipped) == rfc3339(left)
    equipped.acknowledge()
    equipped.list_apps(**{BUNDLE_ID: "Managed"})
    assert equipped.states() == ["installed", "installed"]


@ON_SQLITE
@pytest.mark.parametrize("order", list(permutations(MESSAGES)))
@pytest.mark.parametrize("delivers", [True, False])
def test_an_authenticate_that_is_heard_after_all_makes_no_second_command(equipped, order, delivers):
    began = equipped.now + 2 * MINUTE
    bodies = happened(equipped)
    went = []

    for what in order:
        equipped.hear(bodies[what])
        went += equipped.deliver() if delivers else []
    went += equipped.deliver()

    assert (went, generation(equipped)) == ([INSTALL], rfc3339(began))
    assert equipped.states() == ["installed", "command_sent"]


@ON_SQLITE
def test_who_has_left_is_owed_nothing_until_it_is_back(equipped):
    equipped.check_in("CheckOut")

    assert (equipped.states(), equipped.heal(), equipped.deliver()) == (["installed"], 0, [])


@ON_SQLITE
def test_each_time_that_it_leaves_and_is_back_it_gets_its_app_once(equipped):
    for _ in range(3):
        equipped.check_in("CheckOut")
        equipped.check_in("TokenUpdate")
        assert equipped.deliver() == [INSTALL]
        equipped.acknowledge()
        equipped.list_apps(**{BUNDLE_ID: "Managed"})

    assert equipped.states() == ["installed"] * 4
    assert (equipped.heal(), equipped.deliver()) == (0, [])


@ON_SQLITE
def test_a_check_out_that_is_older_than_the_enrolment_ends_nothing_and_begins_nothing(equipped):
    before = generation(equipped), equipped.states()

    equipped.check_in("CheckOut", at=equipped.now - 2 * MINUTE)
    equipped.check_in("TokenUpdate")

    assert (generation(equipped), equipped.states()) == before
    assert equipped.deliver() == []
