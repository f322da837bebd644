"""Smart groups of Jamf Pro and their members."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations

import pytest

from state.engine import open_engine
from state.portions import AT_ONCE
from state.schema import events, jamf_groups, jamf_memberships
from tasks.process import process
from tests.databases import ON_POSTGRESQL
from tests.deliveries import MINUTE, NOON, SECOND
from tests.jamf import told
from tests.tasks.lab import only_row, rows

GROUP = "SmartGroupComputerMembershipChange"
LATER = NOON + MINUTE


def group(*, added=(), removed=(), at=NOON, name="FileVault off", topic=GROUP):
    what = "UserIds" if "User" in topic else "DevicesIds"
    lists = {f"groupAdded{what}": list(added), f"groupRemoved{what}": list(removed)}
    return told(topic, {"jssid": 14, "name": name, "smartGroup": True, **lists}, at=at)


@pytest.mark.parametrize(
    ("kind", "topic"),
    [
        ("computers", GROUP),
        ("mobile_devices", "SmartGroupMobileDeviceMembershipChange"),
        ("users", "SmartGroupUserMembershipChange"),
    ],
)
def test_a_group_knows_who_entered_and_who_left(services, engine, kind, topic):
    process([group(added=[1, 2], topic=topic), group(removed=[1], at=LATER, topic=topic)], services)

    found = {row["member_id"]: row for row in rows(engine, jamf_memberships, kind=kind)}
    assert {number: row["is_member"] for number, row in found.items()} == {"1": False, "2": True}
    assert (found["1"]["entered_at"], found["1"]["left_at"], found["2"]["left_at"]) == (NOON, LATER, None)
    assert only_row(engine, jamf_groups)["changed_at"] == LATER


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_membership_is_by_event_time(services, engine, order):
    told_of = [group(added=[1]), group(removed=[1], at=NOON + SECOND), group(added=[1], at=LATER)]
    for number in order:
        process([told_of[number]], services)

    row = only_row(engine, jamf_memberships)
    assert (row["is_member"], row["entered_at"], row["left_at"]) == (True, LATER, NOON + SECOND)


def test_who_is_in_both_lists_left_came_back_and_is_a_member(services, engine):
    both = group(added=[1], removed=[1])
    process([both], services)

    row = only_row(engine, jamf_memberships)
    assert (row["is_member"], row["entered_at"], row["left_at"]) == (True, NOON, NOON)
    assert only_row(engine, events)["flags"] == ["in_both_lists"]


def test_a_group_event_with_neither_list_only_names_the_group(services, engine):
    process([group(name="Renamed", at=LATER), group(added=[1])], services)

    row = only_row(engine, jamf_groups)
    assert (row["name"], row["changed_at"]) == ("Renamed", NOON)


def test_a_group_of_very_many_is_known_one_by_one_and_changes_where_it_changes(services, engine):
    many = 2 * AT_ONCE + 1
    process([group(added=range(1, many + 1))], services)
    process([group(added=[2, many + 1], removed=[1], at=LATER)], services)
    process([group(removed=range(1, many + 1), at=NOON - MINUTE)], services)

    found = {row["member_id"]: row for row in rows(engine, jamf_memberships)}
    assert len(found) == many + 1
    assert {number for number, row in found.items() if not row["is_member"]} == {"1"}
    assert {number for number, row in found.items() if row["entered_at"] == LATER} == {"2", str(many + 1)}
    assert {row["left_at"] for row in found.values()} == {LATER, NOON - MINUTE, None}


def test_events_of_one_batch_count_by_their_times(services, engine):
    batch = [group(added=[1, 2, 3]), group(added=[2], removed=[1], at=LATER), group(removed=[2, 3], at=NOON + SECOND)]
    process(batch[::-1], services)

    found = {row["member_id"]: (row["entered_at"], row["left_at"]) for row in rows(engine, jamf_memberships)}
    assert found == {"1": (NOON, LATER), "2": (LATER, NOON + SECOND), "3": (NOON, NOON + SECOND)}


@ON_POSTGRESQL
def test_two_drains_with_the_same_group_wait_for_each_other(services, engine, database_location):
    start, rounds, members = threading.Barrier(2), 6, range(1, 200)

    def work(turn):
        own = open_engine(database_location)
        for number in range(rounds):
            at = NOON + (2 * number + turn) * SECOND
            start.wait(timeout=30)
            some = members[turn :: 1 + number % 2]
            process([group(added=some, at=at), group(removed=members[::3], at=at)], replace(services, engine=own))
        own.dispose()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, turn) for turn in (0, 1)]:
            done.result()

    newest = NOON + (2 * rounds - 1) * SECOND
    found = {int(row["member_id"]): row for row in rows(engine, jamf_memberships)}
    assert set(found) == set(members)
    assert {number for number, row in found.items() if row["left_at"] == newest} == set(members[::3])
    assert {number for number, row in found.items() if row["entered_at"] == newest} == set(members[1::2])
