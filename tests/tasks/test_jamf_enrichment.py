"""The whole way: a simulated Jamf Pro tells of an inventory, is read, and tells of that read again."""

from dataclasses import replace

import pytest

from clients.jamf_server import MOST_AT_ONCE
from domain.classification import Arrival, classify
from simulators.http_server import Answer, HttpServer
from simulators.jamf_api import CLIENT, JamfApi
from simulators.jamf_definitions import definition
from state.schema import actions, jamf_api_operations, jamf_devices
from tasks.manners import MANNERS, manner_of, slots_of
from tasks.process import process
from tasks.setup import Setup
from tests.deliveries import NOON
from tests.jamf_pro import client, stock
from tests.tasks.lab import rows

SETUP = Setup(jamf_enriched=frozenset({"jamf"}), jamf_accounts={"jamf": CLIENT.name})


class Door(HttpServer):
    """Keeps what is posted to it."""

    def __init__(self):
        super().__init__()
        self.requests = []

    def answer(self, request):
        self.requests.append(request)
        return Answer(status=200)


@pytest.fixture
def door():
    with Door() as open_door:
        yield open_door


@pytest.fixture
def server(door):
    with JamfApi(clock=lambda: NOON) as started:
        stock(started)
        for event in ("ComputerInventoryCompleted", "MobileDeviceInventoryCompleted", "RestAPIOperation"):
            started.webhooks.save(definition(event, door.url, content_type="application/json"))
        yield started


@pytest.fixture
def turn(services, world, server, door):
    """What came to the door is processed, and what is owed half a minute later is delivered."""
    world.connect(jamf={"jamf": client(server)}, setup=SETUP)

    def turn():
        assert server.webhooks.drain(20)
        taken, door.requests = door.requests, []
        process(
            [_envelope(request, world.now) for request in taken], replace(services, setup=SETUP, now=lambda: world.now)
        )
        world.later(30)
        return world.deliver("jamf:jamf")

    return turn


def _envelope(request, now):
    arrival = Arrival(
        delivery_id=f"{id(request):032x}"[-32:],
        sender="jamf",
        kind="jamf",
        content_type=request.headers["content-type"],
        remote_addr="127.0.0.1",
        body=request.body,
        received_at=now,
    )
    return arrival.envelope(classify(arrival))


def test_an_inventory_event_is_followed_by_one_read_and_nothing_after_that(world, server, turn):
    mac = server.catalog.computers[2]
    server.fire("ComputerInventoryCompleted", about=mac)
    # What the event did not say, and what changed since.
    server.catalog.computers[2] = replace(mac, fields={**mac.fields, "osVersion": "15.5"})

    assert turn() == "idle"

    assert [row["state"] for row in rows(world.engine, actions)] == ["done"]
    [device] = rows(world.engine, jamf_devices)
    assert (device["jamf_id"], device["os_version"]) == ("2", "15.5")
    assert device["facts"]["modelIdentifier"][0] == "Mac15,12"
    reads = server.count("GET")
    for _ in range(3):
        turn()
    assert server.count("GET") == reads
    assert len(rows(world.engine, actions)) == 1
    operations = rows(world.engine, jamf_api_operations)
    assert {row["authorized_username"] for row in operations} == {CLIENT.name}
    assert len(operations) == reads


def test_many_devices_are_read_by_all_hands_with_five_connections_at_most(world, server, turn):
    stock(server, computers=60)
    for record in server.catalog.computers.values():
        server.fire("ComputerInventoryCompleted", about=record)

    turn()

    assert {row["state"] for row in rows(world.engine, actions)} == {"done"}
    assert len(rows(world.engine, jamf_devices)) == 60
    assert server.most_at_once <= MOST_AT_ONCE


def test_a_server_that_asks_for_quiet_has_it_and_nothing_is_lost(world, server, turn):
    server.fire("ComputerInventoryCompleted", about=server.catalog.computers[1])
    server.fire("ComputerInventoryCompleted", about=server.catalog.computers[2])
    server.be_busy(retry_after=40)

    assert turn() == "paused"
    calls = len(server.calls)
    world.later(39)
    assert (world.deliver("jamf:jamf"), len(server.calls)) == ("paused", calls)

    world.later(1)
    world.deliver("jamf:jamf")

    assert {row["state"] for row in rows(world.engine, actions)} == {"done"}
    assert len(rows(world.engine, jamf_devices)) == 2


def test_a_server_that_is_not_configured_any_more_is_owed_nothing(world, services, server, turn):
    server.fire("ComputerInventoryCompleted", about=server.catalog.computers[1])
    world.connect(jamf={})

    assert turn() == "idle"
    [row] = rows(world.engine, actions)
    assert (row["state"], "any more" in row["error"]) == ("done", True)


def test_the_hands_of_all_processes_and_the_one_that_reads_everything_are_five():
    assert manner_of("jamf:jamf", SETUP).slots + 1 == MOST_AT_ONCE


def test_senders_of_one_server_share_its_hands(world, server):
    setup = Setup(
        jamf_urls={"jamf": server.url, "jamf-signed": server.url.upper() + "/", "other": "https://jamf.example"}
    )
    world.connect(jamf={name: client(server) for name in setup.jamf_urls}, setup=setup)
    destinations = [f"jamf:{name}" for name in setup.jamf_urls]
    taken = [
        world.slots.take(slots_of("jamf:jamf", setup), MANNERS["jamf"].slots) for _ in range(MANNERS["jamf"].slots)
    ]

    assert [world.deliver(destination) for destination in destinations] == ["busy", "busy", "idle"]
    for slot in taken:
        slot.release()
    assert [world.deliver(destination) for destination in destinations] == ["idle"] * 3
