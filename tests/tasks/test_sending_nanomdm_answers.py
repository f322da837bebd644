"""What NanoMDM's stranger answers mean for commands, and for those that must not happen twice."""

import pytest

from clients.nanomdm import NanoMDM
from simulators.faults import Down
from simulators.nanomdm_queue import Storage
from state.calls import begin_call
from state.retrying import retry
from tests.clients.far_end import answer, far_end_of
from tests.databases import BOTH_DATABASES, location_of
from tests.tasks.delivering import DEVICES, KEY, NANOMDM, install, order, queued

KV_ONLY = pytest.mark.parametrize("storage", [Storage.KV], indirect=True)

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""


def erase(device_id):
    return order(device_id, "EraseDevice", sender="nanomdm")


@pytest.mark.parametrize("ids", [(), DEVICES[:1]])
def test_a_command_whose_push_failed_is_queued_and_not_sent_again(nano, nanomdm_api, ids):
    nanomdm_api.fail_pushes("no such topic", ids)
    owed = nano.owe(*(install(device) for device in DEVICES))

    nano.deliver(NANOMDM)
    nano.later(100)
    nano.deliver(NANOMDM)

    assert (queued(nanomdm_api, DEVICES), nanomdm_api.count("PUT")) == ([1] * 5, 1)
    assert nano.states() == ["done"] * 5
    assert nano.actions()[owed[0]].error == "queued; its push failed: no such topic"
    assert {row.next_push_at for row in nano.commands().values()} != {None}


def test_without_a_push_certificate_commands_are_queued_all_the_same(nano, nanomdm_api):
    nanomdm_api.has_push_certificate = False
    nano.owe(*(install(device) for device in DEVICES))

    nano.deliver(NANOMDM)

    assert (queued(nanomdm_api, DEVICES), nano.states()) == ([1] * 5, ["done"] * 5)


@KV_ONLY
def test_an_error_of_nobody_in_particular_is_everybodys_and_each_is_tried_again(nano, nanomdm_api):
    nanomdm_api.fail_enqueues(DEVICES[:1])
    nano.owe(*(install(device) for device in DEVICES))

    nano.deliver(NANOMDM)
    assert nano.states() == ["retryable"] * 5
    nanomdm_api.fail_enqueues(())
    nano.settle_all(NANOMDM)

    # The server does not say whose error it was: better twice than never.
    assert queued(nanomdm_api, DEVICES) == [1, 2, 2, 2, 2]
    assert nano.states() == ["done"] * 5


@KV_ONLY
def test_after_such_an_error_nothing_is_sent_again_that_must_not_happen_twice(nano, nanomdm_api):
    nanomdm_api.fail_enqueues(DEVICES[:1])
    nano.owe(*(erase(device) for device in DEVICES))

    nano.settle_all(NANOMDM)

    assert queued(nanomdm_api, DEVICES) == [0, 1, 1, 1, 1]
    assert nano.states(NANOMDM) == ["dead"] * 5
    assert {row.error[:15] for row in nano.actions().values() if row.destination == NANOMDM} == {"outcome unknown"}


@BOTH_DATABASES
@pytest.mark.parametrize("storage", [Storage.POSTGRESQL], indirect=True)
def test_a_device_that_is_refused_by_name_is_the_only_one_that_is_tried_again(nano, nanomdm_api):
    nanomdm_api.fail_enqueues(DEVICES[:1])
    nano.owe(*(erase(device) for device in DEVICES))

    nano.deliver(NANOMDM)
    nanomdm_api.fail_enqueues(())
    nano.settle_all(NANOMDM)

    assert queued(nanomdm_api, DEVICES) == [1] * 5
    assert nano.states() == ["done"] * 5


@pytest.mark.parametrize("hang", [False, True])
def test_a_lost_reply_ends_what_must_not_happen_twice(nano, nanomdm_api, hang):
    nano.connect(mdm={"nanomdm": NanoMDM(nanomdm_api.url, lambda: KEY, deadline=2.0)})
    nanomdm_api.faults.lose_reply(hang=hang)
    ids = nano.owe(erase(DEVICES[0]), erase(DEVICES[1]))

    nano.settle_all(NANOMDM)

    assert (queued(nanomdm_api, DEVICES), nanomdm_api.count("PUT")) == ([1, 1, 0, 0, 0], 1)
    for row in (nano.actions()[i] for i in ids):
        assert (row.state, row.attempts) == ("dead", 1)
        assert row.error.startswith("outcome unknown")


def test_what_was_about_to_go_out_when_its_sender_died_is_not_erased_by_guess(nano, nanomdm_api):
    ids = nano.owe(erase(DEVICES[0]))
    begin_call(nano.engine, ids, nano.now)
    nano.crash(NANOMDM)

    nano.settle_all(NANOMDM)

    assert queued(nanomdm_api, DEVICES) == [0] * 5
    assert nano.actions()[ids[0]].state == "dead"


def test_halves_of_a_call_that_others_repeat_meanwhile_do_no_harm(nano, nanomdm_api):
    ids = nano.owe(*(install(device) for device in DEVICES))
    begin_call(nano.engine, ids, nano.now, command_uuid="SHARED")
    nano.crash(NANOMDM, limit=2)
    nano.crash(NANOMDM, limit=3)

    nano.settle_all(NANOMDM)

    assert (queued(nanomdm_api, DEVICES), nano.states()) == ([1] * 5, ["done"] * 5)


def test_away_before_anything_left_it_is_as_if_nothing_had_been_called(nano, nanomdm_api):
    nanomdm_api.go_down(Down.REFUSING)
    nano.owe(*(erase(device) for device in DEVICES))
    nano.deliver(NANOMDM)
    assert {row.called_at for row in nano.commands().values()} == {None}
    nanomdm_api.come_back()

    nano.settle_all(NANOMDM)

    assert (queued(nanomdm_api, DEVICES), nano.states()) == ([1] * 5, ["done"] * 5)


def test_a_url_that_is_too_long_for_a_proxy_is_cut_in_two(world):
    with far_end_of() as proxy:
        world.connect(mdm={"nanomdm": NanoMDM(proxy.url, lambda: KEY)})
        proxy.steps = [answer(414, b"<html>"), answer(200, {"status": {}, "command_uuid": "C1"})]
        world.owe(*(install(device) for device in DEVICES))

        world.deliver(NANOMDM)

        assert [arrival.path.count(",") + 1 for arrival in proxy.arrivals] == [5, 2, 3]
    assert world.states() == ["done"] * 5


@BOTH_DATABASES
def test_a_command_of_many_that_a_person_retries_is_not_queued_twice(nano, nanomdm_api):
    first, *_ = nano.owe(*(install(device) for device in DEVICES))
    nano.deliver(NANOMDM)
    pushed = len(nanomdm_api.pushed)

    [verdict] = retry(nano.engine, [first], now=nano.now)
    nano.deliver(NANOMDM)

    assert (verdict.refusal, queued(nanomdm_api, DEVICES)) == (None, [1] * 5)
    assert (nano.states(), nanomdm_api.pushed[pushed:]) == (["done"] * 5, [DEVICES[0]])


def test_no_call_is_begun_when_the_claim_is_about_to_run_out(nano, nanomdm_api):
    nano.owe(*(install(device) for device in DEVICES))
    slow_clock(nano, nanomdm_api, seconds=200)
    nanomdm_api.faults.error_before_storing()

    nano.deliver(NANOMDM)

    assert nanomdm_api.count("PUT") == 1
    assert set(nano.states()) == {"pending"}
    assert {row.attempts for row in nano.actions().values()} == {0}


def slow_clock(world, server, *, seconds):
    """The server's answer takes so long."""
    fail = server.failure

    def failure():
        world.later(seconds)
        return fail()

    server.failure = failure
