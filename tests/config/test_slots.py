from threading import Barrier, Thread

from config.slots import LEASE, Slots


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
