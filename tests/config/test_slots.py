from threading import Barrier, Thread
from threading import enumerate as all_threads

from config.slots import LEASE, MOST_AHEAD, Slots
from tests.faults.arena import wait_until


def test_there_are_so_many_slots_and_no_more(redis_client):
    slots = Slots(redis_client)

    taken = [slots.take("mail", 2) for _ in range(3)]

    assert [slot and slot.number for slot in taken] == [0, 1, None]
    assert slots.take("chat", 1) is not None


def test_a_slot_that_was_given_back_is_free_again(redis_client):
    slots = Slots(redis_client)
    first, _ = slots.take("mail", 2), slots.take("mail", 2)

    first.release()

    assert slots.take("mail", 2).number == 0


def test_a_slot_is_ours_while_it_is_renewed_and_lost_afterwards(redis_client):
    slots = Slots(redis_client)
    slot = slots.take("mail", 1)
    [key] = redis_client.keys("windfall:slot:*")
    redis_client.pexpire(key, 1000)

    assert slot.renew()
    assert redis_client.pttl(key) > (LEASE - 5) * 1000

    redis_client.delete(key)  # what time does
    other = slots.take("mail", 1)
    assert not slot.renew()
    slot.release()
    assert other.renew()


def test_a_kept_slot_is_renewed_by_itself_until_it_is_released(redis_client):
    slots = Slots(redis_client, lease=6.0)
    slot = slots.take("mail", 1)
    [key] = redis_client.keys("windfall:slot:*")
    redis_client.persist(key)

    slot.keep()
    wait_until("it is renewed", lambda: 0 < redis_client.pttl(key) <= 6000, seconds=20)
    slot.release()

    assert slots.take("mail", 1) is not None
    wait_until("nobody keeps it", lambda: "slot mail:0" not in {thread.name for thread in all_threads()}, seconds=20)


def test_a_slot_may_be_released_by_another_thread(redis_client):
    slots = Slots(redis_client)
    slot = slots.take("mail", 1)

    thread = Thread(target=slot.release)
    thread.start()
    thread.join()

    assert slots.take("mail", 1) is not None


def test_many_at_once_do_not_get_more_than_there_are(redis_client):
    slots, start, found = Slots(redis_client), Barrier(8), []

    def take():
        start.wait()
        found.append(slots.take("mail", 3))

    threads = [Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(slot.number for slot in found if slot) == [0, 1, 2]


def test_turns_of_a_slot_are_an_interval_apart_whoever_has_it(redis_client):
    seconds = 1000.0
    slots = Slots(redis_client, clock=lambda: seconds)
    slot = slots.take("chat", 1)

    assert [slot.take_turn(1.0) for _ in range(3)] == [0.0, 1.0, 2.0]
    slot.release()
    seconds += 2.25
    assert slots.take("chat", 1).take_turn(1.0) == 0.75
    assert slots.take("mail", 1).take_turn(1.0) == 0.0


def test_the_interval_runs_from_the_end_of_a_call(redis_client):
    seconds = 1000.0
    slot = Slots(redis_client, clock=lambda: seconds).take("chat", 1)

    slot.take_turn(1.0)
    seconds += 30
    slot.take_turn(0.0)

    assert slot.take_turn(1.0) == 1.0


def test_a_clock_that_was_set_back_holds_nobody_up(redis_client):
    seconds = 1000.0
    slot = Slots(redis_client, clock=lambda: seconds).take("chat", 1)

    slot.take_turn(1.0)
    seconds -= MOST_AHEAD + 1

    assert slot.take_turn(1.0) == 0.0


def test_without_a_clock_of_ones_own_it_is_as_late_as_redis_says(redis_client):
    slot = Slots(redis_client).take("chat", 1)

    assert slot.take_turn(5.0) == 0.0
    redis_client.set("windfall:pace:chat:0", 1000 * (redis_client.time()[0] + 5))
    assert 0 < slot.take_turn(5.0) <= 11


def test_who_gets_no_turn_from_redis_gives_up_the_slot(redis_client):
    slots = Slots(redis_client)
    slot = slots.take("chat", 1)
    redis_client.lpush("windfall:pace:chat:0", "not a time")

    assert slot.take_turn(1.0) is None

    assert not slot.renew()
    assert slots.take("chat", 1) is not None
