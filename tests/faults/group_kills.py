"""`kill -9` of an effects worker at every step of a call to NanoMDM for many devices: each gets each command once."""

import os
import select as select_module
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select, update

from config.broker import deliverer_waker, make_app
from config.redis_connection import connect
from config.settings import Settings
from domain.commands import install_application
from domain.json_types import JSONObject
from simulators.managed_fleet import ManagedFleet, make_fleet
from simulators.nanomdm_api import NanoMDMApi
from state.engine import open_engine, write_transaction
from state.schema import actions, commands
from state.unit_of_work import unit_of_work
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed
from tests.faults.arena import wait_until
from tests.faults.dying import STEPS

ROOT = Path(__file__).parents[2]
DESTINATION = "mdm:nanomdm"
KEY = "the-key-of-the-api"
WITHOUT_REPLY = ("before the reply", "after a lost reply")
"""Steps at which we shoot: the call has taken effect and its answer hangs, or was cut off."""

LONG_AGO = timedelta(hours=1)
PATIENCE = 90.0


@dataclass(frozen=True, kw_only=True)
class Field:
    """Where it happens. ``redis`` and ``database`` are URLs."""

    home: Path
    redis: str
    database: str
    devices: int = 30

    def environment(self, server: NanoMDMApi) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("WINDFALL_")},
            "WINDFALL_HOME": str(self.home),
            "WINDFALL_REDIS_URL": self.redis,
            "WINDFALL_DATABASE_URL": self.database,
            "WINDFALL_FINGERPRINT_KEY": "k",
            "WINDFALL_NANOMDM_URL": server.url,
            "WINDFALL_NANOMDM_API_KEY": KEY,
            "WINDFALL_EFFECTS_THREADS": "4",
        }


def shoot(field: Field) -> JSONObject:
    """One group for every step, a worker that dies at it, and a last one that lives. Raises: AssertionError."""
    engine = open_engine(field.database)
    with NanoMDMApi(api_key=KEY) as server, make_fleet(server, field.devices) as fleet:
        fleet.enrol()
        steps = [*STEPS, *WITHOUT_REPLY]
        with workers(field, server) as hatch:
            for number, step in enumerate(steps):
                owe(engine, fleet, adam_id=str(number + 1))
                die_at(step, hatch)
            unsettled = count(engine, "running")
            finish(hatch, engine)
        assert fleet.settle(PATIENCE)
        report = check(fleet, engine, apps=len(steps))
        return {"steps": len(steps), "left_running": unsettled, "calls": server.count("PUT"), **report}


def owe(engine: Engine, fleet: ManagedFleet, *, adam_id: str) -> None:
    """One app for every device."""
    now = datetime.now(UTC)
    with unit_of_work(engine, now) as uow:
        for member in fleet:
            action = SendCommand(
                device_id=member.device_id,
                sender="nanomdm",
                request_type="InstallApplication",
                arguments=dict(install_application(adam_id).arguments),
            )
            uow.owe(Owed(action=action, key=f"{member.device_id}:{adam_id}").record(now))


def die_at(step: str, hatch: "Hatch") -> None:
    """A worker delivers until it is at this step. What others left running stays theirs."""
    server = hatch.server
    calls = server.count("PUT")
    if step in WITHOUT_REPLY:
        server.faults.lose_reply(hang=step == "before the reply")
    process_id = hatch.start("after the reply" if step == "after a lost reply" else step)
    if step == "before the reply":
        wait_until("the call has been made", lambda: server.count("PUT") > calls, seconds=PATIENCE)
        os.kill(process_id, signal.SIGKILL)
    assert hatch.exit_code() == -signal.SIGKILL, f"it did not die {step}"


def finish(hatch: "Hatch", engine: Engine) -> None:
    """A worker that lives takes over from the dead."""
    let_claims_run_out(engine)
    process_id = hatch.start("never")
    wait_until("nothing is owed", lambda: count(engine, "done") == count(engine), seconds=PATIENCE)
    os.kill(process_id, signal.SIGTERM)
    hatch.exit_code()


def let_claims_run_out(engine: Engine) -> None:
    """What time does."""
    ago = datetime.now(UTC) - LONG_AGO
    with write_transaction(engine) as connection:
        connection.execute(update(actions).where(actions.c.state == "running").values(next_attempt_at=ago))


def free_slots(field: Field) -> None:
    """What time does, too."""
    with closing(connect(field.redis)) as client:
        for key in client.keys("windfall:slot:*"):
            client.delete(key)


def wake(field: Field) -> None:
    settings = Settings(home=field.home, redis_url=field.redis)  # type: ignore[arg-type]
    deliverer_waker(make_app(settings, name="test", brisk=True))(DESTINATION)


@dataclass(kw_only=True)
class Hatch:
    """Makes effects workers, one after the other."""

    field: Field
    server: NanoMDMApi
    process: "subprocess.Popen[str]"
    worker: int = 0

    def start(self, step: str) -> int:
        """The process id of a woken worker that dies at this step."""
        free_slots(self.field)
        wake(self.field)
        assert self.process.stdin is not None
        self.process.stdin.write(f"{step}\n")
        self.process.stdin.flush()
        self.worker = self._read()
        return self.worker

    def exit_code(self) -> int:
        """When the worker is over."""
        code, self.worker = self._read(), 0
        return code

    def _read(self) -> int:
        """Raises: AssertionError, when nothing is said for long."""
        assert self.process.stdout is not None
        ready, _, _ = select_module.select([self.process.stdout], [], [], PATIENCE)
        assert ready, f"see {self.field.home / 'effects.log'}"
        return int(self.process.stdout.readline())


@contextmanager
def workers(field: Field, server: NanoMDMApi) -> Iterator[Hatch]:
    """Nothing of it runs afterwards."""
    command = [sys.executable, "-m", "tests.faults.dying", str(server.port)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (field.home / "effects.log").open("ab") as log:
        process = subprocess.Popen(command, env=field.environment(server), stderr=log, cwd=ROOT, **pipes)
    hatch = Hatch(field=field, server=server, process=process)
    try:
        yield hatch
    finally:
        if hatch.worker:
            os.kill(hatch.worker, signal.SIGKILL)
        with process:
            process.kill()


def count(engine: Engine, state: str = "") -> int:
    query = select(func.count()).select_from(actions)
    with engine.connect() as connection:
        return connection.scalar(query.where(actions.c.state == state) if state else query) or 0


def check(fleet: ManagedFleet, engine: Engine, *, apps: int) -> JSONObject:
    """Each device has had each app once, under the UUID that is stored."""
    received: Mapping[tuple[str, str], int] = Counter(
        (one.device_id, one.adam_id) for member in fleet for one in member.received
    )
    wanted = {(member.device_id, str(app + 1)) for member in fleet for app in range(apps)}
    missing, twice = wanted - received.keys(), [pair for pair, times in received.items() if times > 1]
    assert not missing, f"{len(missing)} commands never came, {sorted(missing)[:3]}"
    assert not twice, f"{len(twice)} commands came twice, {twice[:3]}"
    with engine.connect() as connection:
        stored: Any = connection.execute(select(commands.c.command_uuid, commands.c.device_id))
        known = {tuple(row) for row in stored}
    assert {(one.command_uuid, one.device_id) for one in fleet.installs} == known
    return {"commands": len(received)}
