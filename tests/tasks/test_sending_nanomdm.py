"""Commands to many devices through NanoMDM: whatever happens on the way, each device gets each once."""

from itertools import count

import pytest

from clients.nanomdm import MOST_IDS, NanoMDM
from simulators.faults import Down
from simulators.nanomdm_queue import Storage
from state.calls import begin_call
from state.commands import void_commands
from state.engine import write_transaction
from tests.databases import BOTH_DATABASES, location_of
from tests.tasks.delivering import DEVICES, KEY, NANOMDM, STRANGER, enrol, install, order, queued

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""


def puts(server):
    return server.count("PUT")


@BOTH_DATABASES
def test_commands_that_say_the_same_go_out_in_one_call_and_each_device_has_its_own_row(nano, nanomdm_api):
    nano.owe(*(install(device) for device in DEVICES))

    assert nano.deliver(NANOMDM) == "idle"

    assert (queued(nanomdm_api, DEVICES), puts(nanomdm_api)) == ([1] * 5, 1)
    assert nano.states() == ["done"] * 5
    rows = nano.commands().values()
    assert {row.state for row in rows} == {"sent"}
    assert len({row.command_uuid for row in rows}) == 1
    assert sorted(row.device_id for row in rows) == list(DEVICES)
    assert nano.pauses == [1.0]


def test_what_says_something_else_goes_out_by_itself(nano, nanomdm_api):
    nano.owe(install(DEVICES[0]), install(DEVICES[1], adam_id="1"), order(DEVICES[2], "ProfileList", sender="nanomdm"))

    nano.deliver(NANOMDM)

    assert (queued(nanomdm_api, DEVICES), puts(nanomdm_api)) == ([1, 1, 1, 0, 0], 3)


def test_a_call_has_a_bounded_number_of_devices(nano, nanomdm_api):
    devices = [f"A1B2C3D4-0000-5000-8001-{n:012}" for n in range(2 * MOST_IDS + 1)]
    enrol(nanomdm_api, *devices)
    nano.owe(*(install(device) for device in devices))

    nano.deliver(NANOMDM)

    assert (queued(nanomdm_api, devices), puts(nanomdm_api)) == ([1] * len(devices), 3)
    assert sorted(len(call.ids) for call in nanomdm_api.calls) == [1, MOST_IDS, MOST_IDS]


def test_a_device_that_is_to_get_the_same_twice_gets_it_twice(nano, nanomdm_api):
    nano.owe(install(DEVICES[0]), install(DEVICES[1]), install(DEVICES[0]), install(DEVICES[1]), install(DEVICES[0]))

    nano.deliver(NANOMDM)

    assert (queued(nanomdm_api, DEVICES), puts(nanomdm_api)) == ([3, 2, 0, 0, 0], 3)
    assert nano.states() == ["done"] * 5


@BOTH_DATABASES
def test_after_a_lost_reply_the_identical_call_is_repeated(nano, nanomdm_api):
    nano.owe(*(install(device) for device in DEVICES))
    nanomdm_api.faults.lose_reply()
    nano.deliver(NANOMDM)
    assert nano.states() == ["retryable"] * 5
    pushed = len(nanomdm_api.pushed)

    nano.settle_all(NANOMDM)

    assert (queued(nanomdm_api, DEVICES), puts(nanomdm_api)) == ([1] * 5, 2)
    assert len({call.command_uuid for call in nanomdm_api.calls if call.method == "PUT"}) == 1
    assert nano.states() == ["done"] * 5
    assert len(nanomdm_api.pushed) == pushed + 5  # the server pushes only what is new to it


@pytest.mark.parametrize("trouble", ["away", "other key", "own error", "push", "push away"])
def test_trouble_while_the_call_is_repeated_does_not_make_it_another_call(nano, nanomdm_api, trouble):
    nano.owe(*(install(device) for device in DEVICES))
    nanomdm_api.faults.lose_reply()
    nano.deliver(NANOMDM)
    key = ["wrong" if trouble == "other key" else KEY]
    nano.connect(mdm={"nanomdm": NanoMDM(nanomdm_api.url, lambda: key[0], deadline=5.0)})
    if trouble == "away":
        nanomdm_api.go_down(Down.REFUSING)
    elif trouble == "own error":
        nanomdm_api.faults.error_before_storing()
    elif trouble == "push":
        nanomdm_api.fail_pushes()
    elif trouble == "push away":
        nanomdm_api.faults.lose_reply(path="/push/")
    nano.later(100)
    nano.deliver(NANOMDM)
    key[0] = KEY
    nanomdm_api.come_back()

    nano.settle_all(NANOMDM)

    assert queued(nanomdm_api, DEVICES) == [1] * 5
    assert nano.states() == ["done"] * 5


@BOTH_DATABASES
def test_commands_of_a_failed_call_that_are_tried_again_one_by_one_go_out_under_uuids_of_their_own(nano, nanomdm_api):
    nano.owe(*(install(device) for device in DEVICES))
    nanomdm_api.go_down(Down.REFUSING)
    stretch = count(1)
    nano.jitter = lambda: next(stretch)
    nano.deliver(NANOMDM)
    nanomdm_api.come_back()

    for _ in DEVICES:
        nano.later(5)
        nano.deliver(NANOMDM)

    assert (queued(nanomdm_api, DEVICES), puts(nanomdm_api)) == ([1] * 5, 5)
    assert nano.states() == ["done"] * 5


def test_two_commands_whose_call_is_taken_apart_do_not_share_a_uuid(nano, nanomdm_api):
    nano.owe(install(DEVICES[0]), install(DEVICES[1]))
    nanomdm_api.faults.error_before_storing()

    nano.settle_all(NANOMDM)

    assert queued(nanomdm_api, DEVICES) == [1, 1, 0, 0, 0]
    assert nano.states() == ["done"] * 2


@pytest.mark.parametrize("storage", [Storage.POSTGRESQL, Storage.MYSQL], indirect=True)
@pytest.mark.parametrize("place", [0, 3])
def test_one_device_that_the_server_does_not_know_spoils_it_only_for_itself(nano, nanomdm_api, place):
    devices = [*DEVICES[:place], STRANGER, *DEVICES[place:]]
    ids = nano.owe(*(install(device) for device in devices))

    nano.deliver(NANOMDM)

    assert queued(nanomdm_api, DEVICES) == [1] * 5
    assert nano.actions()[ids[place]].state == "retryable"
    for _ in range(9):
        nano.later(40_000)
        nano.deliver(NANOMDM)
    assert queued(nanomdm_api, DEVICES) == [1] * 5
    dead = nano.actions()[ids[place]]
    assert (dead.state, dead.attempts) == ("dead", 8)
    assert "foreign key" in dead.error


@pytest.mark.parametrize("storage", [Storage.POSTGRESQL], indirect=True)
def test_devices_that_the_server_knows_do_not_wait_for_half_a_call_of_strangers(nano, nanomdm_api):
    devices = [f"A1B2C3D4-0000-5000-8001-{n:012}" for n in range(MOST_IDS)]
    enrol(nanomdm_api, *devices[::2])
    nano.owe(*(install(device) for device in devices))

    nano.deliver(NANOMDM)

    assert queued(nanomdm_api, devices) == [1, 0] * 50
    assert sorted(nano.states()) == ["done"] * 50 + ["retryable"] * 50


@BOTH_DATABASES
@pytest.mark.parametrize("storage", [Storage.POSTGRESQL], indirect=True)
def test_a_stranger_in_a_call_whose_reply_was_lost_is_found_all_the_same(nano, nanomdm_api):
    nano.owe(*(install(device) for device in [*DEVICES, STRANGER]))
    nanomdm_api.faults.lose_reply()

    nano.settle_all(NANOMDM, rounds=4)

    assert queued(nanomdm_api, DEVICES) == [1] * 5
    assert sorted(nano.states()) == ["done"] * 5 + ["retryable"]


def test_a_command_that_nobody_needs_any_more_is_not_sent_when_its_call_is_repeated(nano, nanomdm_api):
    ids = nano.owe(*(install(device) for device in DEVICES))
    begin_call(nano.engine, ids, nano.now, command_uuid="SHARED")
    nano.crash(NANOMDM)
    void(nano, ids[0])

    nano.settle_all(NANOMDM)

    assert queued(nanomdm_api, DEVICES) == [0, 1, 1, 1, 1]
    assert nano.states() == ["done"] * 5


def void(world, identifier):
    with write_transaction(world.engine) as connection:
        void_commands(connection, {identifier: "it enrolled anew"})
