"""What another try makes of installs, at once; and of commands at a server that takes no UUID twice."""

from dataclasses import replace

import pytest

from state.schema import actions
from tasks.following import follow
from tasks.retrying import UNCERTAIN, retry, verdict_of
from tasks.setup import Policy
from tests.databases import BOTH_DATABASES, location_of
from tests.deliveries import BUNDLE_ID
from tests.tasks.delivering import DEVICES, NANOMDM, SETUP, install, queued
from tests.tasks.lab import rows
from tests.tasks.test_failing import fail

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both."""


def retry_last(lab):
    """The verdict on another try of the last command."""
    [verdict] = retry(lab.engine, lab.setup, [lab.commands()[-1]["id"]], now=lab.now)
    return verdict


def stick(lab, sender):
    """The server has the command, and the device's answer, if there was one, never came."""
    lab.sender = sender
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.wait(hours=25)
    follow(lab.at_work)
    assert lab.states() == ["stuck"]


@BOTH_DATABASES
def test_a_failed_install_gets_its_new_command_at_once(lab):
    fail(lab, "refused")

    verdict = retry_last(lab)

    assert (verdict.refusal, verdict.anew, verdict.destination) == (None, True, "mdm:micromdm")
    assert (lab.states(), lab.command_states(), lab.heal()) == (["waiting"], ["Error", "pending"], 0)


def test_the_new_command_goes_where_the_device_is_enrolled_by_now(lab):
    fail(lab, "refused")
    lab.sender = "eu"
    lab.check_in("TokenUpdate")

    verdict = retry_last(lab)

    assert verdict.destination == "mdm:eu"
    assert [action["destination"] for action in rows(lab.engine, actions)] == ["mdm:micromdm", "mdm:eu"]


def test_an_install_that_its_policy_forbids_is_released_and_the_retry_refused(lab):
    fail(lab, "refused")
    lab.setup = replace(lab.setup, policies=(Policy(install=False),))

    verdict = retry_last(lab)

    reason = "it is licensed only, by policy: install = false"
    assert verdict.refusal == f"its install is released: {reason}"
    [row] = lab.installs()
    assert (row["state"], row["reason"], lab.command_states()) == ("released", reason, ["Error"])


def test_an_install_whose_device_has_left_waits_and_says_so(lab):
    fail(lab, "refused")
    lab.check_in("CheckOut")

    verdict = retry_last(lab)

    assert (verdict.refusal, verdict.note) == (None, "its install waits: the device is not enrolled")
    assert (lab.states(), lab.install["reason"]) == (["waiting"], "the device is not enrolled")


def test_an_install_whose_licence_is_uncertain_waits_and_says_so_until_apple_decides(lab):
    fail(lab, "refused")
    lab.take_back()
    lab.license()
    assert lab.states() == ["failed"]

    verdict = retry_last(lab)
    waiting = lab.install["reason"]
    lab.wait(minutes=20)
    lab.license(event_id="later")

    assert (verdict.refusal, verdict.note, waiting) == (None, f"its install waits: {UNCERTAIN}", UNCERTAIN)
    assert (lab.states(), lab.install["reason"], lab.command_states()) == (["waiting"], None, ["Error", "pending"])


@BOTH_DATABASES
def test_what_is_stuck_at_a_server_that_takes_no_uuid_twice_is_tried_again_by_a_new_command(lab):
    stick(lab, "nanomdm")
    old = lab.commands()[0]
    told = verdict_of(lab.engine, lab.setup, old["id"], now=lab.now)

    verdict = retry_last(lab)
    owed = lab.command_states()
    lab.reply("Acknowledged", old["command_uuid"])
    heard = lab.states()
    lab.deliver()
    lab.acknowledge()
    lab.list_apps(**{BUNDLE_ID: "Managed"})

    assert (told.anew, verdict.anew, verdict.refusal) == (True, True, None)
    assert (sorted(owed), heard) == (["pending", "void"], ["waiting"])
    assert (lab.states(), len(lab.commands())) == (["installed"], 2)


def test_what_is_stuck_at_a_micromdm_is_sent_again_under_its_own_uuid(lab):
    stick(lab, "micromdm")

    verdict = retry_last(lab)

    assert (verdict.anew, verdict.refusal) == (False, None)
    assert "under the same UUID, unless it still waits at its server" in verdict.note
    assert (lab.states(), lab.command_states()) == (["stuck"], ["pending"])


def test_a_retry_at_a_server_that_takes_no_uuid_twice_says_that_it_only_pushes(nano, nanomdm_api):
    device = DEVICES[0]
    [identifier] = nano.owe(install(device))
    nano.deliver(NANOMDM)
    nanomdm_api._queues.next(device, "Idle", "")
    nanomdm_api._queues.next(device, "Acknowledged", nano.commands()[identifier].command_uuid)
    nano.later(30 * 3600)
    pushed = len(nanomdm_api.pushed)

    [verdict] = retry(nano.engine, SETUP, [identifier], now=nano.now)
    nano.deliver(NANOMDM)

    action = nano.actions()[identifier]
    assert "takes no command twice" in verdict.note
    assert (action.state, nano.commands()[identifier].state) == ("done", "sent")
    assert "takes no UUID twice" in action.error
    assert (queued(nanomdm_api, [device]), len(nanomdm_api.pushed) - pushed) == ([0], 1)


def test_what_such_a_server_has_lost_is_queued_by_a_retry(nano, nanomdm_api):
    device = DEVICES[0]
    [identifier] = nano.owe(install(device))
    nano.deliver(NANOMDM)
    nanomdm_api._queues._uuids.clear()  # an older copy of its database was put back
    nanomdm_api._queues._lines.clear()

    retry(nano.engine, SETUP, [identifier], now=nano.now)
    nano.deliver(NANOMDM)

    assert (queued(nanomdm_api, [device]), nano.actions()[identifier].error) == ([1], None)
