"""What is read in a Jamf Pro meets what its events say: the order in which they come does not matter."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from domain.facts import fact
from simulators.identities import Kind
from simulators.jamf import Form, write
from simulators.jamf_api import JamfApi
from simulators.jamf_library import Build
from state.schema import device_history, jamf_devices
from state.unit_of_work import unit_of_work
from tasks.jamf_telling import LAG, tell_records
from tasks.process import process
from tests.databases import empty
from tests.deliveries import MINUTE, NOON, SECOND, envelope
from tests.jamf_pro import client, make_record, stock
from tests.tasks.lab import rows


@pytest.fixture
def server():
    with JamfApi() as started:
        stock(started)
        yield started


def hear(services, topic, fields, at):
    about = {"id": 30, "name": "x", "webhookEvent": topic, "eventTimestamp": int(at.timestamp() * 1000)}
    body = write({"webhook": about, "event": fields}, Form())
    process([envelope(body, kind="jamf", received_at=at)], replace(services, now=lambda: at))


def tell(world, record, began):
    with unit_of_work(world.engine, NOON) as uow:
        tell_records(uow, "jamf", [record], began)


@pytest.mark.parametrize(
    ("after", "expected"), [(-SECOND, "read"), (timedelta(0), "event"), (SECOND, "event"), (LAG, "event")]
)
@pytest.mark.parametrize("event_first", [True, False])
def test_an_event_wins_over_a_read_of_its_moment_whichever_came_first(
    world, services, server, after, expected, event_first
):
    fields = server.catalog.computers[1].fields
    server.catalog.computers[1] = make_record(Kind.MAC, 1, deviceName="read")
    record = client(server).record("computer", "1")
    steps = [
        lambda: hear(services, "ComputerInventoryCompleted", {**fields, "deviceName": "event"}, NOON - LAG + after),
        lambda: tell(world, record, NOON),
    ]

    for step in steps if event_first else reversed(steps):
        step()

    [row] = rows(world.engine, jamf_devices)
    assert row["name"] == expected


def test_order_and_repetition_of_reads_and_events_do_not_matter(world, services, server):
    """Two reads and three events, in several orders and twice, end in the same rows."""
    mac = server.catalog.computers[1].fields
    pro = client(server)
    early = pro.record("computer", "1")
    server.catalog.computers[1] = replace(
        server.catalog.computers[1], fields={**mac, "deviceName": "renamed"}, contact_at=NOON + 30 * SECOND
    )
    late = pro.record("computer", "1")

    def event(topic, at, **changed):
        fields = {**mac, **changed}
        content = {"computer": fields, "trigger": "x", "username": "u"} if topic == "ComputerCheckIn" else fields
        return lambda: hear(services, topic, content, at)

    steps = [
        lambda: tell(world, early, NOON),
        event("ComputerCheckIn", NOON - 10 * MINUTE, osVersion="15.3"),
        event("ComputerInventoryCompleted", NOON + MINUTE, room="Q9"),
        lambda: tell(world, late, NOON + 2 * MINUTE),
        event("ComputerAdded", NOON - 20 * MINUTE, deviceName="first"),
    ]
    ends = []
    for order in ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (3, 0, 3, 2, 4, 1, 0), (2, 4, 2, 0, 1, 3, 3)):
        empty(world.engine)
        for number in order:
            steps[number]()
        ends.append((rows(world.engine, jamf_devices), rows(world.engine, device_history)))

    assert ends[1:] == ends[:1] * 3
    [row], history = ends[0]
    assert (row["name"], row["checked_in_at"]) == ("renamed", NOON + 30 * SECOND)
    assert fact(row["facts"], "trigger") == "x"
    assert {each["device_id"] for each in history} == {row["id"]}
    names = {each["value"]: each["last_at"] for each in history if each["name"] == "deviceName"}
    assert names == {
        "first": NOON - 20 * MINUTE, "device 1": NOON + MINUTE, "renamed": NOON + 2 * MINUTE - LAG
    }  # fmt: skip


@pytest.mark.parametrize("build", [Build(), Build(inventories=("v1",)), Build(inventories=())])
def test_whose_a_device_is_no_more_is_nobody_whatever_came_first(world, services, build):
    """A blank in an event is what nobody knows; in a record it is what somebody took out."""
    with JamfApi(build=build) as server:
        stock(server, computers=1)
        pro = client(server)
        mac = {**server.catalog.computers[1].fields, "username": "ivarga", "realName": "Ilona Varga"}
        server.catalog.computers[1] = replace(server.catalog.computers[1], fields=mac)
        before = pro.record("computer", "1")
        server.catalog.remove_user(1)
        after = pro.record("computer", "1")
    blank = {**mac, "username": "", "realName": "", "department": ""}
    steps = [
        lambda: hear(services, "ComputerInventoryCompleted", mac, NOON),
        lambda: tell(world, before, NOON + MINUTE),
        lambda: hear(services, "ComputerInventoryCompleted", {**blank, "room": "Q9"}, NOON + 2 * MINUTE),
        lambda: tell(world, after, NOON + 4 * MINUTE),
    ]

    def told_after(*order):
        empty(world.engine)
        for number in order:
            steps[number]()
        [row] = rows(world.engine, jamf_devices)
        return {name: fact(row["facts"], name) for name in ("username", "realName", "department", "room")}

    assert told_after(0, 1, 2) == {
        "username": "ivarga", "realName": "Ilona Varga", "department": "Cartography", "room": "Q9"
    }  # fmt: skip
    orders = [*permutations(range(4)), (0, 3, 0, 2, 3, 1)]
    assert [told_after(*order) for order in orders] == [
        {"username": "", "realName": "", "department": "", "room": ""}
    ] * len(orders)


def first_listed(pro):
    return next(pro.records("mobile_device"))[0]


def first_by_number(pro):
    return pro.record("mobile_device", "1001")


@pytest.mark.parametrize(
    ("build", "first"),
    [
        (Build(), first_listed),
        (Build(mobile_lists=("summary",)), first_by_number),
        (Build(mobile_lists=()), first_listed),
    ],
)
def test_a_mobile_device_of_which_no_event_told_that_it_left_or_came_back_is_read_to_have(
    world, services, build, first
):
    with JamfApi(build=build) as server:
        stock(server, mobiles=1)
        known, pro = server.catalog.mobiles, client(server)
        ipad = known[1001].fields

        def read(managed):
            known[1001] = replace(known[1001], managed=managed)
            return first(pro)

        gone, back = read(False), read(True)
    steps = [
        lambda: hear(services, "MobileDeviceEnrolled", ipad, NOON),
        lambda: tell(world, gone, NOON + MINUTE),
        lambda: hear(services, "MobileDeviceEnrolled", ipad, NOON + 2 * MINUTE),
        lambda: tell(world, gone, NOON + 2 * MINUTE + LAG),
        lambda: tell(world, back, NOON + 3 * MINUTE),
        lambda: hear(services, "MobileDeviceUnEnrolled", ipad, NOON + 4 * MINUTE),
        lambda: tell(world, back, NOON + 4 * MINUTE + LAG),
    ]

    def enrolled_after(*order):
        empty(world.engine)
        for number in order:
            steps[number]()
        [row] = rows(world.engine, jamf_devices)
        return row["enrolled"]

    said = [True, False, True, True, True, False, False]
    assert [enrolled_after(*range(number + 1)) for number in range(len(steps))] == said
    assert [enrolled_after(*reversed(range(number + 1))) for number in range(len(steps))] == said
    assert enrolled_after(4) is True


def test_a_computer_that_is_not_managed_may_be_enrolled_all_the_same(world, services, server):
    mac = server.catalog.computers[1]
    server.catalog.computers[1] = replace(mac, managed=False)
    hear(services, "ComputerAdded", mac.fields, NOON)

    tell(world, client(server).record("computer", "1"), NOON + MINUTE)

    [row] = rows(world.engine, jamf_devices)
    assert (row["enrolled"], fact(row["facts"], "managed")) == (True, False)


def test_what_only_reads_told_is_remembered_from_the_first_to_the_last(world, server):
    pro = client(server)
    for number, version in enumerate(("15.4", "15.4", "15.5")):
        server.catalog.computers[1] = make_record(Kind.MAC, 1, os_version=version)
        tell(world, pro.record("computer", "1"), NOON + number * MINUTE)

    found = {
        (row["name"], row["value"]): (row["first_at"] + LAG, row["last_at"] + LAG)
        for row in rows(world.engine, device_history)
    }
    fields = server.catalog.computers[1].fields
    both = (NOON, NOON + 2 * MINUTE)
    assert found == {
        ("osVersion", "15.4"): (NOON, NOON + MINUTE),
        ("osVersion", "15.5"): (NOON + 2 * MINUTE, NOON + 2 * MINUTE),
        **{(name, fields[name]): both for name in ("deviceName", "ipAddress", "reportedIpAddress")},
    }
