import random
from dataclasses import dataclass, field, replace

import pytest

from clients.mail import Mailer
from clients.micromdm import MicroMDM
from clients.nanomdm import NanoMDM
from config.inbox import Inboxes
from simulators.devices import Device
from simulators.identities import Kind, draw_identity
from simulators.jamf_api import JamfApi
from simulators.micromdm_api import MicroMDMApi
from simulators.nanomdm_api import Build, NanoMDMApi
from simulators.nanomdm_queue import Storage
from simulators.smtp import MailServer
from tasks.healing import push_again
from tasks.process import process
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tests.deliveries import BUNDLE_ID, UDID, answer, envelope
from tests.jamf_pro import client, stock
from tests.tasks.delivering import DEVICES, HOUR, KEY, MICROMDM, SETUP, World, enrol
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


@pytest.fixture
def begun(asked):
    """One that has acknowledged it."""
    asked.acknowledge()
    return asked


@pytest.fixture
def installed(begun):
    """One that has had the app for an hour."""
    begun.list_apps(**{BUNDLE_ID: "Managed"})
    begun.wait(hours=1)
    return begun


@pytest.fixture
def mac(lab):
    """A simulated device; only what `lab.hear` is given of it reaches us."""
    rng = random.Random(7)
    device = Device(draw_identity(Kind.MAC, rng), rng=rng, clock=lab.tick)
    lab.udid, lab.serial = device.identity.udid, device.identity.serial_number
    return device


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


@pytest.fixture
def api(micromdm_api):
    """A MicroMDM that knows our device, and pushes it."""
    micromdm_api._push_data.add(UDID)
    return micromdm_api


@pytest.fixture
def house(micro, services):
    """Those who keep house, at the time of that world."""
    return replace(services, setup=SETUP, now=lambda: micro.now)


@pytest.fixture
def beat(micro, house):
    """Let hours pass, every half hour or in ``steps`` of so many, with what beat and the effects do then."""

    def tick(hours=4, steps=0.5):
        for _ in range(int(hours / steps)):
            micro.later(steps * HOUR)
            if push_again(house):
                micro.deliver(MICROMDM)
            if "pending" in micro.states():
                micro.later(60)
                micro.deliver(MICROMDM)

    return tick


@pytest.fixture
def device_says(micro, house):
    """Its device answers so, to a command or to the only one."""

    def say(status, row=None):
        if row is None:
            [row] = micro.commands().values()
        said = answer(status, at=micro.now, udid=row.device_id, command_uuid=row.command_uuid)
        process([envelope(said, received_at=micro.now)], house)

    return say


@pytest.fixture
def mails(world):
    """A mail server, which that world has."""
    with MailServer() as server:
        world.connect(mailer=Mailer(server.url, "windfall@example.org", deadline=5.0))
        yield server


@pytest.fixture
def jamf_api():
    """A Jamf Pro with a few records."""
    with JamfApi() as server:
        stock(server)
        yield server


@pytest.fixture
def read(world, jamf_api):
    """One reconcile, through our client or another."""

    def read(pro=None, **options):
        world.connect(jamf={"jamf": pro or client(jamf_api)})
        return world.read_jamf(**options)

    return read
