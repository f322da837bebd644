"""A world to deliver to: a ledger, slots, and a clock that only moves when it is told."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from config.slots import Slots
from domain.commands import install_application
from simulators.mdm_server import MDMServer
from simulators.nanomdm_api import NanoMDMApi
from state.outbox import NewAction, claim
from state.schema import actions, commands
from state.unit_of_work import unit_of_work
from tasks.actions.send_command import SendCommand
from tasks.deliver import Deliverer, deliver
from tasks.effects import load_actions
from tasks.jamf_reconcile import reconcile
from tasks.manners import CLAIM
from tasks.outside import Outside
from tasks.owing import Action, Owed
from tasks.setup import Setup
from tests.deliveries import APP, NOON

load_actions()

MICROMDM, NANOMDM = "mdm:micromdm", "mdm:nanomdm"
SETUP = Setup(mdm_servers={"micromdm": "micromdm", "nanomdm": "nanomdm"}, mail_to=("a@example.org",), chat=True)
KEY = "the-key-of-the-api"
HOUR = 3600.0

DEVICES = tuple(f"A1B2C3D4-0000-5000-8000-{n:012}" for n in range(5))
STRANGER = "A1B2C3D4-0000-5000-8000-00000000FFFF"


class World:
    """``now`` is the time; ``wakes`` and ``pauses`` are what deliveries asked for. No client is there at first."""

    def __init__(self, engine: Engine, redis_client: Any, *, setup: Setup = SETUP) -> None:
        self.now = NOON
        self.engine = engine
        self.wakes: list[str] = []
        self.pauses: list[float] = []
        self.slots = Slots(redis_client)
        self.jitter = lambda: 1.0
        self.outside = Outside(engine=engine, now=lambda: self.now, setup=setup)

    def connect(self, **clients: Any) -> None:
        """From now on the world has these: ``mdm``, ``mailer``, ``chat``."""
        self.outside = replace(self.outside, **clients)

    def follow_the_clock(self) -> None:
        """From now on it is as late as it is."""
        self.connect(now=lambda: datetime.now(UTC))

    def deliver(self, destination: str) -> str:
        """One delivery, in which no time passes."""
        return deliver(destination, self._deliverer(self.pauses.append))

    def read_jamf(self, sender: str = "jamf", **options: Any) -> int:
        """One reconcile, in whose pauses time passes."""

        def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            self.later(seconds)

        return reconcile(sender, self._deliverer(pause), **options)

    def _deliverer(self, pause: Callable[[float], None]) -> Deliverer:
        return Deliverer(
            outside=self.outside,
            slots=self.slots,
            wake=self.wakes.append,
            monotonic=self.seconds,
            pause=pause,
            jitter=self.jitter,
        )

    def seconds(self) -> float:
        return self.now.timestamp()

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def owe(self, *owed: Action, key: str = "") -> list[str]:
        """Each is owed under a key of its own; the ids, in this order."""
        records = [Owed(action=one, key=f"{key}:{self._count()}:{n}").record(self.now) for n, one in enumerate(owed)]
        self.add(*records)
        return [record.id for record in records]

    def add(self, *records: NewAction) -> None:
        with unit_of_work(self.engine, self.now) as uow:
            for record in records:
                uow.owe(record)

    def crash(self, destination: str, *, limit: int = 1000) -> list[str]:
        """Somebody claims what is due there, and is never heard of again; the claim has run out by now."""
        until = self.now + timedelta(seconds=CLAIM)
        claimed = claim(self.engine, destination, now=self.now, until=until, limit=limit)
        self.later(CLAIM)
        return [one.id for one in claimed]

    def actions(self) -> dict[str, Any]:
        """Rows by id, in the order of their ids."""
        return dict(self._rows(actions))

    def commands(self) -> dict[str, Any]:
        return dict(self._rows(commands))

    def settle_all(self, destination: str, *, rounds: int = 12) -> None:
        """Deliver and let time pass until nothing is owed any more, or for so many rounds."""
        for _ in range(rounds):
            self.deliver(destination)
            if set(self.states(destination)) <= {"done", "dead"}:
                return
            self.later(400)

    def states(self, destination: str = "") -> list[str]:
        """Of all actions, or those of one destination, in the order of their ids."""
        return [row.state for row in self.actions().values() if row.destination == (destination or row.destination)]

    def _count(self) -> int:
        return len(self.actions())

    def _rows(self, table: Any) -> Iterator[tuple[str, Any]]:
        with self.engine.connect() as connection:
            for row in connection.execute(select(table).order_by(table.c.id)):
                yield row.id, row


def install(device_id: str, *, sender: str = "nanomdm", adam_id: str = APP) -> SendCommand:
    return order(device_id, "InstallApplication", sender=sender, **install_application(adam_id).arguments)


def order(device_id: str, request_type: str, *, sender: str = "micromdm", **arguments: Any) -> SendCommand:
    return SendCommand(device_id=device_id, sender=sender, request_type=request_type, arguments=arguments)


def enrol(server: NanoMDMApi, *device_ids: str) -> None:
    """What their TokenUpdates leave behind."""
    server._push_data |= set(device_ids)
    server._queues.known |= set(device_ids)


def queued(server: MDMServer, devices: Sequence[str]) -> list[int]:
    """How many commands wait for each device."""
    return [len(server.queue(device)) for device in devices]
