"""Commands that MicroMDM took, with a 201, and then did not have: found out when their devices are pushed again."""

from datetime import timedelta

import pytest

from simulators.faults import Down
from state.resending import TIMES
from state.retrying import retry
from tasks.actions.push import SILENCE
from tasks.healing import push_again
from tests.databases import BOTH_DATABASES, location_of
from tests.deliveries import UDID
from tests.tasks.delivering import MICROMDM, install, order
from tests.tasks.resending import posts, send

FORTY_DAYS = 40 * 24
"""In hours."""

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""


def looks(api):
    return api.count("GET", "/v1/commands")


@BOTH_DATABASES
def test_a_command_that_was_lost_after_its_201_is_sent_again_under_the_same_uuid(micro, api, beat, device_says):
    api.forget_after_reply()
    identifier = send(micro, install(UDID, sender="micromdm")).id
    assert api.queue(UDID) == []

    beat()

    row = micro.commands()[identifier]
    assert [queued.command_uuid for queued in api.queue(UDID)] == [row.command_uuid]
    assert (posts(api), row.state) == ([row.command_uuid] * 2, "sent")
    action = micro.actions()[identifier]
    assert (action.state, action.error) == ("done", "sent again: its server did not have it any more")
    device_says("Acknowledged")
    device_says("Acknowledged")
    assert micro.commands()[identifier].state == "Acknowledged"


def test_what_waits_or_was_handed_out_is_never_sent_again(micro, api, beat):
    send(micro, install(UDID, sender="micromdm"))
    beat()
    api._lines[UDID].next("Idle", "")

    beat(FORTY_DAYS, steps=12)

    assert (len(posts(api)), len(api.queue(UDID))) == (1, 1)
    assert looks(api) > 1


def test_its_server_is_not_asked_before_a_device_had_time_to_answer(micro, api, house):
    send(micro, install(UDID, sender="micromdm"))
    micro.later(SILENCE.total_seconds() - 1)

    assert push_again(house) == 1
    micro.deliver(MICROMDM)

    assert (looks(api), api.pushed[-1]) == (0, UDID)


@pytest.mark.parametrize("status", ["Acknowledged", "NotNow"])
def test_an_answer_that_was_on_its_way_to_us_is_waited_for(micro, api, house, device_says, status):
    identifier = send(micro, install(UDID, sender="micromdm")).id
    micro.later(4000)
    api._lines[UDID].next(status, micro.commands()[identifier].command_uuid)
    push_again(house)
    micro.deliver(MICROMDM)
    micro.deliver(MICROMDM)
    waiting = micro.commands()[identifier].state

    device_says(status)
    micro.later(60)
    micro.deliver(MICROMDM)

    assert (waiting, micro.commands()[identifier].state) == ("pending", status)
    assert (len(posts(api)), micro.actions()[identifier].state) == (1, "done")


@pytest.mark.parametrize(
    "action",
    [
        order(UDID, "RestartDevice"),
        order(UDID, "MakeCoffee"),
        order(UDID, "InstallProfile", Payload="cHJvZmlsZQ=="),
    ],
    ids=["restarts", "unknown", "secret"],
)
def test_what_must_not_happen_twice_or_lost_its_secrets_is_not_sent_again(micro, api, beat, action):
    api.forget_after_reply()
    identifier = send(micro, action).id

    beat()

    assert (len(posts(api)), micro.commands()[identifier].state) == (1, "sent")
    [verdict] = retry(micro.engine, [identifier], now=micro.now)
    assert "order it anew" in verdict.refusal


def test_a_server_that_loses_everything_gets_it_a_few_times(micro, api, beat):
    api.forget_after_reply(1000)
    send(micro, install(UDID, sender="micromdm"))

    beat(FORTY_DAYS, steps=12)

    assert len(posts(api)) == TIMES


@pytest.mark.parametrize("down", [False, True])
def test_a_queue_that_cannot_be_read_is_read_another_time(micro, api, beat, down):
    api.forget_after_reply()
    send(micro, install(UDID, sender="micromdm"))
    if down:
        api.go_down(Down.REFUSING)
    else:
        give, api.answer = api.answer, lambda request: api.failure() if request.method == "GET" else give(request)
    beat()
    assert len(posts(api)) == 1
    if down:
        api.come_back()
    else:
        assert UDID in api.pushed
        api.answer = give

    beat(24, steps=2)

    assert (len(posts(api)), len(api.queue(UDID))) == (2, 1)


def test_a_person_may_have_it_sent_again_at_once_and_it_is_looked_for_first(micro, api):
    identifier = send(micro, install(UDID, sender="micromdm")).id
    notes = []
    for _ in range(2):
        micro.later(timedelta(minutes=5).total_seconds())
        [verdict] = retry(micro.engine, [identifier], now=micro.now)
        assert verdict.refusal is None
        micro.deliver(MICROMDM)
        notes.append(micro.actions()[identifier].error)
        api._lines.clear()

    assert notes == ["not sent again: found in the device's queue", "sent again: its server did not have it any more"]
    assert (len(set(posts(api))), micro.commands()[identifier].state) == (1, "sent")
