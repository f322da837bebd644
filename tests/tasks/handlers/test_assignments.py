"""Apple's answers to assignments: each pair by itself, each request once, and people told once of what failed."""

from dataclasses import replace
from itertools import permutations, product

import pytest

from state.schema import actions, assignment_failures, assignments, events, installs
from tasks.handlers.assignments import GATHERING, LONGEST
from tasks.process import process
from tests.deliveries import APP, LOCATION, MINUTE, NOON, SECOND, again, managed, replayed, said_by_apple
from tests.tasks.lab import rows
from tests.tasks.telling import owed, telling

NO_LICENCES = (9709, "not enough licences")
CHANGES = {"ASSOCIATE": "assigned", "DISASSOCIATE": "unassigned", "REVOKE": "unassigned"}


def state_of(engine, **wanted):
    (row,) = rows(engine, assignments, **wanted)
    return row["state"]


def stored(engine):
    return rows(engine, assignments), rows(engine, assignment_failures)


@pytest.mark.parametrize(("change", "state"), list(CHANGES.items()))
def test_a_success_is_the_state_of_every_pair(services, engine, change, state):
    arrival = managed("S1", "S2", adam_ids=("1", "2"), client_user_ids=("u",), change=change, event_id="e")

    process([arrival], services)

    found = {(row["adam_id"], row["serial_number"] or row["client_user_id"]): row for row in rows(engine, assignments)}
    assert found.keys() == set(product("12", ("S1", "S2", "u")))
    assert {row["state"] for row in found.values()} == {state}
    assert {(row["u_id"], row["pricing_param"], row["event_id"]) for row in found.values()} == {(LOCATION, "STDQ", "e")}
    assert {row["changed_at"] for row in found.values()} == {NOON}


@pytest.mark.parametrize("change", CHANGES)
def test_a_failure_of_what_nothing_is_known_of_is_failed_with_its_error(services, engine, change):
    process([managed("S1", change=change, error=NO_LICENCES)], services)

    (row,) = rows(engine, assignments)
    assert (row["state"], row["error_number"], row["error_message"]) == ("failed", *NO_LICENCES)


@pytest.mark.parametrize("change", ["DISASSOCIATE", "REVOKE"])
def test_a_licence_that_could_not_be_taken_back_stands_and_shows_why(services, engine, change):
    process([managed("S1")], services)
    process([managed("S1", change=change, error=NO_LICENCES, at=NOON + 60 * MINUTE)], services)

    (row,) = rows(engine, assignments)
    assert (row["state"], row["error_number"]) == ("assigned", 9709)


def test_a_failure_marks_just_the_pairs_it_lists(services, engine):
    process([managed("S1", "S2", event_id="e"), managed("S3", event_id="e", error=NO_LICENCES)], services)

    states = {row["serial_number"]: row["state"] for row in rows(engine, assignments)}
    assert states == {"S1": "assigned", "S2": "assigned", "S3": "failed"}


def test_locations_do_not_know_of_each_other(services, engine):
    process([managed("S1"), managed("S1", u_id="2", change="DISASSOCIATE")], services)

    assert state_of(engine, u_id=LOCATION) == "assigned"
    assert state_of(engine, u_id="2") == "unassigned"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_state_follows_the_time_of_receipt_and_not_the_order_of_processing(services, engine, order):
    hour = 60 * MINUTE
    story = [
        managed("S1", at=NOON),
        managed("S1", change="REVOKE", at=NOON + hour),
        managed("S1", error=NO_LICENCES, at=NOON + 2 * hour),
    ]

    for place in order:
        process([story[place]], services)

    (row,) = rows(engine, assignments)
    assert (row["state"], row["error_number"], row["changed_at"]) == ("failed", 9709, NOON + 2 * hour)


@pytest.mark.parametrize(("apart", "state"), [(0, "uncertain"), (15, "uncertain"), (16, "unassigned")])
@pytest.mark.parametrize("backwards", [False, True])
def test_both_ways_within_a_quarter_of_an_hour_nobody_knows(services, engine, apart, state, backwards):
    story = [managed("S1"), managed("S1", change="DISASSOCIATE", at=NOON + apart * MINUTE)]

    for arrival in reversed(story) if backwards else story:
        process([arrival], services)

    assert state_of(engine) == state


def test_repetitions_and_replays_change_nothing(services, engine):
    told = telling(services)
    story = [managed("S1", "S2"), managed("S2", change="REVOKE", at=NOON + 60 * MINUTE), managed("S3", error=(1, "no"))]
    process(story, told)
    before = stored(engine)
    notices = len(rows(engine, actions))

    process(story, told)
    process([again(arrival) for arrival in story], told)
    for row in rows(engine, events):
        first = next(arrival for arrival in story if bytes.fromhex(arrival.key) == row["key"])
        process([replayed(first, row["id"])], told)

    assert stored(engine) == before
    assert len(rows(engine, actions)) == notices
    assert len(rows(engine, events)) == len(story)


def test_the_same_request_reported_under_another_id_is_no_news(services, engine):
    process([managed("S1", event_id="e")], services)
    before = stored(engine)

    process([managed("S1", event_id="e", at=NOON + 60 * MINUTE)], services)

    assert stored(engine) == before


def test_people_are_told_once_of_all_that_one_event_failed(services, engine):
    told = telling(services)
    first = managed("S1", "S2", event_id="e", error=NO_LICENCES)

    process([first, managed("S3", event_id="e", error=(9722, "odd"))], told)
    process([again(first), managed("S4", event_id="e", error=NO_LICENCES, at=NOON + MINUTE)], told)
    process([managed("S5", event_id="e")], told)

    facts = {"u_id": LOCATION, "event_id": "e", "change": "ASSOCIATE"}
    assert [owed(engine, kind) for kind in ("send_mail", "post_chat")] == [[("assignments_failed", facts)]] * 2
    assert {row["error_number"] for row in rows(engine, assignment_failures)} == {9709, 9722}
    assert len(rows(engine, assignment_failures)) == 4


@pytest.mark.parametrize(
    ("failed", "told"),
    [((0,), GATHERING), ((0, 60, 110), 110 + GATHERING), (range(0, 3600, 100), LONGEST)],
    ids=["one", "some", "more and more"],
)
def test_people_are_told_when_an_event_has_failed_nothing_more_for_a_while_but_at_last(services, engine, failed, told):
    for seconds in failed:
        now = NOON + seconds * SECOND
        arrival = managed(f"S{seconds}", event_id="e", error=NO_LICENCES, at=now)
        process([arrival], replace(telling(services), now=lambda now=now: now))
        # Apple's repetitions are no news.
        process([again(arrival)], replace(telling(services), now=lambda now=now: now + 90 * SECOND))

    due = [(row["next_attempt_at"] - NOON).total_seconds() for row in rows(engine, actions)]
    assert due == [told, told]


def test_two_failed_events_are_two_notices_and_so_are_two_locations(services, engine):
    told = telling(services)

    process([managed("S1", event_id=name, error=NO_LICENCES) for name in ("e1", "e2")], told)
    process([managed("S1", event_id="e1", u_id="2", error=NO_LICENCES)], told)

    assert len(owed(engine)) == 3


def test_a_failure_that_came_after_its_own_success_says_nothing(services, engine):
    told = telling(services)

    process([managed("S1", event_id="e")], told)
    process([managed("S1", event_id="e", error=NO_LICENCES, at=NOON + MINUTE)], told)

    assert (state_of(engine), owed(engine)) == ("assigned", [])


ODD = [
    {},
    {"assignments": []},
    {"assignments": "odd", "type": "ASSOCIATE", "result": "SUCCESS"},
    {"assignments": [{"adamId": APP}], "type": "ASSOCIATE", "result": "SUCCESS"},
    {"assignments": [{"adamId": APP, "serialNumber": "S1"}], "type": "TRANSFER", "result": "SUCCESS"},
    {"assignments": [{"adamId": APP, "serialNumber": "S1"}], "type": "ASSOCIATE", "result": "PERHAPS"},
    {"assignments": [{"adamId": APP, "serialNumber": "S1"}]},
]


@pytest.mark.parametrize("content", ODD, ids=str)
def test_what_says_nothing_we_know_is_kept_and_changes_nothing(services, engine, content):
    process([said_by_apple("ASSET_MANAGEMENT", content)], services)

    (event,) = rows(engine, events)
    assert (event["status"], event["error"]) == ("processed", None)
    assert [rows(engine, table) for table in (assignments, assignment_failures, installs)] == [[], [], []]


@pytest.mark.parametrize(
    "name", ["TEST_NOTIFICATION", "SUBSCRIPTION_MANAGEMENT", "SUBSCRIPTION_COUNT", "UNLIMITED_ASSET", "ORCHARD_RIPENED"]
)
@pytest.mark.parametrize("content", [{}, {"assignments": [{"adamId": 7, "clientUserId": "u", "renewing": True}]}])
def test_types_we_do_nothing_about_are_kept(services, engine, name, content):
    process([said_by_apple(name, content)], services)

    (event,) = rows(engine, events)
    assert (event["type"], event["status"]) == (name, "processed")
    assert rows(engine, assignments) == []
