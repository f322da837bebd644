"""What is read in a Jamf Pro meets what its events say: the order in which they come does not matter."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.facts import fact
from simulators.identities import Kind
from simulators.jamf import Form, write
from simulators.jamf_api import JamfApi
from state.engine import write_transaction
from state.schema import device_history, jamf_devices, metadata
from state.unit_of_work import unit_of_work
from tasks.jamf_telling import LAG, tell_records
from tasks.process import process
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
        with write_transaction(world.engine) as connection:
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
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
