from datetime import UTC, datetime

import pytest

from config.inbox import LEASE_MS, MAX_BYTES, Inboxes, LeaseLost

INBOX = "micromdm.TokenUpdate:0"


@pytest.fixture
def inboxes(redis_client):
    return Inboxes(redis_client)


def fill(inboxes, count, size=1):
    for number in range(count):
        inboxes.append(INBOX, b"%d" % number, b"x" * size)


def heads(batch):
    return [int(entry.head) for entry in batch.entries]


def test_only_the_first_event_of_a_sleeping_inbox_wakes_it(inboxes):
    assert [inboxes.append(INBOX, b"h", b"b") for _ in range(3)] == [True, False, False]


def test_many_are_appended_in_order_and_each_sleeping_inbox_is_named_once(inboxes):
    other = "jamf.JSSStartup:0"

    due = inboxes.append_many([(INBOX, b"0", b""), (other, b"1", b""), (INBOX, b"2", b"")])

    assert due == {INBOX, other}
    assert heads(inboxes.take(INBOX).begin()) == [0, 2]


def test_bytes_come_back_as_they_went_in(inboxes):
    body = bytes(range(256)) + "\ud800".encode("utf-8", "surrogatepass")

    inboxes.append(INBOX, b'{"a": "\\u0000"}', body)

    (entry,) = inboxes.take(INBOX).begin().entries
    assert (entry.head, entry.body) == (b'{"a": "\\u0000"}', body)


def test_one_drainer_holds_an_inbox_until_it_leaves(inboxes):
    first = inboxes.take(INBOX)

    assert inboxes.take(INBOX) is None
    first.leave()
    assert inboxes.take(INBOX) is not None


def test_a_drainer_whose_lease_ran_out_reads_nothing_more(inboxes, redis_client):
    fill(inboxes, 1)
    lease = inboxes.take(INBOX)
    redis_client.delete("windfall:lease:" + INBOX)
    successor = inboxes.take(INBOX)

    with pytest.raises(LeaseLost):
        lease.begin()
    assert heads(successor.begin()) == [0]


def test_a_late_leave_does_not_take_the_successors_lease(inboxes, redis_client):
    late = inboxes.take(INBOX)
    redis_client.delete("windfall:lease:" + INBOX)
    inboxes.take(INBOX)

    late.leave()

    assert inboxes.take(INBOX) is None


def test_each_batch_renews_the_lease(inboxes, redis_client):
    lease = inboxes.take(INBOX)
    redis_client.pexpire("windfall:lease:" + INBOX, 1_000)

    lease.begin()

    assert redis_client.pttl("windfall:lease:" + INBOX) > LEASE_MS - 1_000


def test_what_is_committed_is_gone_and_what_came_meanwhile_stays(inboxes):
    fill(inboxes, 3)
    lease = inboxes.take(INBOX)
    batch = lease.begin()
    inboxes.append(INBOX, b"3", b"")

    lease.commit(batch)

    assert heads(lease.begin()) == [3]


def test_an_inbox_with_mail_does_not_go_to_sleep(inboxes):
    lease = inboxes.take(INBOX)
    fill(inboxes, 1)

    assert not lease.sleep()
    lease.commit(lease.begin())
    assert lease.sleep()


def test_after_sleep_the_next_event_is_due_a_wake_and_the_lease_is_free(inboxes):
    fill(inboxes, 1)
    lease = inboxes.take(INBOX)
    lease.commit(lease.begin())
    lease.sleep()

    assert inboxes.append(INBOX, b"h", b"b")
    assert inboxes.take(INBOX) is not None


def test_a_batch_has_at_most_500_entries(inboxes):
    fill(inboxes, 510)

    assert heads(inboxes.take(INBOX).begin()) == list(range(500))


def test_a_batch_has_at_most_8_mebibytes_but_at_least_one_entry(inboxes):
    fill(inboxes, 20, size=1024 * 1024)
    lease = inboxes.take(INBOX)
    batch = lease.begin()

    assert heads(batch) == list(range(7))
    assert sum(len(entry.body) for entry in batch.entries) <= MAX_BYTES
    lease.commit(batch)
    inboxes.append(INBOX, b"20", b"x" * (MAX_BYTES + 1))
    while (batch := lease.begin()) and 20 not in heads(batch):
        lease.commit(batch)
    assert heads(batch) == [20]


def test_after_a_batch_that_went_wrong_its_entries_are_tried_one_by_one(inboxes):
    fill(inboxes, 3)
    lease = inboxes.take(INBOX)
    failed = lease.begin()
    inboxes.append(INBOX, b"3", b"")
    inboxes.append(INBOX, b"4", b"")

    tried = []
    while batch := lease.begin():
        tried.append((heads(batch), batch.tries, batch.careful))
        lease.commit(batch)

    assert (heads(failed), failed.tries) == ([0, 1, 2], 1)
    assert tried == [([0], 2, True), ([1], 2, True), ([2], 2, True), ([3, 4], 1, False)]


def test_the_tries_of_an_entry_are_counted_also_when_its_drainer_is_gone(inboxes, redis_client):
    fill(inboxes, 2)
    tries = []
    for _ in range(4):
        batch = inboxes.take(INBOX).begin()
        tries.append((len(batch.entries), batch.tries))
        redis_client.delete("windfall:lease:" + INBOX)

    assert tries == [(2, 1), (1, 2), (1, 3), (1, 4)]


def test_a_forgiven_try_does_not_count(inboxes):
    fill(inboxes, 2)
    for _ in range(5):
        lease = inboxes.take(INBOX)
        batch = lease.begin()
        lease.leave(forgive=True)

    assert (heads(batch), batch.tries, batch.careful) == ([0, 1], 1, False)


def test_states_tell_length_age_and_lease(inboxes):
    fill(inboxes, 2)
    inboxes.take("jamf.JSSStartup:0")

    mail, empty = inboxes.states([INBOX, "jamf.JSSStartup:0"])

    assert (mail.length, mail.leased, mail.oldest_age is not None) == (2, False, True)
    assert (empty.length, empty.leased, empty.oldest_age) == (0, True, None)


def test_peek_changes_nothing(inboxes):
    fill(inboxes, 3)

    assert [entry.head for entry in inboxes.peek(INBOX, limit=2)] == [b"0", b"1"]
    assert heads(inboxes.take(INBOX).begin()) == [0, 1, 2]


def test_the_time_of_the_last_sweep_is_kept(inboxes):
    assert inboxes.swept_at() is None
    moment = datetime(2026, 3, 1, tzinfo=UTC)

    inboxes.mark_swept(moment)

    assert inboxes.swept_at() == moment
