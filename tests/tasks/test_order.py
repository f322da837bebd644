"""Senders keep no order and repeat themselves; the state in the end must not tell."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings

from config.contract import INBOXES, inbox_of
from simulators.identities import Kind
from simulators.lives import increasing, make_devices
from state.schema import device_history, devices, installed_apps, jamf_devices, jamf_memberships
from tasks.drain import drain
from tasks.process import process
from tests.deliveries import NOON, SECOND, answer, check_in, envelope, relayed
from tests.jamf import told
from tests.tasks.everything import begin, differences, state_of
from tests.tasks.histories import histories
from tests.tasks.lab import only_row, rows

WORKERS = 3


@pytest.fixture
def at_work(services):
    """By a clock that stands, so that nothing tells when it was decided."""
    return replace(services, now=lambda: NOON, pause=lambda seconds: None)


def as_it_happened(history, at_work, engine):
    """What all of it leaves behind, heard in order, once, one by one."""
    begin(engine, history.speakers)
    for event in history.events:
        process([event], at_work)
    return state_of(engine)


@settings(max_examples=settings.default.max_examples // 3)
@given(history=histories())
def test_any_permutation_with_repetition_ends_in_the_same_state(history, at_work, engine):
    expected = as_it_happened(history, at_work, engine)

    begin(engine, history.speakers)
    for batch in history.batches:
        process(batch, at_work)

    assert differences(state_of(engine), expected) == {}


@settings(max_examples=settings.default.max_examples // 10)
@given(history=histories())
def test_several_workers_at_once_end_in_the_same_state(history, at_work, engine, redis_client):
    expected = as_it_happened(history, at_work, engine)

    redis_client.flushall()
    begin(engine, history.speakers)
    for arrival in (each for batch in history.batches for each in batch):
        at_work.inboxes.append(inbox_of(arrival.kind, arrival.type), arrival.head(), arrival.body)
    drain_all(at_work)

    assert differences(state_of(engine), expected) == {}


def drain_all(services):
    """Until every inbox is empty."""

    def work(inboxes):
        return {drain(inbox, services) for inbox in inboxes}

    with ThreadPoolExecutor(WORKERS) as pool:
        ends = set().union(*pool.map(work, [INBOXES[n::WORKERS] for n in range(WORKERS)]))
    assert ends == {"asleep"}


def in_every_order(history, at_work, engine):
    """After each, somebody looks."""
    for order in permutations(history):
        begin(engine)
        for event in order:
            process([event], at_work)
        yield


def test_an_older_token_update_does_not_bring_a_checked_out_device_back(at_work, engine):
    rng = random.Random(1)
    clock = increasing(lambda: NOON)
    (device,) = make_devices(1, rng=rng, clock=clock, kinds=[Kind.MAC])
    messages = [device.authenticate(), device.token_update(), device.check_out()]

    for _ in in_every_order(relayed(messages, through_nanomdm=[False, True, False]), at_work, engine):
        row = only_row(engine, devices)
        assert (row["enrolled"], row["serial_number"]) == (False, device.identity.serial_number)
        assert row["last_seen_at"] - row["first_seen_at"] < timedelta(seconds=1)


def test_every_order_of_an_enrolment_and_its_end_of_waiting_ends_in_a_device_that_waits_no_more(lab, at_work, engine):
    waits = {"Token": b"t", "PushMagic": "m", "AwaitingConfiguration": True}
    said = [
        check_in("Authenticate", at=NOON),
        check_in("TokenUpdate", at=NOON + SECOND, **waits),
        answer("NotNow", at=NOON + 2 * SECOND, command_uuid="configured"),
        answer("Acknowledged", at=NOON + 3 * SECOND, command_uuid="configured"),
    ]
    history = [envelope(body, received_at=NOON + 10 * SECOND) for body in said]

    for order in permutations(history):
        begin(engine, [lab.udid])
        for event in order:
            process([event], at_work)

        assert only_row(engine, devices)["facts"]["AwaitingConfiguration"][0] is False


def test_every_order_of_whole_and_other_answers_ends_in_what_happened(lab, at_work, engine):
    story = [("installed", "ab", 1), ("some", "ac", 2), ("installed", "bc", 3), ("theirs", "d", 4)]
    history = [listed(asked, names, number) for asked, names, number in story]

    for order in permutations(history):
        begin(engine, [lab.udid])
        for event in order:
            process([event], at_work)

        apps = rows(engine, installed_apps)
        assert {row["key"]: row["bundle_size"] for row in apps} == {"b": 3, "c": 3, "d": 4}


def listed(command_uuid, names, number):
    apps = [{"Identifier": name, "BundleSize": number} for name in names]
    body = answer("Acknowledged", at=NOON + number * SECOND, command_uuid=command_uuid, InstalledApplicationList=apps)
    return envelope(body, received_at=NOON + 10 * SECOND)


def test_every_order_of_records_of_jamf_pro_ends_in_what_happened(at_work, engine):
    known = [
        {"osVersion": "15.5", "room": "Pier"},
        {"osVersion": "15.6", "room": "Quay"},
        {"osVersion": "15.5", "ipAddress": "::1"},
    ]
    history = [
        told("ComputerCheckIn", {"jssID": 1, **fields}, at=NOON + number * SECOND)
        for number, fields in enumerate(known)
    ]

    for _ in in_every_order(history, at_work, engine):
        facts = only_row(engine, jamf_devices)["facts"]
        assert [facts[name][0] for name in ("osVersion", "room", "ipAddress")] == ["15.5", "Quay", "::1"]
        spans = {row["value"]: (row["first_at"], row["last_at"]) for row in rows(engine, device_history)}
        ends = {"15.5": (0, 2), "15.6": (1, 1), "::1": (2, 2)}
        assert spans == {value: (NOON + a * SECOND, NOON + b * SECOND) for value, (a, b) in ends.items()}


def test_every_order_of_members_that_come_and_go_ends_in_who_is_there(at_work, engine):
    changes = [([1, 2], []), ([1, 3], [2]), ([2], [1])]
    history = [
        told(
            "SmartGroupComputerMembershipChange",
            {"jssid": 9, "groupAddedDevicesIds": added, "groupRemovedDevicesIds": removed},
            at=NOON + number * SECOND,
        )
        for number, (added, removed) in enumerate(changes)
    ]

    for _ in in_every_order(history, at_work, engine):
        assert {row["member_id"] for row in rows(engine, jamf_memberships) if row["is_member"]} == {"2", "3"}
