"""Installs are followed until the device says that the app is there, or nobody knows any more."""

from datetime import timedelta

import pytest

from tasks.following import CHECKS, PATIENCE, follow
from tests.deliveries import BUNDLE_ID, SECOND
from tests.tasks.lab import LIST


@pytest.fixture
def begun(lab):
    """A device that has acknowledged the install."""
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.acknowledge()
    return lab


def look(lab, seconds):
    """One look just too early, one in time; how many installs were due each time."""
    lab.now += timedelta(seconds=seconds) - SECOND
    early = follow(lab.at_work)
    lab.now += SECOND
    return early, follow(lab.at_work)


def test_a_device_is_asked_on_a_schedule(begun):
    for number, pause in enumerate(CHECKS):
        assert look(begun, pause) == (0, 1)
        assert begun.deliver() == [LIST]
        begun.answer("Acknowledged", to=LIST, ManagedApplicationList={BUNDLE_ID: {"Status": "Installing"}})
        begun.now -= SECOND
        assert begun.install["checks"] == number + 1

    assert begun.commands(LIST)[0]["arguments"] == {}
    assert look(begun, CHECKS[-1]) == (0, 1)


def test_its_answer_ends_the_questions(begun):
    look(begun, CHECKS[0])
    begun.deliver()
    begun.answer("Acknowledged", to=LIST, ManagedApplicationList={BUNDLE_ID: {"Status": "Managed"}})
    begun.wait(days=3)

    assert (begun.states(), follow(begun.at_work)) == (["installed"], 0)
    assert begun.install["installed_command_uuid"] == begun.commands(LIST)[0]["command_uuid"]


def test_a_device_that_has_not_answered_is_not_asked_again(begun):
    look(begun, CHECKS[0])
    begun.deliver()
    for pause in CHECKS[1:]:
        look(begun, pause)

    assert len(begun.commands(LIST)) == 1


def test_one_question_for_all_apps_of_a_device(lab):
    lab.enrol()
    lab.license(adam_ids=("1", "2"))
    lab.deliver()
    for command in lab.commands():
        lab.reply("Acknowledged", command["command_uuid"], Identifier=str(command["arguments"]["iTunesStoreID"]))
    lab.wait(minutes=1)
    follow(lab.at_work)
    lab.deliver()
    lab.answer("Acknowledged", to=LIST, ManagedApplicationList={name: {"Status": "Managed"} for name in "12"})

    assert (lab.states(), len(lab.commands(LIST))) == (["installed"] * 2, 1)


def test_looking_twice_at_once_asks_once(begun):
    begun.wait(seconds=CHECKS[0])

    assert [follow(begun.at_work), follow(begun.at_work)] == [1, 0]
    assert len(begun.commands(LIST)) == 1


@pytest.mark.parametrize("checked_out", [False, True])
def test_a_command_without_an_answer_is_stuck_after_a_day_and_a_late_answer_counts(lab, checked_out):
    lab.enrol()
    lab.license()
    lab.deliver()
    if checked_out:
        lab.check_in("CheckOut")
    lab.now += PATIENCE - 2 * SECOND
    early = (follow(lab.at_work), lab.states())
    lab.now += 3 * SECOND
    follow(lab.at_work)
    stuck = lab.install
    again = follow(lab.at_work)
    lab.acknowledge()

    assert early == (0, ["command_sent"])
    assert (stuck["state"], stuck["reason"]) == ("stuck", "the device has not answered the command for 24 h")
    assert again == 0
    assert (lab.states(), lab.install["reason"]) == (["acknowledged"], None)
    lab.list_apps(**{BUNDLE_ID: "Managed"})
    assert lab.states() == ["installed"]


def test_an_app_that_never_comes_is_stuck_after_a_day_and_a_late_proof_counts(begun):
    begun.now += PATIENCE
    follow(begun.at_work)
    stuck = begun.install
    begun.list_apps(**{BUNDLE_ID: "Managed"})

    assert (stuck["state"], stuck["next_check_at"]) == ("stuck", None)
    assert stuck["reason"] == ("the device has accepted the command and not said that the app is there for 24 h")
    assert (begun.states(), begun.install["reason"]) == (["installed"], None)


def test_a_device_that_is_wiped_is_not_asked_about_what_it_had(begun):
    begun.wait(hours=1)
    begun.check_in("Authenticate")

    assert (follow(begun.at_work), begun.commands(LIST)) == (0, [])


def test_a_refused_question_is_asked_again(begun):
    look(begun, CHECKS[0])
    begun.deliver("dead", error="away")
    look(begun, CHECKS[1])

    assert len(begun.commands(LIST)) == 2
