"""Smart groups of Jamf Pro and their members."""

from itertools import permutations

import pytest

from state.schema import events, jamf_groups, jamf_memberships
from tasks.process import process
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
