"""Assets, assignments and users as people read them."""

import pytest

from config.inbox import Inboxes
from domain.errors import BadQuery
from state.queries.licences import (
    ASSET_FIELDS,
    ASSIGNMENT_FIELDS,
    USER_FIELDS,
    list_assets,
    list_assignments,
    list_users,
    one_asset,
    one_assignment,
    one_user,
)
from state.queries.pages import Question, read_question
from tasks.process import process
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tests.deliveries import MINUTE, NOON
from tests.owed import APP, LOCATION, apple, assigned

load_handlers()


@pytest.fixture
def services(engine, redis_client):
    return Services(
        engine=engine, inboxes=Inboxes(redis_client), wake=lambda inbox: None, fingerprint=keyed_fingerprint(b"k" * 32)
    )


def test_an_asset_that_was_never_read_has_a_difference_and_no_counts(engine, services):
    process([apple("ASSET_COUNT", adamId=APP, pricingParam="STDQ", countDelta=25)], services)

    (item,) = list_assets(engine, Question(filters={"adam_id": APP, "count_known": "false"})).items

    assert tuple(item) == ASSET_FIELDS
    assert (item["u_id"], item["net_delta"], item["total_count"], item["count_known"]) == (LOCATION, 25, None, False)
    assert one_asset(engine, item["id"]) == item
    assert one_asset(engine, "x") is None
    assert list_assets(engine, Question(filters={"unlimited": "true"})).items == []


def test_assignments_are_found_by_their_fields_and_a_serial_number_in_any_case(engine, services):
    process([assigned("C02XYZ", "C02ABC"), assigned("C02XYZ", adam_id="1")], services)

    def count(**filters):
        return len(list_assignments(engine, Question(filters=filters)).items)

    assert (count(), count(serial_number="c02xyz "), count(adam_id=APP), count(state="assigned")) == (3, 2, 2, 3)
    assert (count(u_id="other"), count(client_user_id="x"), count(event_id="apple-event")) == (0, 0, 3)
    with pytest.raises(BadQuery, match="assigned, unassigned, failed, uncertain"):
        count(state="lost")
    with pytest.raises(BadQuery, match="there are u_id, adam_id"):
        count(id="x")


def test_one_assignment_tells_what_apple_reported_of_it_oldest_first(engine, services):
    process([assigned("C02XYZ")], services)
    error = {"errorNumber": 9609, "errorMessage": "Unable to find the registered user."}
    gone = assigned(
        "C02XYZ", change="DISASSOCIATE", event_id=None, at=NOON + 20 * MINUTE, result="FAILURE", error=error
    )
    process([gone], services)

    (listed,) = list_assignments(engine, Question()).items
    item = one_assignment(engine, listed["id"])

    assert tuple(listed) == ASSIGNMENT_FIELDS
    assert {name: item[name] for name in listed} == listed
    assert item["state"] == "assigned"
    assert [(r["change"], r["result"], r["event_id"], r["error_number"]) for r in item["results"]] == [
        ("ASSOCIATE", "SUCCESS", "apple-event", None),
        ("DISASSOCIATE", "FAILURE", None, 9609),
    ]
    assert one_assignment(engine, "x") is None


def test_only_one_user_alone_tells_what_lets_somebody_in(engine, services):
    user = {"clientUserId": "u1", "status": "Registered", "email": "a@b.example", "inviteCode": "code", "idHash": "h"}
    made = apple("USER_MANAGEMENT", users=[user], type="CREATE", result="SUCCESS", eventId="e")
    process([made], services)

    page = list_users(engine, Question(filters={"client_user_id": "u1", "status": "Registered"}))
    item = one_user(engine, page.items[0]["id"])

    assert tuple(page.items[0]) == USER_FIELDS
    assert "code" not in str(page.items)
    assert item["facts"]["inviteCode"] == {"value": "code", "at": "2026-03-01T12:00:00.000000Z"}
    assert item["facts"]["idHash"]["value"] == "h"
    assert one_user(engine, "x") is None


def test_these_lists_have_cursors(engine, services):
    process([assigned(*(f"S{number}" for number in range(5)))], services)

    first = list_assignments(engine, Question(limit=3))
    second = list_assignments(engine, read_question({"limit": "3", "cursor": first.next}))

    assert len({item["id"] for item in (*first.items, *second.items)}) == 5
    assert second.next is None
