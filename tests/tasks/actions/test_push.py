import json
from dataclasses import asdict

import pytest

from clients.micromdm import MicroMDM
from clients.nanomdm import MOST_IDS, NanoMDM
from domain.errors import TransientError
from simulators.faults import Down
from simulators.micromdm_api import MicroMDMApi
from simulators.nanomdm_api import NanoMDMApi
from state.outbox import Claimed
from tasks.actions.push import Push
from tasks.effects import Needless
from tests.deliveries import MINUTE, NOON
from tests.tasks.delivering import DEVICES, KEY, STRANGER, enrol

EXAMPLE = Push(device_id=DEVICES[0], sender="nanomdm")


@pytest.fixture(params=["micromdm", "nanomdm"])
def server(request):
    made = MicroMDMApi(api_key=KEY) if request.param == "micromdm" else NanoMDMApi(api_key=KEY)
    with made as api:
        if request.param == "micromdm":
            api._push_data |= set(DEVICES)
        else:
            enrol(api, *DEVICES)
        yield api


@pytest.fixture
def world(outside, server):
    client = MicroMDM if isinstance(server, MicroMDMApi) else NanoMDM
    return outside(mdm={"nanomdm": client(server.url, lambda: KEY, deadline=5.0)})


def claimed(*device_ids):
    return [
        Claimed(
            id=f"{number:032x}",
            key=f"{number}",
            kind="push",
            destination=EXAMPLE.destination,
            arguments=asdict(Push(device_id=device_id, sender="nanomdm")),
            attempt=1,
            until=NOON + MINUTE,
        )
        for number, device_id in enumerate(device_ids)
    ]


def perform(world, *device_ids):
    return [result for results in Push.perform_many(claimed(*device_ids), world) for _, result in results]


def test_survives_the_ledger():
    assert Push(**json.loads(json.dumps(asdict(EXAMPLE)))) == EXAMPLE
    assert EXAMPLE.destination == "mdm:nanomdm"


def test_devices_are_pushed(server, world):
    assert perform(world, *DEVICES) == [None] * 5
    assert sorted(server.pushed) == list(DEVICES)


def test_a_device_that_cannot_be_pushed_is_left_to_its_next_push(server, world):
    pushed, stranger = perform(world, DEVICES[0], STRANGER)

    assert pushed is None
    assert stranger.startswith("not pushed: ")


def test_a_server_that_is_away_is_worth_another_try(server, world):
    server.go_down(Down.REFUSING)

    [result] = perform(world, DEVICES[0])

    assert isinstance(result, TransientError)
    assert result.down


def test_nanomdm_is_asked_for_many_at_once(outside):
    with NanoMDMApi(api_key=KEY) as api:
        devices = [f"D{number}" for number in range(MOST_IDS + 1)]
        enrol(api, *devices)
        world = outside(mdm={"nanomdm": NanoMDM(api.url, lambda: KEY)})

        assert perform(world, *devices, devices[0]) == [None] * (MOST_IDS + 2)
        assert api.count("GET") == 2


def test_without_its_server_nobody_is_asked(outside):
    [result] = perform(outside(), DEVICES[0])

    assert isinstance(result, Needless)
