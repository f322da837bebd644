"""A new enrolment inherits nothing of what its device was asked before: neither pauses nor tries."""

from datetime import timedelta

import pytest

from domain.clock import rfc3339
from state.retrying import retry
from tasks.handlers.answers import RETRIES
from tests.databases import ON_SQLITE
from tests.tasks.lab import INSTALL, NO_LICENSE


def refuse(lab, times):
    """Its licence is not there yet; the last of the commands that follow is not due."""
    for pause in RETRIES[: times - 1]:
        lab.answer("Error", ErrorChain=NO_LICENSE)
        lab.wait(seconds=pause)
        assert lab.deliver() == [INSTALL]
    lab.answer("Error", ErrorChain=NO_LICENSE)


@ON_SQLITE
@pytest.mark.parametrize("times", [1, len(RETRIES)])
@pytest.mark.parametrize("licence", [True, False])
def test_an_app_that_waited_for_its_licence_is_sent_at_once_and_has_all_its_tries(asked, times, licence):
    refuse(asked, times)
    waited = asked.install
    asked.enrol()
    if licence:
        asked.license()
    went = asked.deliver()
    fresh = asked.install
    refuse(asked, len(RETRIES))

    assert (waited["state"], waited["checks"]) == ("waiting", times)
    assert went == [INSTALL]
    assert (fresh["state"], fresh["checks"], fresh["tries"], fresh["reason"]) == ("command_sent", 0, 1, None)
    assert asked.states() == ["released", "waiting"]
    assert asked.command_states()[times] == "void"


def test_an_app_whose_command_could_not_be_sent_is_sent_at_once(lab):
    lab.enrol()
    lab.license()
    for _ in range(3):
        later = lab.now + timedelta(hours=10)
        lab.deliver("retryable", error="micromdm answered 500", at=later, happened=False)
    paused = lab.deliver()
    lab.enrol()

    assert (paused, lab.states(), lab.command_states()) == ([], ["released", "waiting"], ["void", "pending"])
    assert lab.deliver() == [INSTALL]
    lab.wait(hours=11)
    assert lab.deliver() == []


@ON_SQLITE
@pytest.mark.parametrize("given_back", [False, True])
def test_what_nobody_tried_to_send_goes_to_the_new_enrolment(lab, given_back):
    lab.enrol()
    lab.license()
    if given_back:
        lab.deliver("dead", error="away", happened=False)
        retry(lab.engine, [lab.commands()[0]["id"]], now=lab.now)
    lab.enrol()

    assert (lab.states(), lab.command_states()) == (["waiting"], ["pending"])
    assert lab.deliver() == [INSTALL]


@ON_SQLITE
def test_an_authenticate_heard_late_leaves_an_app_that_waits_for_its_licence_to_its_schedule(lab):
    began = lab.tick()
    lab.check_in("TokenUpdate")
    lab.inform()
    lab.license()
    lab.deliver()
    refuse(lab, 2)
    lab.check_in("Authenticate", at=began)

    assert (lab.states(), lab.install["generation"], lab.install["checks"]) == (["waiting"], rfc3339(began), 2)
    assert (lab.command_states(), lab.deliver()) == (["Error", "Error", "pending"], [])
    lab.wait(seconds=RETRIES[1])
    assert lab.deliver() == [INSTALL]
