"""Installs are followed until the device says that the app is there, or nobody knows any more."""

from datetime import timedelta

import pytest

from domain.facts import Stamp
from state.records import ENROLMENT
from state.unit_of_work import unit_of_work
from tasks.following import CHECKS, PATIENCE, follow
from tests.databases import ON_SQLITE
from tests.deliveries import BUNDLE_ID, SECOND
from tests.tasks.lab import LIST


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


@ON_SQLITE
def test_its_answer_ends_the_questions(begun):
    look(begun, CHECKS[0])
    begun.deliver()
    begun.answer("Acknowledged", to=LIST, ManagedApplicationList={BUNDLE_ID: {"Status": "Managed"}})
    begun.wait(days=3)

    assert (begun.states(), follow(begun.at_work)) == (["installed"], 0)
    assert begun.install["installed_command_uuid"] == begun.commands(LIST)[0]["command_uuid"]


@ON_SQLITE
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


@ON_SQLITE
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
    gone = "the device is not enrolled any more; it had not answered the command"
    words = gone if checked_out else "the device has not answered the command for 24 h"
    assert (stuck["state"], stuck["reason"]) == ("stuck", words)
    assert again == 0
    assert (lab.states(), lab.install["reason"]) == (["acknowledged"], None)
    lab.list_apps(**{BUNDLE_ID: "Managed"})
    assert lab.states() == ["installed"]


@ON_SQLITE
def test_an_app_that_never_comes_is_stuck_after_a_day_and_a_late_proof_counts(begun):
    begun.now += PATIENCE
    follow(begun.at_work)
    stuck = begun.install
    begun.list_apps(**{BUNDLE_ID: "Managed"})

    assert (stuck["state"], stuck["next_check_at"]) == ("stuck", None)
    assert stuck["reason"] == ("the device has accepted the command and not said that the app is there for 24 h")
    assert (begun.states(), begun.install["reason"]) == (["installed"], None)


@ON_SQLITE
def test_a_device_that_is_wiped_is_not_asked_about_what_it_had(begun):
    begun.wait(hours=1)
    begun.check_in("Authenticate")

    assert (follow(begun.at_work), begun.commands(LIST)) == (0, [])


@ON_SQLITE
def test_a_refused_question_is_asked_again(begun):
    look(begun, CHECKS[0])
    begun.deliver("dead", error="away")
    look(begun, CHECKS[1])

    assert len(begun.commands(LIST)) == 2


@ON_SQLITE
def test_a_device_that_left_is_not_asked_and_stuck_in_words_that_are_true(begun):
    begun.check_in("CheckOut")
    looked = [follow(begun.at_work) for _ in range(26) if begun.wait(hours=1) is None]
    install = begun.install

    assert (sum(looked), begun.commands(LIST)) == (24, [])
    assert (install["state"], install["next_check_at"]) == ("stuck", None)
    assert install["reason"] == (
        "the device is not enrolled any more; it had accepted the command and not said that the app is there"
    )


@ON_SQLITE
def test_a_device_that_left_and_is_back_without_a_new_enrolment_is_asked_again(begun):
    """So it seems when its server's list of devices was wrong: after a CheckOut it would have enrolled anew."""
    gone = {ENROLMENT: {"enrolled": False, "sender": begun.sender}}
    with unit_of_work(begun.engine, begun.tick()) as uow:
        uow.devices.lock({begun.udid: None})
        uow.devices[begun.udid].learn(gone, Stamp(at=begun.now, rank=1, by="list"))
    begun.wait(minutes=5)
    follow(begun.at_work)
    begun.check_in("TokenUpdate")
    begun.wait(hours=1)
    follow(begun.at_work)

    assert (begun.states(), begun.deliver()) == (["acknowledged"], [LIST])


def nameless(lab):
    """Another device has begun as well, and does not say what."""
    lab.udid, lab.serial = "another", "S2"
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.answer("Acknowledged", State="Queued")


def of_the_nameless(lab):
    (install,) = [row for row in lab.installs() if row["device_id"] == "another"]
    return install


def on_the_minute(lab):
    lab.now = lab.now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return follow(lab.at_work)


def test_a_device_that_does_not_name_the_app_is_asked_for_what_others_call_it(begun):
    nameless(begun)
    install = of_the_nameless(begun)
    begun.wait(seconds=CHECKS[0])
    follow(begun.at_work)
    begun.deliver()
    begun.answer("Acknowledged", to=LIST, ManagedApplicationList={BUNDLE_ID: {"Status": "Managed"}})

    assert (install["state"], install["reason"], install["bundle_id"]) == ("acknowledged", None, BUNDLE_ID)
    assert of_the_nameless(begun)["state"] == "installed"


@pytest.mark.parametrize("after", [timedelta(minutes=2), 2 * PATIENCE])
def test_whoever_names_an_app_first_every_device_is_asked_for_it(lab, after):
    first = (lab.udid, lab.serial)
    nameless(lab)
    before = (of_the_nameless(lab)["state"], on_the_minute(lab))
    lab.now += after
    lab.udid, lab.serial = first
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.acknowledge()
    on_the_minute(lab)
    lab.deliver()
    asked_of = {row["device_id"] for row in lab.commands(LIST)}
    taken_up = of_the_nameless(lab)
    lab.udid = "another"
    (question,) = [row for row in lab.commands(LIST) if row["device_id"] == "another"]
    apps = {BUNDLE_ID: {"Status": "Managed"}}
    lab.reply("Acknowledged", question["command_uuid"], ManagedApplicationList=apps)

    assert before == ("stuck", 0)
    assert asked_of == {first[0], "another"}
    assert (taken_up["state"], taken_up["bundle_id"], taken_up["reason"]) == ("acknowledged", BUNDLE_ID, None)
    assert of_the_nameless(lab)["state"] == "installed"


@ON_SQLITE
@pytest.mark.parametrize("left", [False, True])
def test_what_was_named_late_is_stuck_once_it_was_asked_for_and_its_time_is_over(begun, left):
    begun.forget()
    nameless(begun)
    if left:
        begun.check_in("CheckOut")
    begun.now += 2 * PATIENCE
    begun.udid, begun.serial = "third", "S3"
    begun.enrol()
    begun.license("S3")
    begun.deliver()
    begun.acknowledge()
    counts = [on_the_minute(begun) > 0 for _ in range(2)]

    questions = [row for row in begun.commands(LIST) if row["device_id"] == "another"]
    assert (of_the_nameless(begun)["state"], len(questions), counts) == ("stuck", 0 if left else 1, [True, True])
