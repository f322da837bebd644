"""`kill -9` of an effects worker at every step of a call to NanoMDM for many devices: each gets each command once."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
from state.engine import open_engine
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
        for number, step in enumerate(steps):
            owe(engine, fleet, adam_id=str(number + 1))
            die_at(step, field, server)
        unsettled = count(engine, "running")
        finish(field, server, engine)
        assert fleet.settle(20)
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


def die_at(step: str, field: Field, server: NanoMDMApi) -> None:
    """A worker delivers until it is at this step. What others left running stays theirs."""
    calls = server.count("PUT")
    if step in WITHOUT_REPLY:
        server.faults.lose_reply(hang=step == "before the reply")
    with worker(field, server, step if step in STEPS else "after the settling") as process:
        if step == "before the reply":
            wait_until("the call has been made", lambda: server.count("PUT") > calls, seconds=30)
            process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL, f"it did not die {step}"


def finish(field: Field, server: NanoMDMApi, engine: Engine) -> None:
    """A worker that lives takes over from the dead."""
    with worker(field, server, "never") as process:
        wait_until("nothing is owed", lambda: _all_done(field, engine), seconds=60)
        process.terminate()


def _all_done(field: Field, engine: Engine) -> bool:
    let_time_pass(field, engine)
    wake(field)
    return count(engine, "done") == count(engine)


def let_time_pass(field: Field, engine: Engine) -> None:
    """What time does: claims and pauses run out, and the slots of the dead are free again."""
    ago = datetime.now(UTC) - LONG_AGO
    with engine.connect().execution_options(windfall_writes=True) as connection, connection.begin():
        connection.execute(update(actions).where(actions.c.state != "done").values(next_attempt_at=ago))
    free_slots(field)


def free_slots(field: Field) -> None:
    client = connect(field.redis)
    for key in client.keys("windfall:slot:*"):
        client.delete(key)
    client.close()


def wake(field: Field) -> None:
    settings = Settings(home=field.home, redis_url=field.redis)  # type: ignore[arg-type]
    deliverer_waker(make_app(settings, name="test", brisk=True))(DESTINATION)


@contextmanager
def worker(field: Field, server: NanoMDMApi, step: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A woken effects worker that dies at this step."""
    free_slots(field)
    wake(field)
    command = [sys.executable, "-m", "tests.faults.dying", step, str(server.port)]
    with (field.home / "effects.log").open("ab") as log:
        process = subprocess.Popen(command, env=field.environment(server), stdout=log, stderr=log, cwd=ROOT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


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
