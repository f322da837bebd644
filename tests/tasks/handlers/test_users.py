"""Registered users of Apple's: what the newest notification said of each, whatever order they are heard in."""

import random
from itertools import permutations
from math import factorial

import pytest

from state.queries.licences import one_user
from state.schema import users
from tasks.process import process
from tests.databases import empty
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


ACCOUNT = "ada@school.example.org"
RETIRED = {"clientUserId": "ada", "status": "Retired"}
STORY = {
    "refused": users_managed(ADA, change="CREATE", error=(9603, "internal")),
    "created": users_managed(ADA, change="CREATE", at=NOON + SECOND),
    "associated": associated("ada", at=NOON + 2 * SECOND, managedAppleId=ACCOUNT),
    "retired": users_managed(RETIRED, change="RETIRE", at=NOON + 3 * SECOND),
    "created anew": users_managed(
        {**RETIRED, "status": "Registered", "inviteCode": "a7c0"}, change="CREATE", at=NOON + 4 * SECOND
    ),
    "refused again": users_managed(ADA, change="UPDATE", error=(9604, "no"), at=NOON + 5 * SECOND),
}
KNOWN = {
    "refused": {"error": {"change": "CREATE", "number": 9603, "message": "internal"}},
    "created": {"status": "Registered", "inviteCode": "f551", "email": ADA["email"]},
    "associated": {
        "status": "Associated", "inviteCode": "f551", "email": ADA["email"], "idHash": "leSK", "managedAppleId": ACCOUNT
    },
    "retired": {"status": "Retired", "email": ADA["email"]},
    "created anew": {"status": "Registered", "inviteCode": "a7c0"},
    "refused again": {
        "status": "Registered", "inviteCode": "a7c0", "error": {"change": "UPDATE", "number": 9604, "message": "no"}
    },
}  # fmt: skip
"""All that is known of her, once that was the newest."""


def known(engine):
    (ada,) = rows(engine, users)
    facts = one_user(engine, ada["id"])["facts"]
    return {name: told["value"] for name, told in facts.items() if told["value"] is not None}


@pytest.mark.parametrize("newest", list(STORY))
def test_of_a_user_who_comes_anew_nothing_is_known_of_the_last_time_nor_an_error_after_a_success(
    services, engine, newest
):
    heard = list(STORY)[: list(STORY).index(newest) + 1]

    for order in [
        heard,
        heard[::-1],
        *random.Random(1).sample(list(permutations(heard)), min(12, factorial(len(heard)))),
    ]:
        empty(engine)
        for number, name in enumerate(order):
            process([STORY[name]], services)
            process([again(STORY[earlier]) for earlier in order[: number + 1]], services)
        assert known(engine) == KNOWN[newest], order
        empty(engine)
        process([STORY[name] for name in order], services)
        assert known(engine) == KNOWN[newest], order


@pytest.mark.parametrize("change", ["CREATE", "RETIRE"])
def test_what_such_a_change_itself_tells_is_known(services, engine, change):
    process([associated("ada", inviteCode="f551")], services)

    process([users_managed({**ADA, "idHash": "new", "inviteCode": "a7c0"}, change=change, at=NOON + SECOND)], services)

    told = {"status": "Registered", "email": ADA["email"], "idHash": "new", "inviteCode": "a7c0"}
    assert known(engine) == told


def test_an_update_leaves_what_it_does_not_tell(services, engine):
    process([associated("ada", inviteCode="f551")], services)

    process([users_managed({"clientUserId": "ada", "email": "a@x"}, change="UPDATE", at=NOON + SECOND)], services)

    assert known(engine) == {"status": "Associated", "email": "a@x", "idHash": "leSK", "inviteCode": "f551"}


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
