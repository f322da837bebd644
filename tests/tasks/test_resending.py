"""Commands that are sent again by themselves must not turn back what was ordered later, nor follow their own answer."""

import pytest

from simulators.http_server import Answer
from state.ordering import give_up
from state.retrying import retry, verdict_of
from tasks.healing import push_again
from tasks.process import process
from tests.databases import BOTH_DATABASES, location_of
from tests.deliveries import SERIAL, UDID
from tests.owed import assigned, enrol
from tests.tasks.delivering import HOUR, MICROMDM, install, order
from tests.tasks.resending import carry_out, posts, send

REMOVE_PROFILE = order(UDID, "RemoveProfile", Identifier="org.wifi")
INSTALL_PROFILE = order(UDID, "InstallProfile", Payload="cHJvZmlsZQ==")

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""


@BOTH_DATABASES
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (REMOVE_PROFILE, INSTALL_PROFILE),
        (
            order(UDID, "Settings", Settings=[{"Item": "DeviceName", "DeviceName": "old"}]),
            order(UDID, "Settings", Settings=[{"Item": "DeviceName", "DeviceName": "new"}]),
        ),
        (order(UDID, "RemoveApplication", Identifier="com.app"), install(UDID, sender="micromdm")),
    ],
    ids=["profile", "setting", "app"],
)
def test_a_command_whose_answer_was_lost_does_not_turn_a_later_one_back(micro, api, device_says, beat, first, second):
    earlier = send(micro, first)
    carry_out(api, earlier)
    micro.later(300)
    later = send(micro, second)
    carry_out(api, later)
    device_says("Acknowledged", later)

    beat(6)

    assert posts(api) == [earlier.command_uuid, later.command_uuid]
    assert micro.actions()[earlier.id].state == "done"


def test_a_person_is_told_what_would_be_turned_back_and_may_want_it_all_the_same(micro, api, device_says):
    earlier = send(micro, REMOVE_PROFILE)
    carry_out(api, earlier)
    micro.later(300)
    later = send(micro, INSTALL_PROFILE)
    carry_out(api, later)
    device_says("Acknowledged", later)
    micro.later(HOUR)

    told = verdict_of(micro.engine, earlier.id, now=micro.now)
    [verdict] = retry(micro.engine, [earlier.id], now=micro.now)
    micro.deliver(MICROMDM)

    assert told == verdict
    assert "its device was ordered InstallProfile since, which RemoveProfile may turn back" in verdict.note
    assert posts(api) == [earlier.command_uuid, later.command_uuid, earlier.command_uuid]


def test_what_is_ordered_while_a_lost_command_is_about_to_go_again_comes_last(micro, api, house):
    earlier = send(micro, REMOVE_PROFILE)
    carry_out(api, earlier)
    micro.later(2 * HOUR)
    push_again(house)
    micro.deliver(MICROMDM)
    assert micro.commands()[earlier.id].state == "pending"
    later = send(micro, INSTALL_PROFILE)

    micro.later(60)
    micro.deliver(MICROMDM)

    action = micro.actions()[earlier.id]
    assert posts(api) == [earlier.command_uuid, later.command_uuid]
    assert (action.state, action.error[:14]) == ("done", "not sent again")
    assert micro.commands()[earlier.id].state == "sent"


def test_questions_are_asked_again_whatever_was_ordered_since_and_are_no_orders_themselves(micro, api, beat):
    api.forget_after_reply(2)
    lost = [send(micro, order(UDID, "ProfileList")), send(micro, REMOVE_PROFILE)]
    send(micro, order(UDID, "SecurityInfo"))

    beat(4)

    assert [posts(api).count(row.command_uuid) for row in lost] == [2, 2]


def test_an_order_that_never_went_out_holds_nothing_back(micro, api, beat):
    api.forget_after_reply()
    lost = send(micro, REMOVE_PROFILE)
    micro.later(300)
    give_up(micro.engine, micro.owe(INSTALL_PROFILE), reason="cleared", now=micro.now)

    beat(4)

    assert posts(api) == [lost.command_uuid] * 2


@BOTH_DATABASES
def test_an_install_gets_its_lost_command_whatever_was_ordered_since(micro, api, house, beat):
    api.forget_after_reply()
    enrol(house, serial_number=SERIAL, at=micro.now)
    process([assigned(SERIAL, at=micro.now)], house)
    micro.deliver(MICROMDM)
    [row] = [row for row in micro.commands().values() if row.request_type == "InstallApplication"]
    send(micro, INSTALL_PROFILE)

    beat(4)

    assert posts(api).count(row.command_uuid) == 2


def test_after_the_reply_to_a_resend_was_lost_the_answer_may_be_on_its_way_again(micro, api, house):
    micro.jitter = lambda: 0.9
    row = send(micro, install(UDID, sender="micromdm"))
    carry_out(api, row)
    micro.later(2 * HOUR)
    push_again(house)
    micro.deliver(MICROMDM)
    give = api.answer

    def lose_what_follows_a_look(request):
        if request.method == "GET":
            api.faults.lose_reply()
        return give(request)

    api.answer = lose_what_follows_a_look
    micro.later(60)
    micro.deliver(MICROMDM)
    api.answer = give
    sent = len(posts(api))
    carry_out(api, row)
    micro.later(54)
    micro.deliver(MICROMDM)

    assert (sent, len(posts(api))) == (2, 2)
    assert (micro.actions()[row.id].state, micro.commands()[row.id].state) == ("retryable", "pending")


@pytest.mark.parametrize(
    "refusal",
    [(403, b"no"), (405, b"no"), (500, b'{"error": "no"}'), (200, b" " * 2**25)],
    ids=["forbidden", "method", "broken", "too long"],
)
def test_a_queue_that_nobody_may_read_keeps_no_push_from_its_device(micro, api, house, refusal):
    row = send(micro, install(UDID, sender="micromdm"))
    give = api.answer
    status, body = refusal
    api.answer = lambda request: Answer(status=status, body=body) if request.method == "GET" else give(request)
    before = len(api.pushed)
    for _ in range(3):
        micro.later(6 * HOUR)
        push_again(house)
        micro.deliver(MICROMDM)

    assert len(api.pushed) - before == 3
    pushes = [action for action in micro.actions().values() if action.kind == "push"]
    assert {action.state for action in pushes} == {"done"}
    assert all("its queue cannot be read" in action.error for action in pushes)
    assert micro.commands()[row.id].state == "sent"
