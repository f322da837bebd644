"""Deliveries to destinations: slots, breakers, and actions that misbehave."""

from dataclasses import replace

import pytest

from clients.chat import Chat
from clients.micromdm import MicroMDM
from config.slots import LEASE
from simulators.faults import Down
from simulators.slack import Slack
from state.commands import void_commands
from state.destinations import standing
from tasks.actions.post_chat import PostChat
from tasks.actions.send_mail import SendMail
from tasks.manners import MANNERS
from tasks.owing import Owed
from tests.databases import ON_SQLITE
from tests.tasks.delivering import DEVICES, KEY, MICROMDM, install, order, queued

MAIL = SendMail(notice="device_enrolled", facts={"name": "Pier 4"}, recipients=["a@example.org"])
POST = PostChat(notice="device_enrolled", facts={"name": "Pier 4"})


@pytest.fixture
def api(micro, micromdm_api):
    return micromdm_api


@pytest.fixture
def slack(world):
    with Slack() as server:
        world.connect(chat=Chat(lambda: server.hook_url, deadline=5.0))
        yield server


def broken(world, number=0):
    """An action that no version of ours makes: performing it raises what nobody expects."""
    record = Owed(action=MAIL, key=f"broken:{number}").record(world.now)
    world.add(replace(record, arguments={"nonsense": 1}))
    return record.id


@ON_SQLITE
def test_what_is_due_is_done_and_the_slot_is_free_again(world, mails):
    world.owe(*[MAIL] * 12)

    assert world.deliver("mail") == "idle"

    assert (world.states(), len(mails.mails)) == (["done"] * 12, 12)
    assert world.wakes == ["mail", "mail"]  # for each full hand another one
    assert world.slots.take("mail", 1) is not None


def test_when_enough_others_deliver_it_leaves(world, mails):
    world.owe(MAIL)
    held = [world.slots.take("mail", 2) for _ in range(MANNERS["mail"].slots)]

    assert world.deliver("mail") == "busy"
    assert world.states() == ["pending"]

    held[1].release()
    assert world.deliver("mail") == "idle"
    assert world.states() == ["done"]


def test_the_slot_of_one_that_died_is_free_when_its_lease_runs_out(world, mails, redis_client):
    world.owe(MAIL)
    for _ in range(2):
        world.slots.take("mail", 2)
    [first, _] = sorted(redis_client.keys("windfall:slot:mail:*"))
    assert 0 < redis_client.pttl(first) <= LEASE * 1000
    redis_client.delete(first)  # what time does

    assert world.deliver("mail") == "idle"


@ON_SQLITE
def test_an_action_that_raises_what_nobody_expects_is_found_and_the_others_go_out(world, mails):
    world.owe(*[MAIL] * 2)
    culprit = broken(world)
    world.owe(*[MAIL] * 2)

    world.deliver("mail")

    states = {i: (row.state, row.attempts) for i, row in world.actions().items()}
    assert states.pop(culprit) == ("retryable", 1)
    assert set(states.values()) == {("done", 1)}
    assert len(mails.mails) == 4
    assert world.actions()[culprit].error == "TypeError: see the log of the effects process"
    assert standing(world.engine, "mail").failures == 0


@ON_SQLITE
def test_an_action_that_always_raises_dies_after_its_tries_without_a_notice(world, mails):
    culprit = broken(world)

    for _ in range(9):
        world.deliver("mail")
        world.later(40_000)

    assert {i: (row.state, row.attempts) for i, row in world.actions().items()} == {culprit: ("dead", 8)}


def test_three_failures_open_the_breaker_and_then_no_attempt_is_made(world, mails):
    world.owe(*[MAIL] * 20)
    mails.go_down(Down.REFUSING)

    assert world.deliver("mail") == "paused"
    assert world.deliver("mail") == "paused"

    attempts = sorted(row.attempts for row in world.actions().values())
    assert attempts == [0] * 17 + [1] * 3
    assert standing(world.engine, "mail").failures == 3


@ON_SQLITE
def test_an_open_breaker_is_tried_with_one_action_by_one_hand(world, mails):
    world.owe(*[MAIL] * 20)
    mails.go_down(Down.REFUSING)
    world.deliver("mail")
    tried = sum(row.attempts for row in world.actions().values())

    world.later(15)
    first = world.slots.take("mail", 1)
    assert world.deliver("mail") == "busy"
    first.release()
    assert world.deliver("mail") == "paused"

    assert sum(row.attempts for row in world.actions().values()) == tried + 1
    world.later(29)
    assert world.deliver("mail") == "paused"
    mails.come_back()
    world.later(1)
    assert world.deliver("mail") == "idle"
    assert standing(world.engine, "mail").failures == 0
    world.settle_all("mail")
    assert (world.states(), len(mails.mails)) == (["done"] * 20, 20)


@ON_SQLITE
def test_an_answer_that_is_no_success_leaves_an_open_breaker_as_it_is(world, mails):
    world.owe(*[MAIL] * 4)
    mails.go_down(Down.REFUSING)
    world.deliver("mail")
    mails.come_back()
    mails.refuse("451 4.7.1 later")

    world.later(15)
    world.deliver("mail")

    assert standing(world.engine, "mail").failures == 3


@ON_SQLITE
def test_who_was_not_asked_has_not_answered(world, api):
    first, *_ = world.owe(*(order(device, "ProfileList") for device in DEVICES))
    api.go_down(Down.REFUSING)
    for _ in range(3):
        world.deliver(MICROMDM)
        world.later(6)
    with world.engine.begin() as connection:
        void_commands(connection, dict.fromkeys(world.commands(), "it enrolled anew"))
    world.later(15)

    world.deliver(MICROMDM)

    assert world.states() == ["done"] * 5
    assert world.actions()[first].error == "not sent: the command is void"
    assert standing(world.engine, MICROMDM).failures == 3


@ON_SQLITE
def test_people_are_told_once_of_all_that_died_in_an_hour(world, api, mails, slack):
    world.owe(*(order(device, "EraseDevice") for device in DEVICES))
    api.faults.lose_reply(calls=2)
    world.deliver(MICROMDM)
    world.later(100)
    world.deliver(MICROMDM)

    assert sorted(world.states(MICROMDM)) == ["dead"] * 2 + ["done"] * 3
    assert {"mail", "chat"} <= set(world.wakes)
    world.later(130)
    world.deliver("mail")
    world.deliver("chat")
    assert (len(mails.mails), len(slack.messages)) == (1, 1)
    assert "gave up" in mails.mails[0].subject


def test_a_server_that_nobody_configured_keeps_its_commands_waiting(world, api):
    world.connect(mdm={})
    world.owe(*(install(device, sender="micromdm") for device in DEVICES))
    for _ in range(3):
        world.deliver(MICROMDM)
        world.later(6)
    assert "done" not in world.states()

    world.connect(mdm={"micromdm": MicroMDM(api.url, lambda: KEY)})
    world.settle_all(MICROMDM)

    assert (queued(api, DEVICES), world.states()) == ([1] * 5, ["done"] * 5)
