from dataclasses import dataclass, field

import pytest

from clients.micromdm import MicroMDM
from clients.nanomdm import NanoMDM
from config.inbox import Inboxes
from simulators.micromdm_api import MicroMDMApi
from simulators.nanomdm_api import Build, NanoMDMApi
from simulators.nanomdm_queue import Storage
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tests.tasks.delivering import DEVICES, KEY, World, enrol
from tests.tasks.lab import Lab

load_handlers()


@dataclass
class RecordedWakes:
    inboxes: list[str] = field(default_factory=list)

    def __call__(self, inbox: str) -> None:
        self.inboxes.append(inbox)


@pytest.fixture
def wakes():
    return RecordedWakes()


@pytest.fixture
def services(engine, redis_client, wakes):
    return Services(engine=engine, inboxes=Inboxes(redis_client), wake=wakes, fingerprint=keyed_fingerprint(b"k" * 32))


@pytest.fixture
def world(engine, redis_client):
    return World(engine, redis_client)


@pytest.fixture
def lab(services):
    return Lab(services)


@pytest.fixture
def asked(lab):
    """A device that has been sent the command to install an app."""
    lab.enrol()
    lab.license()
    lab.deliver()
    return lab


@pytest.fixture(params=[Storage.KV, Storage.POSTGRESQL], ids=["kv", "sql"])
def storage(request):
    """Where the simulated NanoMDM keeps its queues."""
    return request.param


@pytest.fixture
def nanomdm_api(storage):
    with NanoMDMApi(api_key=KEY, build=Build(storage=storage)) as server:
        enrol(server, *DEVICES)
        yield server


@pytest.fixture
def micromdm_api():
    with MicroMDMApi(api_key=KEY) as server:
        yield server


@pytest.fixture
def micro(world, micromdm_api):
    """A world with a MicroMDM."""
    world.connect(mdm={"micromdm": MicroMDM(micromdm_api.url, lambda: KEY, deadline=5.0)})
    return world


@pytest.fixture
def nano(world, nanomdm_api):
    """A world with a NanoMDM that knows our devices."""
    world.connect(mdm={"nanomdm": NanoMDM(nanomdm_api.url, lambda: KEY, deadline=5.0)})
    return world
