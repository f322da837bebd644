"""A place for tests of decisions: Apple, a device, its MDM server, and a clock that moves when it is told to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Table, select

from domain.envelope import Envelope
from state.calls import begin_call
from state.outbox import Settlement, claim, settle
from state.pending import SLICES
from state.schema import actions, commands, installs
from tasks.healing import UNOWED_INTERVAL, owe_installs
from tasks.process import process
from tasks.services import Services
from tasks.setup import Setup
from tests.databases import empty
from tests.deliveries import BUNDLE_ID, NOON, SECOND, SERIAL, UDID, answer, check_in, envelope, managed

SETUP = Setup(mdm_servers={"micromdm": "micromdm", "eu": "micromdm", "nanomdm": "nanomdm"})
INSTALL, LIST, REMOVE = "InstallApplication", "ManagedApplicationList", "RemoveApplication"
NO_LICENSE = [{"ErrorCode": 9610, "ErrorDomain": "ASDServerErrorDomain", "LocalizedDescription": "License not found"}]
REFUSED = [{"ErrorCode": 12021, "ErrorDomain": "MCMDMErrorDomain", "LocalizedDescription": "unknown"}]


def rows(engine: Engine, table: Table, **wanted: Any) -> list[Any]:
    """The rows whose columns have these values, by their ids."""
    conditions = [table.c[name] == value for name, value in wanted.items()]
    with engine.connect() as connection:
        found = connection.execute(select(table).where(*conditions)).mappings().all()
    return sorted(found, key=lambda row: str(row.get("id", "")))


def stored(engine: Engine, table: Table, *columns: str) -> Sequence[Any]:
    """All rows as the database gives them, whole or these columns of them."""
    with engine.connect() as connection:
        return connection.execute(select(*(table.c[name] for name in columns or table.c.keys()))).mappings().all()


def only_row(engine: Engine, table: Table) -> Any:
    """The one row that there is."""
    (row,) = rows(engine, table)
    return row


@dataclass
class Lab:
    """Every event takes a second; it is processed by itself at the moment it happened, unless told otherwise."""

    services: Services
    now: datetime = NOON
    udid: str = UDID
    serial: str = SERIAL
    sender: str = "micromdm"
    setup: Setup = field(default=SETUP)
    woken: list[str] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.services.engine

    @property
    def at_work(self) -> Services:
        return replace(self.services, setup=self.setup, now=lambda: self.now)

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def hear(self, *arrivals: Envelope) -> None:
        """One batch."""
        process(arrivals, self.at_work)

    def tick(self) -> datetime:
        self.now += SECOND
        return self.now

    def forget(self) -> None:
        """Nothing was ever heard."""
        empty(self.engine)

    # Apple

    def license(self, *serials: str, **more: Any) -> Envelope:
        arrival = managed(*(serials or (self.serial,)), at=self.tick(), **more)
        self.hear(arrival)
        return arrival

    def take_back(self, *serials: str, **more: Any) -> Envelope:
        return self.license(*serials, **{"change": "DISASSOCIATE", **more})

    # the device

    def said(self, body: dict[str, Any]) -> Envelope:
        """As its server relays it at this moment."""
        return envelope(body, sender=self.sender, received_at=self.now)

    def check_in(self, what: str, *, at: datetime | None = None, **content: Any) -> Envelope:
        at = at or self.tick()
        if what == "Authenticate" and self.serial:
            content = {"SerialNumber": self.serial, **content}
        if what == "TokenUpdate":
            content = {"Token": b"t", "PushMagic": "m", **content}
        arrival = self.said(check_in(what, at=at, udid=self.udid, **content))
        self.hear(arrival)
        return arrival

    def enrol(self, **content: Any) -> None:
        self.check_in("Authenticate", **content)
        self.check_in("TokenUpdate")

    def inform(self, serial: str | None = None) -> None:
        """It answers a DeviceInformation that somebody else asked for."""
        self.reply("Acknowledged", "another", QueryResponses={"SerialNumber": serial or self.serial})

    def reply(self, status: str, command_uuid: str, *, at: datetime | None = None, **content: Any) -> Envelope:
        body = answer(status, at=at or self.tick(), udid=self.udid, command_uuid=command_uuid, **content)
        arrival = self.said(body)
        self.hear(arrival)
        return arrival

    def answer(self, status: str, *, to: str = INSTALL, **content: Any) -> Envelope:
        """Its answer to the last command of this type."""
        return self.reply(status, self.commands(to)[-1]["command_uuid"], **content)

    def acknowledge(self, **content: Any) -> Envelope:
        return self.answer("Acknowledged", **{"Identifier": BUNDLE_ID, "State": "Installing", **content})

    def list_apps(self, **statuses: str) -> Envelope:
        """Its list of managed apps, whoever asked: by name, or of our app alone."""
        apps = {name.replace("_", "."): {"Status": status} for name, status in statuses.items()}
        return self.reply("Acknowledged", "another", ManagedApplicationList=apps)

    # our deliverers

    def deliver(self, state: str = "done", *, destination: str | None = None, **more: Any) -> list[str]:
        """Commands that are due go out and are settled so; the request types that went."""
        claimed = self.claim(destination)
        self.settle(claimed, state, **more)
        return [str(one.arguments.get("request_type")) for one in claimed]

    def claim(self, destination: str | None = None) -> list[Any]:
        """Those that are due are on their way to the server, and nobody knows yet how that went."""
        until = self.now + timedelta(minutes=4)
        claimed = claim(self.engine, destination or f"mdm:{self.sender}", now=self.now, until=until, limit=100)
        begun = set(begin_call(self.engine, [one.id for one in claimed], self.now))
        self.settle([one for one in claimed if one.id not in begun])
        return [one for one in claimed if one.id in begun]

    def settle(self, claimed: Sequence[Any], state: str = "done", **more: Any) -> None:
        ends = [Settlement(id=one.id, attempt=one.attempt, until=one.until, state=state, **more) for one in claimed]
        settle(self.engine, ends, self.now)

    # housekeeping

    def heal(self) -> int:
        """All parts of the licences are looked at, as beat does one after the other; how many actions that gave."""
        ticks = (self.now + part * timedelta(seconds=UNOWED_INTERVAL) for part in range(SLICES))
        return sum(owe_installs(replace(self.at_work, now=lambda at=at: at)) for at in ticks)  # type: ignore[misc]

    # what is so

    def commands(self, request_type: str = INSTALL) -> list[Any]:
        """Commands of this type, oldest first."""
        return sorted(
            rows(self.engine, commands, request_type=request_type), key=lambda row: (row["created_at"], row["id"])
        )

    def installs(self) -> list[Any]:
        return rows(self.engine, installs)

    @property
    def install(self) -> Any:
        """The one that is not released."""
        (found,) = [row for row in self.installs() if row["state"] != "released"]
        return found

    def states(self) -> list[str]:
        """Of all installs, by generation."""
        return [row["state"] for row in sorted(self.installs(), key=lambda row: row["generation"])]

    def command_states(self) -> list[str]:
        return [row["state"] for row in self.commands()]

    def notices(self) -> list[Any]:
        return rows(self.engine, actions, kind="send_mail")
