"""A worker as it runs: processes, a broker, and events that harm them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from config.broker import make_app, waker
from config.contract import inbox_of
from config.inbox import Inboxes
from config.settings import Settings
from state.schema import events
from tests.deliveries import MINUTE, NOON, SECOND, check_in, envelope
from tests.faults.arena import wait_until

ROOT = Path(__file__).parents[2]
INBOX = "nanomdm.GetToken:0"
MISDEEDS = ("raise", "memory", "exit", "kill")
"""Those of `tests.poison`."""


class Worker:
    """A worker with the poisonous handlers."""

    def __init__(self, home, environment):
        self._log = home / "worker.log"
        self._deaths = 0
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "tests.poison"]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT)

    def lost_a_child(self):
        """True once per child that died."""
        deaths = self._log.read_text().count("WorkerLostError: ")
        died, self._deaths = deaths > self._deaths, deaths
        return died


@pytest.fixture
def database_location(sqlite_location):
    """One database is enough: it is the process that is harmed."""
    return sqlite_location


@pytest.fixture
def worker(tmp_path, redis_location, redis_client, database_location):
    environment = {
        **os.environ,
        "WINDFALL_HOME": str(tmp_path),
        "WINDFALL_REDIS_URL": redis_location,
        "WINDFALL_DATABASE_URL": database_location,
        "WINDFALL_FINGERPRINT_KEY": "k",
        "WINDFALL_WORKER_PROCESSES": "1",
    }
    started = Worker(tmp_path, environment)
    yield started
    started.process.terminate()
    started.process.wait(timeout=30)


@pytest.fixture
def wake(tmp_path, redis_location):
    return waker(make_app(Settings(home=tmp_path, redis_url=redis_location), name="test", brisk=True))


def statuses(engine):
    with engine.connect() as connection:
        return list(connection.scalars(select(events.c.status).order_by(events.c.occurred_at)))


def test_events_that_harm_their_worker_are_buried_and_the_others_are_processed(worker, wake, engine, redis_client):
    inboxes = Inboxes(redis_client)

    def is_done():
        if worker.lost_a_child():
            # What time does: the lease of the dead runs out, and the sweep wakes the inbox.
            redis_client.delete("windfall:lease:" + INBOX)
            wake(INBOX)
        return inboxes.states([INBOX])[0].length == 0

    for minute, misdeed in enumerate(MISDEEDS):
        for number in range(3):
            content = {"Poison": misdeed} if number == 1 else {}
            at = NOON + minute * MINUTE + number * SECOND
            item = envelope(check_in("GetToken", at=at, **content), kind="nanomdm")
            inboxes.append(inbox_of(item.kind, item.type), item.head(), item.body)
        wake(INBOX)

        wait_until(f"the inbox is empty after {misdeed}", is_done, seconds=90)

        assert statuses(engine)[-3:] == ["processed", "buried", "processed"]
