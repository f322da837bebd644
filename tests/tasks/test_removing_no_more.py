"""Apps that are gone, or are going, with their licence, and whose licence comes back, or whose device does."""

from datetime import timedelta

import pytest

from domain.clock import rfc3339
from state.ordering import give_up
from tests.databases import ON_SQLITE
from tests.deliveries import BUNDLE_ID
from tests.tasks.lab import INSTALL, REMOVE
from tests.tasks.removing import BACK, NOT_MANAGED, REMOVING, only, removals, take_back


@pytest.fixture
def lab(lab):
    """Where apps go with their licence."""
    lab.setup = REMOVING
    return lab


def license_again(lab):
    lab.wait(hours=1)
    lab.license()


def test_a_licence_that_is_back_before_the_removal_went_out_makes_it_void(installed):
    take_back(installed)
    installed.deliver("retryable", error="micromdm answered 500", at=installed.now + timedelta(hours=9), happened=False)
    license_again(installed)
    went = installed.deliver()
    installed.acknowledge()
    installed.list_apps(**{BUNDLE_ID: "Managed"})
    installed.wait(hours=10)

    assert (went, removals(installed)) == ([INSTALL], ["void"])
    assert installed.deliver() == []
    assert installed.states() == ["installed"]


@ON_SQLITE
@pytest.mark.parametrize("answer", ["Acknowledged", "Error"])
@pytest.mark.parametrize("before", ["NotNow", "sent", "called"])
def test_a_licence_that_is_back_waits_until_a_removal_that_is_out_is_answered(installed, before, answer):
    take_back(installed)
    claimed = installed.claim()
    if before != "called":
        installed.settle(claimed)
    if before == "NotNow":
        installed.answer("NotNow", to=REMOVE)
    license_again(installed)
    installed.inform()
    waiting = (only(installed), installed.heal(), installed.deliver())
    installed.settle(claimed)
    still = only(installed)
    installed.answer("NotNow", to=REMOVE)
    installed.answer(answer, to=REMOVE, ErrorChain=NOT_MANAGED)
    went = installed.deliver()
    installed.acknowledge()
    installed.list_apps(**{BUNDLE_ID: "Managed"})

    assert waiting == (("waiting", BACK), 0, [])
    assert still == ("waiting", BACK)
    assert (went, removals(installed), installed.states()) == ([INSTALL], [answer], ["installed"])
    assert installed.installs()[0]["reason"] is None


@ON_SQLITE
@pytest.mark.parametrize("how", ["dead", "cleared", "elsewhere", "never left"])
def test_a_removal_that_will_not_be_answered_is_not_waited_for(installed, how):
    take_back(installed)
    claimed = installed.claim()
    license_again(installed)
    waiting = only(installed)
    if how == "dead":
        installed.settle(claimed, "dead", error="outcome unknown")
    elif how == "cleared":
        installed.settle(claimed)
        give_up(installed.engine, [claimed[0].id], reason="cleared", now=installed.now)
    elif how == "elsewhere":
        installed.sender = "eu"
        installed.check_in("TokenUpdate")
    else:
        later = installed.now + timedelta(hours=9)
        installed.settle(claimed, "retryable", error="500", at=later, happened=False)
    installed.heal()
    installed.wait(hours=10)

    assert waiting == ("waiting", BACK)
    assert only(installed) == ("waiting", None)
    assert installed.deliver() == [INSTALL]
    assert removals(installed) == ["void"]


@ON_SQLITE
def test_a_licence_that_comes_and_goes_while_a_removal_is_out_changes_nothing(installed):
    take_back(installed)
    installed.deliver()
    license_again(installed)
    take_back(installed)
    released = only(installed)
    installed.answer("Acknowledged", to=REMOVE)

    assert released == ("released", "the licence was taken back; the device is to remove the app")
    assert only(installed) == ("released", "the licence was taken back, and the device has removed the app")
    assert (removals(installed), len(installed.commands())) == (["Acknowledged"], 1)


@ON_SQLITE
def test_a_licence_that_comes_and_goes_while_nothing_goes_out_removes_the_app_all_the_same(installed):
    for _ in range(2):
        take_back(installed)
        license_again(installed)
    take_back(installed)

    assert removals(installed) == ["void", "void", "pending"]
    assert installed.command_states() == ["Acknowledged", "void", "void"]
    assert only(installed) == ("released", "the licence was taken back; the device is to remove the app")


@ON_SQLITE
def test_what_was_removed_and_installed_anew_is_removed_anew(installed):
    for _ in range(2):
        take_back(installed)
        assert installed.deliver() == [REMOVE]
        installed.answer("Acknowledged", to=REMOVE)
        license_again(installed)
        assert installed.deliver() == [INSTALL]
        installed.acknowledge()
        installed.list_apps(**{BUNDLE_ID: "Managed"})

    assert (installed.states(), removals(installed)) == (["installed"], ["Acknowledged"] * 2)


@ON_SQLITE
@pytest.mark.parametrize("went", [True, False])
@pytest.mark.parametrize("left", ["Authenticate", "CheckOut"])
def test_a_device_that_enrols_anew_is_asked_to_remove_nothing(begun, went, left):
    take_back(begun)
    begun.deliver(*([] if went else ["retryable"]), at=None if went else begun.now + timedelta(hours=9), happened=went)
    begun.wait(hours=1)
    begun.check_in(left)
    begun.check_in("TokenUpdate")
    license_again(begun)
    sent_anew = begun.deliver()
    begun.wait(hours=9)

    assert (removals(begun), begun.states()) == (["void"], ["released", "command_sent"])
    assert (sent_anew, begun.deliver()) == ([INSTALL], [])
    assert begun.installs()[0]["reason"] == "the device was enrolled anew"


@ON_SQLITE
def test_an_authenticate_heard_late_leaves_a_removal_as_it_is(lab):
    began = lab.tick()
    lab.check_in("TokenUpdate")
    lab.inform()
    lab.license()
    lab.deliver()
    lab.acknowledge()
    take_back(lab)
    lab.check_in("Authenticate", at=began)
    owed = (only(lab), lab.installs()[0]["generation"])
    lab.deliver()
    license_again(lab)

    assert owed == (("released", "the licence was taken back; the device is to remove the app"), rfc3339(began))
    assert (only(lab), removals(lab)) == (("waiting", BACK), ["sent"])
