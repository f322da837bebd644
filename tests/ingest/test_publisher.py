"""Redis goes and comes back; the publisher's own thread notices, and nothing waits for people."""

import pytest
from redis.exceptions import OutOfMemoryError, ResponseError

from config.contract import inbox_of
from config.inbox import Inboxes
from config.refusals import read_refusals
from ingest.publisher import Publisher
from ingest.spool import Spool
from tests.deliveries import check_in, envelope
from tests.faults.arena import wait_until


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "spool", max_bytes=10_000_000, min_free_bytes=0)
    yield made
    made.close()


@pytest.fixture
def wakes():
    return []


@pytest.fixture
def publisher(redis_client, spool, wakes):
    inboxes = Inboxes(redis_client)
    made = Publisher(inboxes=inboxes, rescue=inboxes, spool=spool, wake=wakes.append, client=redis_client)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def full_redis(redis_client):
    """Make Redis refuse writes, and undo it."""
    redis_client.set("something", "x" * 1000)
    redis_client.config_set("maxmemory", "1")
    yield lambda: redis_client.config_set("maxmemory", "0")
    redis_client.config_set("maxmemory", "0")


def stored(redis_client, item):
    return Inboxes(redis_client).states([inbox_of(item.kind, item.type)])[0].length


def test_a_full_redis_refuses_our_script_with_a_plain_error(redis_client, full_redis):
    with pytest.raises(ResponseError):
        Inboxes(redis_client).append("micromdm.CheckOut:0", b"{}", b"")


def test_a_drain_can_make_room_in_a_full_redis(redis_client):
    inboxes = Inboxes(redis_client)
    inboxes.append("micromdm.CheckOut:0", b"{}", b"x" * 100_000)
    lease = inboxes.take("micromdm.CheckOut:0")
    lease.leave()
    redis_client.config_set("maxmemory", "1")
    try:
        lease = inboxes.take("micromdm.CheckOut:0")
        assert lease.commit(lease.begin()) == 0
        assert lease.sleep()
    finally:
        redis_client.config_set("maxmemory", "0")


def test_a_redis_that_is_nearly_full_keeps_what_is_left_for_leases_and_wakes(redis_client):
    redis_client.config_set("maxmemory", int(redis_client.info("memory")["used_memory"] * 1.05))
    try:
        with pytest.raises(OutOfMemoryError):
            Inboxes(redis_client).probe()
    finally:
        redis_client.config_set("maxmemory", "0")


def test_what_a_full_redis_refuses_is_spooled_and_drained_by_itself_when_there_is_room(
    publisher, spool, redis_client, full_redis
):
    item = envelope(check_in("CheckOut"))

    assert [publisher.publish(item) for _ in range(3)] == ["spool"] * 3
    assert publisher.readiness()[1]["stores_in"] == "spool"
    full_redis()

    wait_until("the spool is empty", lambda: stored(redis_client, item) == 3, seconds=60)
    wait_until("it stores in Redis again", lambda: publisher.readiness()[1]["redis"] == "ok", seconds=60)
    assert publisher.publish(item) == "inbox"
    assert spool.is_empty()


def test_the_first_event_of_a_sleeping_inbox_is_followed_by_a_wake(publisher, redis_client, wakes):
    item = envelope(check_in("TokenUpdate"))

    publisher.publish(item)
    publisher.publish(item)

    wait_until("the wake is sent", lambda: wakes == ["micromdm.TokenUpdate:0"], seconds=60)


def test_refusals_are_counted_in_redis(publisher, redis_client):
    for _ in range(3):
        publisher.refuse("jamf", "unauthorized")

    wait_until("the count has arrived", lambda: bool(redis_client.exists("windfall:refused")), seconds=60)
    assert read_refusals(redis_client) == {("jamf", "unauthorized"): 3}


def test_an_event_that_could_not_be_drained_stays_in_the_spool(tmp_path, redis_client, full_redis):
    spool = Spool(tmp_path / "other", max_bytes=1_000_000, min_free_bytes=0)
    inboxes = Inboxes(redis_client)
    publisher = Publisher(inboxes=inboxes, rescue=inboxes, spool=spool, wake=print, client=redis_client)

    publisher.publish(envelope(check_in("CheckOut")))

    assert spool.stats().records == 1
    publisher.stop()


def test_a_wake_that_goes_wrong_does_not_end_the_thread_that_sends_them(redis_client, spool):
    wakes = []

    def wake(inbox):
        wakes.append(inbox)
        raise RuntimeError("a broker may raise anything")

    inboxes = Inboxes(redis_client)
    publisher = Publisher(inboxes=inboxes, rescue=inboxes, spool=spool, wake=wake, client=redis_client)
    publisher.start()

    for name in ("CheckOut", "TokenUpdate"):
        publisher.publish(envelope(check_in(name)))

    wait_until("both wakes are tried", lambda: len(wakes) == 2, seconds=60)
    publisher.stop()
