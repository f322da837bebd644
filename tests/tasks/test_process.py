"""What becomes of a batch: each event once, in the table of events, and counted."""

from datetime import timedelta

import pytest

from state.schema import event_counts, event_keys, events
from tasks.process import process
from tests.databases import ON_SQLITE
from tests.deliveries import NOON, SECOND, again, answer, check_in, envelope
from tests.tasks.lab import stored


def test_the_same_event_twice_is_one_event_seen_twice(services, engine):
    first = envelope(check_in("CheckOut"))

    process([first, again(first)], services)
    process([again(first)], services)

    assert [row["seen"] for row in stored(engine, event_keys)] == [3]
    assert len(stored(engine, events)) == 1


def test_a_batch_done_twice_counts_no_delivery_twice(services, engine):
    batch = [envelope(check_in("CheckOut")), envelope(check_in("Authenticate"))]

    process(batch, services)
    process(batch, services)

    assert [row["seen"] for row in stored(engine, event_keys)] == [1, 1]
    assert {row["outcome"] for row in stored(engine, event_counts)} == {"processed"}


def test_what_nothing_identifies_is_one_event_within_a_window_and_the_one_before(services, engine):
    body = {"topic": "mdm.Authenticate", "checkin_event": {}}
    window = [envelope(body, received_at=NOON + n * SECOND) for n in (1, 29, 31, 59)]
    later = envelope(body, received_at=NOON + 95 * SECOND)

    process(window[:2], services)
    process([*window[2:], later], services)

    assert sorted(row["seen"] for row in stored(engine, event_keys)) == [1, 4]


def test_ids_of_two_senders_are_two_events(services, engine):
    body = check_in("CheckOut")

    process([envelope(body, sender="micromdm"), envelope(body, sender="micromdm-eu")], services)

    assert len(stored(engine, events)) == 2


def test_apples_same_id_with_other_content_is_a_new_event_and_flagged(services, engine):
    created = {
        "notificationId": "n-1",
        "notificationType": "USER_MANAGEMENT",
        "uId": "2",
        "notification": {"type": "CREATE"},
    }
    updated = {**created, "notification": {"type": "UPDATE"}}
    reordered = dict(reversed(created.items()))

    process([envelope(body, kind="apps-and-books") for body in (created, updated, reordered)], services)

    assert [row["flags"] for row in stored(engine, events, "flags")] == [[], ["same_id_other_content"]]


@ON_SQLITE
@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(days=-365 * 30)])
def test_a_clock_that_cannot_be_believed_is_replaced_and_flagged(services, engine, ahead):
    process([envelope(check_in("Authenticate", at=NOON + ahead))], services)

    (event,) = stored(engine, events)
    assert (event["occurred_at"], event["flags"]) == (NOON, ["clock_refused"])


def test_outcomes_are_counted_by_known_types(services, engine):
    made_up = envelope({"topic": "mdm.MadeUp", "event_id": "m", "created_at": NOON.isoformat()})
    known = envelope(check_in("CheckOut"))

    process([made_up, known, again(known), envelope(answer("Idle"))], services)

    counts = {(row["type"], row["outcome"]): row["count"] for row in stored(engine, event_counts)}
    assert counts == {
        ("unknown", "processed"): 1,
        ("mdm.CheckOut", "processed"): 1,
        ("mdm.CheckOut", "duplicate"): 1,
        ("mdm.Connect", "idle"): 1,
    }
