"""Enrolments and the installs they want: each enrolment gets its apps once, whatever is heard late."""

from datetime import timedelta
from itertools import permutations

import pytest

from domain.clock import rfc3339
from tasks.following import follow
from tests.deliveries import APP, BUNDLE_ID, NOON, SECOND, check_in
from tests.tasks.lab import INSTALL, LIST

VOID = "the device was enrolled anew before it answered"
HOUR = timedelta(hours=1)


def wiped(lab, order):
    """The device is wiped and enrols anew, and what it says is heard in this order; when it began to enrol."""
    lab.wait(hours=1)
    bodies = {
        "Authenticate": check_in("Authenticate", at=lab.now, udid=lab.udid, SerialNumber=lab.serial),
        "TokenUpdate": check_in("TokenUpdate", at=lab.now + SECOND, udid=lab.udid, Token=b"t", PushMagic="m"),
    }
    began = lab.now
    lab.now += 2 * SECOND
    for what in order:
        lab.hear(lab.said(bodies[what]))
    return began


@pytest.mark.parametrize("order", list(permutations(("Authenticate", "TokenUpdate"))))
@pytest.mark.parametrize("settled", [True, False])
def test_a_device_wiped_before_it_answered_gets_its_apps_again_once(lab, order, settled):
    lab.enrol()
    lab.license(adam_ids=(APP, "2"))
    leaving = lab.claim()
    if settled:
        lab.settle(leaving)

    began = wiped(lab, order)
    lab.settle(leaving)
    went = lab.deliver()
    assert sorted((row["state"], row["error"]) for row in lab.commands() if row["error"]) == [("void", VOID)] * 2
    for command in lab.commands():
        lab.reply("Acknowledged", command["command_uuid"], Identifier=BUNDLE_ID)

    assert went == [INSTALL, INSTALL]
    assert sorted(lab.command_states()) == ["Acknowledged"] * 4
    assert lab.states() == ["released", "released", "acknowledged", "acknowledged"]
    assert {row["generation"] for row in lab.installs() if row["state"] == "acknowledged"} == {rfc3339(began)}


@pytest.mark.parametrize("order", list(permutations(("Authenticate", "TokenUpdate"))))
def test_what_had_been_installed_is_installed_anew(lab, order):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.acknowledge()
    lab.list_apps(**{BUNDLE_ID: "Managed"})

    wiped(lab, order)

    assert lab.states() == ["installed", "waiting"]
    assert lab.deliver() == [INSTALL]


@pytest.mark.parametrize("order", list(permutations(("Authenticate", "TokenUpdate"))))
@pytest.mark.parametrize(
    "before",
    [
        lambda lab: lab.answer("Error", RejectionReason="NotSupported"),
        lambda lab: lab.answer("Acknowledged"),
        lambda lab: lab.acknowledge(),
    ],
)
def test_what_had_failed_or_was_not_over_begins_anew(lab, order, before):
    lab.enrol()
    lab.license()
    lab.deliver()
    before(lab)

    wiped(lab, order)

    assert lab.states() == ["released", "waiting"]
    assert lab.installs()[0]["reason"] == "the device was enrolled anew"
    assert lab.deliver() == [INSTALL]


def test_a_command_that_could_not_be_sent_is_tried_anew_in_a_new_enrolment(lab):
    lab.enrol()
    lab.license()
    lab.settle(lab.claim(), "dead", error="no such server", happened=False)
    failed = lab.states()

    wiped(lab, ("Authenticate", "TokenUpdate"))

    assert (failed, lab.states()) == (["failed"], ["released", "waiting"])
    assert lab.command_states() == ["void", "pending"]
    assert lab.deliver() == [INSTALL]


def test_a_command_that_did_not_go_out_yet_goes_to_the_new_enrolment(lab):
    lab.enrol()
    lab.license()

    began = wiped(lab, ("Authenticate", "TokenUpdate"))

    assert (lab.states(), lab.command_states()) == (["waiting"], ["pending"])
    assert lab.install["generation"] == rfc3339(began)


def test_a_device_that_moved_to_another_server_gets_its_command_there(lab):
    lab.enrol()
    lab.license()
    lab.sender = "eu"

    wiped(lab, ("Authenticate", "TokenUpdate"))

    assert lab.command_states() == ["void", "pending"]
    assert lab.deliver(destination="mdm:micromdm") == []
    assert lab.deliver(destination="mdm:eu") == [INSTALL]
    assert lab.states() == ["command_sent"]


def test_a_device_that_moved_to_a_server_that_takes_no_commands_waits(lab):
    lab.enrol()
    lab.license()
    lab.sender = "unknown"

    wiped(lab, ("Authenticate", "TokenUpdate"))

    assert (lab.command_states(), lab.install["command_id"]) == (["void"], None)
    assert "sender unknown is" in lab.install["reason"]


def late(lab, at):
    lab.check_in("Authenticate", at=at)


@pytest.mark.parametrize(
    ("story", "state"),
    [
        ([], "waiting"),
        (["deliver"], "command_sent"),
        (["deliver", "acknowledge"], "acknowledged"),
        (["deliver", "acknowledge", "prove"], "installed"),
        (["deliver", "refuse"], "failed"),
    ],
)
def test_an_authenticate_heard_late_finds_its_install_under_way(lab, story, state):
    began = lab.tick()
    lab.check_in("TokenUpdate")
    lab.inform()
    lab.license()
    acts = {
        "deliver": lab.deliver,
        "acknowledge": lab.acknowledge,
        "prove": lambda: lab.list_apps(**{BUNDLE_ID: "Managed"}),
        "refuse": lambda: lab.answer("Error", RejectionReason="NotSupported"),
    }
    for act in story:
        acts[act]()
    before = (lab.install["generation"], len(lab.commands()))

    late(lab, began)

    assert (before, len(lab.commands())) == (("", 1), 1)
    assert (lab.states(), lab.install["generation"]) == ([state], rfc3339(began))


def test_an_authenticate_of_an_enrolment_that_is_over_changes_nothing(lab):
    lab.enrol()
    lab.license()
    lab.deliver()

    late(lab, NOON - HOUR)

    assert (lab.states(), lab.command_states()) == (["command_sent"], ["sent"])


def test_who_checked_out_gets_nothing_and_after_coming_back_everything(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.check_in("CheckOut")
    gone = (lab.states(), lab.command_states())
    lab.wait(hours=1)
    lab.enrol()

    assert gone == (["command_sent"], ["sent"])
    assert lab.states() == ["released", "waiting"]
    assert lab.command_states() == ["void", "pending"]


def test_a_late_check_out_of_the_former_enrolment_ends_nothing(lab):
    lab.enrol()
    gone = lab.tick()
    lab.enrol()
    lab.license()
    lab.check_in("CheckOut", at=gone)

    assert lab.deliver() == [INSTALL]
    lab.acknowledge()
    assert lab.states() == ["acknowledged"]


def test_a_licence_that_went_while_a_device_was_wiped_is_not_used(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.wait(hours=1)
    lab.take_back()

    wiped(lab, ("TokenUpdate", "Authenticate"))

    assert (lab.states(), lab.deliver()) == (["released"], [])


def test_a_question_of_the_former_enrolment_is_void_too(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.acknowledge()
    lab.wait(minutes=1)
    follow(lab.at_work)
    assert lab.deliver() == [LIST]

    wiped(lab, ("Authenticate", "TokenUpdate"))

    assert [row["state"] for row in lab.commands(LIST)] == ["void"]


def test_each_of_many_enrolments_gets_the_app_once(lab):
    lab.license()
    for _ in range(4):
        lab.enrol()
        assert lab.deliver() == [INSTALL]
        lab.check_in("TokenUpdate")
        assert lab.deliver() == []
        lab.wait(hours=1)

    assert lab.states() == ["released"] * 3 + ["command_sent"]
    assert lab.command_states() == ["void"] * 3 + ["sent"]
