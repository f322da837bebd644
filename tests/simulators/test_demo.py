"""The demo's world: everything happens in it, and however long it runs, it keeps nothing."""

import json
import random
import threading
from collections import Counter

import pytest

from simulators.demo import collect, line
from simulators.demo_jamf import SECRET_FILE
from simulators.demo_life import BACKLOG, Life
from simulators.demo_world import API_KEYS, Place, World, open_world
from tests.simulators.conftest import START

NAMES = ("micromdm", "nanomdm", "apps-and-books", "jamf", *API_KEYS.values(), SECRET_FILE)


@pytest.fixture
def world(receiver, tmp_path):
    for name in NAMES:
        (tmp_path / name).write_text(f"secret of {name}\n")
    ingest = receiver.url.removesuffix("/webhooks/here")
    place = Place(
        ingest=ingest, secrets=tmp_path, micromdm=0, nanomdm=0, jamf=0, smtp=0, chat="http://127.0.0.1:0/services/demo"
    )
    with open_world(place, 20) as opened:
        yield opened


def run(world: World, ticks: int) -> Life:
    life = Life(world, rng=random.Random(4))
    for number in range(ticks):
        life.tick()
        if number % 20 == 0:
            assert all(sender.drain(10) for sender in world.senders)
    assert all(sender.drain(10) for sender in world.senders)
    return life


def names(receiver) -> Counter[str]:
    documents = [json.loads(arrival.body) for arrival in receiver.arrivals]
    return Counter(
        one.get("topic") or one.get("notificationType") or one["webhook"]["webhookEvent"] for one in documents
    )


def test_in_a_quarter_of_an_hour_everything_has_happened(world, receiver):
    run(world, 3600)

    happened = names(receiver)
    assert happened["mdm.Authenticate"] > 20
    assert happened["mdm.CheckOut"]
    assert happened["MobileDeviceEnrolled"]
    assert happened["ORCHARD_RIPENED"]
    assert happened["USER_MANAGEMENT"]
    assert happened["USER_ASSOCIATED"]
    assert happened["ASSET_COUNT"] > 4
    bodies = [json.loads(arrival.body) for arrival in receiver.arrivals]
    results = {
        (one["notification"]["type"], one["notification"]["result"])
        for one in bodies
        if one.get("notificationType") == "ASSET_MANAGEMENT"
    }
    assert results == {("ASSOCIATE", "SUCCESS"), ("ASSOCIATE", "FAILURE"), ("DISASSOCIATE", "SUCCESS")}


def test_jamf_pro_has_a_record_of_whom_its_events_are_about(world, receiver):
    run(world, 400)

    catalog = world.jamf_server.catalog
    events = [json.loads(arrival.body) for arrival in receiver.arrivals if b"InventoryCompleted" in arrival.body]
    assert {one["webhook"]["webhookEvent"] for one in events} == {
        "ComputerInventoryCompleted",
        "MobileDeviceInventoryCompleted",
    }
    for said in (one["event"] for one in events):
        families = (catalog.computers, catalog.mobiles)
        record = next(family[said["jssID"]] for family in families if _serial_at(family, said) == said["serialNumber"])
        assert record.fields["udid"] == said["udid"]


def _serial_at(family, said):
    record = family.get(said["jssID"])
    return record.fields["serialNumber"] if record else None


def test_what_was_written_down_is_counted_once_and_kept_no_longer(world):
    run(world, 200)

    first, second = collect(world), collect(world)

    assert first.events > 100
    assert (first.unanswered, second.events) == (0, 0)
    assert [sender.results for sender in world.senders] == [[], [], [], []]
    assert not any(member.answers or member.commands or member.received for _, member in world.members())
    assert line(world, first, START).startswith("08:30:00  devices enrolled: 20 of 20, apps on them: 0. ")


def test_while_nobody_listens_nothing_piles_up(world, receiver):
    gate = threading.Event()
    receiver.gate = gate.wait
    life = Life(world, rng=random.Random(4))

    for _ in range(2000):
        life.tick()

    assert sum(sender.pending for sender in world.senders) < BACKLOG + 50
    gate.set()


def test_a_secret_that_is_empty_is_named(world, tmp_path):
    (tmp_path / "jamf").write_text("\n")
    place = Place(
        ingest="http://127.0.0.1:1", secrets=tmp_path, micromdm=0, nanomdm=0, jamf=0, smtp=0, chat="http://x/y"
    )

    with pytest.raises(ValueError, match="there is no secret in"), open_world(place, 4):
        pass
