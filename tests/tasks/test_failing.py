"""Installs that failed, and the ways back: a new licence, a person's word, or an app that is there all the same."""

from datetime import timedelta

import pytest

from state.ordering import give_up
from state.retrying import retry, verdict_of
from tests.databases import ON_SQLITE
from tests.deliveries import BUNDLE_ID, LOCATION, OTHER_LOCATION, again
from tests.tasks.lab import REFUSED


def fail(lab, how):
    """An install that has failed, in one of all ways."""
    lab.enrol()
    lab.license(event_id="first")
    if how == "given up":
        lab.deliver("dead", error="micromdm answered 401")
        return
    lab.deliver()
    if how == "refused":
        lab.answer("Error", ErrorChain=REFUSED)
    elif how == "cleared":
        give_up(lab.engine, [lab.commands()[0]["id"]], reason="cleared", now=lab.now)
    else:
        lab.acknowledge()
        lab.list_apps(**{BUNDLE_ID: "UserRejected"})


@ON_SQLITE
@pytest.mark.parametrize(
    ("how", "end"), [("refused", "Error"), ("given up", "void"), ("cleared", "void"), ("rejected", "Acknowledged")]
)
def test_what_failed_is_tried_again_under_a_new_licence_and_under_that_once(lab, how, end):
    fail(lab, how)
    failed = lab.states()
    lab.inform()
    left = lab.command_states()
    licence = lab.license(event_id="second")
    owed = (lab.states(), lab.command_states(), lab.install["licensed_by"], lab.install["reason"])
    lab.deliver()
    lab.answer("Error", ErrorChain=REFUSED)
    lab.hear(again(licence))
    lab.license(event_id="second")
    lab.inform()

    assert (failed, len(left)) == (["failed"], 1)
    assert owed == (["waiting"], [end, "pending"], "second", None)
    assert (lab.states(), lab.command_states()) == (["failed"], [end, "Error"])


def test_a_licence_that_came_before_the_failure_tries_nothing_again(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.license()
    lab.answer("Error", ErrorChain=REFUSED)
    lab.inform()

    assert (lab.states(), lab.command_states(), lab.heal()) == (["failed"], ["Error"], 0)


def test_a_licence_that_came_after_the_failure_counts_also_when_it_is_heard_before(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    refused_at = lab.tick()
    lab.license()
    lab.answer("Error", at=refused_at, ErrorChain=REFUSED)

    assert (lab.states(), lab.command_states()) == (["waiting"], ["Error", "pending"])


def test_a_server_whose_clock_is_slow_does_not_make_every_licence_a_new_one(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.answer("Error", at=lab.now - timedelta(hours=1), ErrorChain=REFUSED)
    lab.inform()

    assert (lab.states(), lab.command_states()) == (["failed"], ["Error"])


@ON_SQLITE
def test_of_two_locations_either_tries_again_what_failed(lab):
    for u_id in (LOCATION, OTHER_LOCATION):
        lab.forget()
        fail(lab, "refused")
        lab.license(u_id=u_id)

        assert (lab.states(), lab.command_states()) == (["waiting"], ["Error", "pending"])


@ON_SQLITE
@pytest.mark.parametrize(("how", "end"), [("refused", "Error"), ("cleared", "void"), ("rejected", "Acknowledged")])
def test_a_person_has_what_failed_tried_again_by_a_new_command(lab, how, end):
    fail(lab, how)
    (first,) = lab.commands()
    told = verdict_of(lab.engine, first["id"], now=lab.now)
    (verdict,) = retry(lab.engine, [first["id"]], now=lab.now)
    (repeated,) = retry(lab.engine, [first["id"]], now=lab.now)
    waiting = lab.install
    owed = [lab.heal(), lab.heal()]
    lab.deliver()
    lab.acknowledge()
    lab.list_apps(**{BUNDLE_ID: "Managed"})

    assert told == verdict
    assert (verdict.refusal, verdict.anew) == (None, True)
    assert repeated.refusal is not None
    assert (waiting["state"], waiting["reason"], waiting["command_id"]) == ("waiting", None, None)
    assert owed == [1, 0]
    assert (lab.states(), lab.command_states()) == (["installed"], [end, "Acknowledged"])


def test_what_gave_up_is_tried_again_by_the_same_command(lab):
    fail(lab, "given up")
    (verdict,) = retry(lab.engine, [lab.commands()[0]["id"]], now=lab.now)

    assert (verdict.refusal, verdict.anew, lab.heal()) == (None, False, 0)
    assert (lab.states(), lab.command_states()) == (["waiting"], ["pending"])


def test_what_is_installed_is_not_tried_again(lab):
    fail(lab, "rejected")
    lab.list_apps(**{BUNDLE_ID: "Managed"})
    (verdict,) = retry(lab.engine, [lab.commands()[0]["id"]], now=lab.now)

    assert (lab.states(), verdict.anew) == (["installed"], False)
    assert verdict.refusal is not None
