"""What Apple's results come to for one assignment, whatever order they are told in."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.assignments import MOST_OF_A_SORT, Result, add_result, result_of, state_of
from domain.facts import Stamp
from domain.notification import LONGEST_ERROR, read_notification

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
KEY = "ab" * 32
GIVE, TAKE, REVOKE = "ASSOCIATE", "DISASSOCIATE", "REVOKE"


def told(change, result, *, at=NOON, event_id="e", by=KEY, error=(None, "")):
    return Result(
        change=change,
        result=result,
        event_id=event_id,
        stamp=Stamp(at=at, rank=1, by=by),
        error_number=error[0],
        error_message=error[1],
    )


def gave(at=NOON, **more):
    return told(GIVE, "SUCCESS", at=at, **more)


def took(at=NOON, **more):
    return told(TAKE, "SUCCESS", at=at, **more)


def refused(at=NOON, change=GIVE, **more):
    return told(change, "FAILURE", at=at, **{"error": (9709, "not enough licences"), **more})


def joined(news):
    results = {}
    for result in news:
        add_result(results, result)
    return results


def outcome(*news):
    state = state_of(joined(news))
    return state.state, state.at, state.error_number


MOMENTS = st.integers(0, 80).map(lambda minutes: NOON + minutes * MINUTE)
RESULTS = st.builds(
    told,
    st.sampled_from([GIVE, TAKE, REVOKE, "CREATE", None]),
    st.sampled_from(["SUCCESS", "FAILURE", "FAILURE", "PARTIAL", None]),
    at=MOMENTS,
    event_id=st.sampled_from(["e1", "e2", None]),
    by=st.sampled_from(["aa" * 32, "bb" * 32]),
    error=st.sampled_from([(None, ""), (9709, "not enough licences"), (9603, "internal error")]),
)
"""Of so few requests that many are reported twice, at other times, both ways and with other errors."""

HISTORIES = st.lists(RESULTS, max_size=12)


def unlike(history):
    """Each request reported once, and none in the same moment as another; more of them than are kept."""
    return [
        told(change, result, at=NOON + minutes * MINUTE, event_id=f"e{minutes}", error=(minutes, ""))
        for minutes, (change, result) in enumerate(history)
    ]


LONG_HISTORIES = st.lists(
    st.tuples(st.sampled_from([GIVE, TAKE, REVOKE]), st.sampled_from(["SUCCESS", "FAILURE"])), min_size=1, max_size=90
).map(unlike)


@given(st.data(), HISTORIES | LONG_HISTORIES)
def test_any_permutation_with_repetition_gives_the_same_map_and_state(data, history):
    again = data.draw(st.lists(st.sampled_from(history), max_size=10)) if history else []
    arrivals = [*history, *again]
    data.draw(st.randoms(use_true_random=False)).shuffle(arrivals)

    assert joined(arrivals) == joined(history)
    assert state_of(joined(arrivals)) == state_of(joined(history))


@given(HISTORIES | LONG_HISTORIES)
def test_what_is_known_is_no_news_and_a_map_survives_storage_at_every_step(history):
    results = {}
    for result in history:
        before = json.dumps(results, sort_keys=True)
        changed = add_result(results, result)
        assert changed == (json.dumps(results, sort_keys=True) != before)
        assert not add_result(results, result)
        results = json.loads(json.dumps(results))


@given(LONG_HISTORIES)
def test_what_is_forgotten_never_changes_the_state(history):
    whole = {f"{n.change}:{n.event_id}": [n.result, *n.stamp.order()[::2], n.error_number, ""] for n in history}

    kept = joined(history)

    assert len(kept) <= 4 * MOST_OF_A_SORT
    assert state_of(kept) == state_of(whole)


def test_a_flood_of_failures_does_not_push_out_the_success_that_stands():
    flood = [refused(NOON + number * HOUR, TAKE, event_id=f"f{number}") for number in range(1, 100)]
    random.Random(1).shuffle(flood)

    assert outcome(gave(), *flood) == ("assigned", NOON, 9709)
    assert len(joined([gave(), *flood])) == 1 + MOST_OF_A_SORT


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ([gave()], ("assigned", NOON, None)),
        ([took()], ("unassigned", NOON, None)),
        ([told(REVOKE, "SUCCESS")], ("unassigned", NOON, None)),
        ([refused()], ("failed", NOON, 9709)),
        ([refused(change=TAKE)], ("failed", NOON, 9709)),
        ([gave(), took(NOON + HOUR)], ("unassigned", NOON + HOUR, None)),
        ([took(), gave(NOON + HOUR)], ("assigned", NOON + HOUR, None)),
        ([gave(), took(NOON + 15 * MINUTE)], ("uncertain", NOON + 15 * MINUTE, None)),
        ([took(), gave(NOON + 15 * MINUTE)], ("uncertain", NOON + 15 * MINUTE, None)),
        ([gave(), took(NOON + 16 * MINUTE)], ("unassigned", NOON + 16 * MINUTE, None)),
        ([gave(), told(REVOKE, "SUCCESS")], ("uncertain", NOON, None)),
    ],
)
def test_the_newer_success_decides_unless_both_are_too_close_to_tell(news, expected):
    assert outcome(*news) == expected


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ([gave(), refused(NOON + HOUR, event_id="f")], ("assigned", NOON, 9709)),
        ([gave(NOON + HOUR), refused(event_id="f")], ("assigned", NOON + HOUR, None)),
        ([gave(), refused(NOON + HOUR, TAKE)], ("assigned", NOON, 9709)),
        ([took(), refused(NOON + HOUR, TAKE, event_id="f")], ("unassigned", NOON, 9709)),
        ([took(), refused(NOON + HOUR)], ("failed", NOON + HOUR, 9709)),
        ([took(NOON + HOUR), refused()], ("unassigned", NOON + HOUR, None)),
        ([gave(event_id="g"), took(NOON + HOUR), refused(NOON + 2 * HOUR)], ("failed", NOON + 2 * HOUR, 9709)),
        ([gave(event_id="g"), took(), refused(NOON + HOUR)], ("uncertain", NOON, 9709)),
        ([refused(), refused(NOON + HOUR, TAKE, error=(9603, ""))], ("failed", NOON, 9603)),
    ],
)
def test_a_failure_shows_while_it_is_news_and_only_a_refused_licence_changes_the_state(news, expected):
    assert outcome(*news) == expected


def test_a_request_reported_both_ways_succeeded_whichever_came_first():
    both = [refused(), gave(NOON + HOUR)]

    assert outcome(*both) == outcome(*reversed(both)) == ("assigned", NOON + HOUR, None)


def test_a_request_reported_again_later_keeps_its_first_time():
    results = joined([gave(), took(NOON + HOUR)])

    assert not add_result(results, gave(NOON + 2 * HOUR, by="cd" * 32))
    assert state_of(results).state == "unassigned"


def test_one_request_may_both_give_and_take():
    assert sorted(joined([gave(), took(NOON + HOUR), told(REVOKE, "SUCCESS")])) == [
        "ASSOCIATE:e",
        "DISASSOCIATE:e",
        "REVOKE:e",
    ]


@pytest.mark.parametrize(
    "unknown", [told("CREATE", "SUCCESS"), told(None, "SUCCESS"), told(GIVE, "PARTIAL"), told(GIVE, None)]
)
def test_words_nobody_knows_are_no_news(unknown):
    results = {}

    assert not add_result(results, unknown)
    assert (results, state_of(results)) == ({}, None)


def test_a_result_without_an_event_id_goes_by_its_notification():
    results = joined([gave(event_id=None), gave(event_id=None, by="cd" * 32)])

    assert sorted(results) == [f"ASSOCIATE:{KEY}", f"ASSOCIATE:{'cd' * 32}"]
    assert state_of(results).event_id is None
    assert state_of(joined([gave(event_id="a:b")])).event_id == "a:b"


def test_an_error_of_any_length_is_stored_clipped():
    ((entry,),) = [joined([refused(error=(9603, "x\x00" * LONGEST_ERROR))]).values()]

    assert (entry[0], entry[2], entry[3], len(entry[4])) == ("FAILURE", KEY[:16], 9603, LONGEST_ERROR)
    assert "\x00" not in entry[4]


def test_a_notification_tells_a_result_of_each_pair_it_lists():
    failure = {
        "uId": "2049025000431439",
        "notificationType": "ASSET_MANAGEMENT",
        "notification": {"eventId": "e", "type": GIVE, "result": "FAILURE", "error": {"errorNumber": 9709}},
    }

    notification = read_notification(failure, sender="apps-and-books", key=KEY, received_at=NOON)

    assert result_of(notification) == refused(error=(9709, ""))
