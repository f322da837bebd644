"""How many deliver to a slow destination at a time, and how fast, whoever they are."""

from contextlib import closing
from dataclasses import replace
from itertools import cycle, pairwise
from threading import Thread

import pytest

from clients.chat import Chat
from config.redis_connection import connect
from config.slots import Slots
from simulators.faults import Down
from simulators.slack import Slack
from tasks.actions.post_chat import PostChat
from tasks.deliver import Deliverer, deliver
from tests.databases import ON_SQLITE
from tests.faults.arena import wait_until

pytestmark = ON_SQLITE
"""Pace and slots are kept in Redis."""

POST = PostChat(notice="device_enrolled", facts={"name": "Pier 4"})


@pytest.fixture
def slack(world):
    with Slack() as server:
        world.connect(chat=Chat(lambda: server.hook_url, deadline=60.0))
        yield server


@pytest.fixture
def posted_at(world, slack):
    """The simulated time of each call, in seconds."""
    times = []

    def where():
        times.append(world.seconds())
        return slack.hook_url

    world.connect(chat=Chat(where, deadline=60.0))
    return times


@pytest.fixture
def processes(world, redis_location):
    """Two that deliver, each with its own connection to Redis; time passes in their pauses, and only there."""

    def make(client):
        return Deliverer(
            outside=world.outside,
            slots=Slots(client, clock=world.seconds),
            wake=world.wakes.append,
            monotonic=world.seconds,
            pause=lambda seconds: (world.pauses.append(seconds), world.later(seconds)),
        )

    with closing(connect(redis_location)) as one, closing(connect(redis_location)) as other:
        yield lambda: cycle([make(one), make(other)])


def gaps(times):
    return [round(later - earlier, 2) for earlier, later in pairwise(times)]


def test_chat_gets_one_message_a_second_across_claims_and_processes(world, posted_at, processes):
    world.owe(*[POST] * 12)

    for deliverer in processes():
        if deliver("chat", replace(deliverer, outside=world.outside)) == "idle":
            break

    assert (world.states(), gaps(posted_at)) == (["done"] * 12, [1.0] * 11)


def test_chat_gets_one_message_a_second_when_they_are_owed_one_at_a_time(world, posted_at, processes):
    for _, deliverer in zip(range(3), processes(), strict=False):
        world.owe(POST)
        deliver("chat", deliverer)
        world.later(0.25)

    assert gaps(posted_at) == [1.0, 1.0]
    assert world.pauses == [0.75, 0.75]


def test_who_comes_a_second_after_the_last_message_does_not_wait(world, posted_at, processes):
    for _, deliverer in zip(range(3), processes(), strict=False):
        world.owe(POST)
        deliver("chat", deliverer)
        world.later(1.0)

    assert (gaps(posted_at), world.pauses) == ([1.0, 1.0], [])


def test_one_hand_posts_one_message_a_second_and_waits_when_asked(world, slack, processes):
    world.owe(*[POST] * 3)
    slack.limit(1, retry_after_s=70)
    one = next(processes())

    assert deliver("chat", one) == "paused"
    world.later(69)
    assert deliver("chat", one) == "paused"
    assert slack.messages == []
    world.later(1)
    assert deliver("chat", one) == "idle"

    assert (world.states(), len(slack.messages)) == (["done"] * 3, 3)
    assert world.pauses == [1.0, 1.0]


def test_a_slot_is_held_for_as_long_as_a_call_takes(world, slack, posted_at, redis_client):
    world.slots = Slots(redis_client, lease=6.0)
    world.owe(*[POST] * 2)
    slack.go_down(Down.SILENT)
    hand = Thread(target=world.deliver, args=("chat",), daemon=True)
    hand.start()
    wait_until("the call hangs", lambda: len(posted_at) == 1, seconds=60)

    redis_client.persist("windfall:slot:chat:0")
    wait_until("its lease is renewed", lambda: redis_client.pttl("windfall:slot:chat:0") > 0, seconds=20)
    second = world.deliver("chat")
    calls = len(posted_at)
    slack.come_back()
    hand.join(timeout=60)

    assert (second, calls) == ("busy", 1)
    assert world.slots.take("chat", 1) is not None
