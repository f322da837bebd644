"""Removals of apps that nobody has answered: what waits for them, and what a person can do."""

import pytest

from state.calls import uncall
from state.engine import write_transaction
from state.ordering import give_up
from state.schema import installs
from tasks.prune import KEY_DAYS, prune
from tasks.retrying import retry
from tests.databases import BOTH_DATABASES, location_of
from tests.tasks.lab import INSTALL, REMOVE
from tests.tasks.removing import BACK, REMOVING, only, removals, take_back

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both."""


@pytest.fixture
def lab(lab, request):
    """Where apps go with their licence; its MDM server may be asked for."""
    lab.setup, lab.sender = REMOVING, getattr(request, "param", lab.sender)
    return lab


@pytest.fixture
def awaited(installed):
    """Its removal went out and is not answered; then the licence came back."""
    take_back(installed)
    installed.deliver()
    installed.wait(hours=1)
    installed.license()
    assert (only(installed), removals(installed)) == (("waiting", BACK), ["sent"])
    return installed


def ask_again(lab):
    """The verdict on another try of the removal."""
    (verdict,) = retry(lab.engine, lab.setup, [lab.commands(REMOVE)[-1]["id"]], now=lab.now)
    return verdict


@BOTH_DATABASES
def test_one_that_an_install_waits_for_is_not_forgotten(awaited):
    awaited.wait(days=KEY_DAYS + 1)
    prune(awaited.at_work, body_days=30)
    kept = removals(awaited)
    awaited.answer("Acknowledged", to=REMOVE)

    assert (kept, awaited.command_states(), awaited.deliver()) == (["sent"], ["pending"], [INSTALL])


def uncall_after(lab, interrupt):
    """Its server was away for an hour, and is again as the removal is about to go out; meanwhile this happens."""
    lab.wait(hours=1)
    (claimed,) = lab.claim()
    interrupt()
    uncall(lab.engine, [claimed.id], lab.now)
    lab.settle([claimed], "released", at=lab.now)


@BOTH_DATABASES
def test_one_that_did_not_go_out_after_all_is_void_when_the_licence_came_back_meanwhile(installed):
    take_back(installed)

    uncall_after(installed, installed.license)
    installed.heal()
    installed.wait(minutes=5)

    assert (removals(installed), installed.deliver()) == (["void"], [INSTALL])


def test_one_that_did_not_go_out_after_all_is_sent_later_while_the_licence_is_gone(installed):
    take_back(installed)

    uncall_after(installed, lambda: None)

    assert (removals(installed), installed.deliver()) == (["pending"], [REMOVE])


@BOTH_DATABASES
def test_one_that_is_cleared_is_not_said_to_come(installed):
    take_back(installed)
    installed.deliver()
    give_up(installed.engine, [installed.commands(REMOVE)[0]["id"]], reason="cleared by hand", now=installed.now)
    cleared = only(installed)
    installed.inform("another")
    installed.inform()

    assert cleared == only(installed) == ("released", "the app is not removed: cleared by hand")
    assert installed.deliver() == []
    installed.wait(hours=1)
    installed.license()
    assert (installed.deliver(), installed.states()) == ([INSTALL], ["command_sent"])


@BOTH_DATABASES
@pytest.mark.parametrize("lab", ["nanomdm"], indirect=True)
def test_a_retry_where_no_uuid_is_taken_twice_sends_the_app_and_waits_no_more(awaited):
    verdict = ask_again(awaited)

    assert (verdict.refusal, verdict.anew, verdict.destination) == (None, True, "mdm:nanomdm")
    assert (removals(awaited), only(awaited)) == (["void"], ("waiting", None))
    assert (awaited.deliver(), awaited.states()) == ([INSTALL], ["command_sent"])


def test_a_retry_elsewhere_owes_the_removal_once_more_and_the_app_waits_for_its_answer(awaited):
    verdict = ask_again(awaited)

    assert (verdict.refusal, verdict.anew) == (None, False)
    assert (removals(awaited), only(awaited), awaited.heal()) == (["pending"], ("waiting", BACK), 0)


def test_one_that_an_older_version_owed_and_did_not_keep_track_of_stays_as_it_is(installed):
    as_before = {"command_id": installed.commands()[-1]["id"], "reason": "the licence was taken back"}
    take_back(installed)
    installed.deliver()
    with write_transaction(installed.engine) as connection:
        connection.execute(installs.update().values(as_before))
    before = installed.installs()

    installed.inform("another")
    installed.inform()

    assert (installed.installs(), removals(installed), installed.deliver()) == (before, ["sent"], [])
