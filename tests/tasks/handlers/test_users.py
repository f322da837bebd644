"""Registered users of Apple's: what the newest notification said of each, whatever order they are heard in."""

from itertools import permutations

import pytest

from state.schema import users
from tasks.process import process
from tests.deliveries import LOCATION, NOON, SECOND, again, said_by_apple, users_managed
from tests.tasks.lab import rows

ADA = {"clientUserId": "ada", "email": "ada@example.org", "inviteCode": "f551", "status": "Registered"}


def associated(client_user_id, *, at=NOON, **more):
    user = {"clientUserId": client_user_id, "idHash": "leSK", "status": "Associated", **more}
    return said_by_apple("USER_ASSOCIATED", {"associatedUsers": [user]}, at=at)


def statuses(engine):
    return {row["client_user_id"]: row["status"] for row in rows(engine, users)}


@pytest.mark.parametrize(
    ("change", "status"), [("CREATE", "Registered"), ("UPDATE", "Associated"), ("RETIRE", "Retired")]
)
def test_a_success_is_what_is_known_of_each_user(services, engine, change, status):
    process(
        [users_managed({**ADA, "status": status}, {"clientUserId": "ben", "status": status}, change=change)], services
    )

    assert statuses(engine) == {"ada": status, "ben": status}
    (ada,) = rows(engine, users, client_user_id="ada")
    assert (ada["u_id"], ada["email"], ada["changed_at"]) == (LOCATION, "ada@example.org", NOON)
    assert ada["facts"]["inviteCode"][0] == "f551"


def test_an_accepted_invitation_associates(services, engine):
    process([users_managed(ADA, change="CREATE")], services)
    process([associated("ada", at=NOON + SECOND)], services)

    (ada,) = rows(engine, users)
    assert (ada["status"], ada["email"]) == ("Associated", "ada@example.org")
    assert ada["facts"]["idHash"][0] == "leSK"


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
def test_the_last_word_counts_whatever_order_it_is_heard_in(services, engine, order, together):
    story = [
        users_managed(ADA, change="CREATE"),
        associated("ada", at=NOON + SECOND),
        users_managed({"clientUserId": "ada", "status": "Retired"}, change="RETIRE", at=NOON + 2 * SECOND),
    ]

    arrivals = [story[place] for place in order]
    for batch in [arrivals] if together else [[arrival] for arrival in arrivals]:
        process(batch, services)
        process([again(arrival) for arrival in batch], services)

    (ada,) = rows(engine, users)
    assert (ada["status"], ada["email"], ada["changed_at"]) == ("Retired", "ada@example.org", NOON + 2 * SECOND)


def test_a_failed_request_changes_nothing_but_what_is_told_of_its_error(services, engine):
    process([users_managed(ADA, change="CREATE")], services)
    failed = users_managed(
        {**ADA, "status": "Retired"}, change="RETIRE", error=(9603, "no such user"), at=NOON + SECOND
    )

    process([failed], services)

    (ada,) = rows(engine, users)
    assert ada["status"] == "Registered"
    assert ada["facts"]["error"][0] == {"change": "RETIRE", "number": 9603, "message": "no such user"}


def test_a_user_of_whom_only_failures_were_told_has_no_status(services, engine):
    process([users_managed(ADA, change="CREATE", error=(9603, "no"))], services)

    assert statuses(engine) == {"ada": None}


def test_users_of_two_locations_are_two(services, engine):
    process(
        [users_managed(ADA, change="CREATE"), users_managed({**ADA, "status": "Retired"}, change="RETIRE", u_id="2")],
        services,
    )

    assert {row["u_id"]: row["status"] for row in rows(engine, users)} == {LOCATION: "Registered", "2": "Retired"}


@pytest.mark.parametrize("odd", [{}, {"clientUserId": 7}, {"clientUserId": ""}, {"clientUserId": "x" * 300}])
def test_a_user_without_a_name_is_left_out(services, engine, odd):
    process([users_managed({**ADA, **odd} if odd else {}, ADA | {"clientUserId": "ben"}, change="CREATE")], services)

    assert statuses(engine) == {"ben": "Registered"}
