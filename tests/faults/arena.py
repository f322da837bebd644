"""A whole Windfall as people run it, in a folder of its own, to be shot at; and what must be true of it afterwards."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from redis.exceptions import RedisError
from sqlalchemy import func, select

from config.contract import INBOXES
from config.inbox import Inboxes, InboxState
from config.redis_connection import connect
from console.redis_server import find_server
from domain.classification import digest, document_of
from state.engine import open_engine
from state.schema import event_bodies, event_counts, event_keys, events
from tests.faults.roles import role_of

SECRET = "secret-of-all-senders"
SENDERS = ("micromdm", "nanomdm", "apps-and-books", "jamf")


_PAUSE = threading.Event()
"""Never set: what is waited for happens in other processes, and nobody tells us."""


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: str, condition: Callable[[], bool], *, seconds: float) -> float:
    """Look until it is so, and say how many seconds that took. Raises: AssertionError, when it is not in time."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        _PAUSE.wait(0.05)
    return time.monotonic() - began


class Server:
    """A Redis of our own, that can be stopped, frozen and started again on the same files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = folder / "r.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._folder.mkdir(exist_ok=True)
        options = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self._folder), "--save", ""]
        durable = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        self._process = subprocess.Popen([str(find_server()), *options, *durable], stdout=subprocess.DEVNULL)
        wait_until("Redis takes connections", self._answers, seconds=60)

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=30)

    def _answers(self) -> bool:
        with closing(connect(f"unix://{self.socket}")) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False


class Arena:
    """`windfall up` in ``home``, on the database of this URL or SQLite, and a Redis of ours or the embedded one."""

    def __init__(
        self,
        home: Path,
        *,
        database: str | None = None,
        redis: Server | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.port, console = free_port(), free_port()
        self.console_url = f"http://127.0.0.1:{console}"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WINDFALL_")},
            "WINDFALL_HOME": str(home),
            "WINDFALL_INGEST_BIND": f"127.0.0.1:{self.port}",
            "WINDFALL_CONSOLE_BIND": f"127.0.0.1:{console}",
            **({"WINDFALL_DATABASE_URL": database} if database else {}),
            **({"WINDFALL_REDIS_URL": f"unix://{redis.socket}"} if redis else {}),
            **(settings or {}),
        }
        for name in SENDERS:
            self._environment[f"WINDFALL_SENDER_{name.upper().replace('-', '_')}_SECRETS"] = SECRET
        self.database = database or f"sqlite:///{home / 'windfall.db'}"
        self.redis = f"unix://{redis.socket if redis else home / 'redis' / 'redis.sock'}"
        self._up: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "up.log").open("ab") as log:
            self._up = subprocess.Popen(
                [str(Path(sys.executable).with_name("windfall")), "up"],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until("ready", self.is_ready, seconds=150)

    def stop(self) -> int:
        """End it as service managers do; its exit code."""
        assert self._up is not None
        self._up.send_signal(signal.SIGTERM)
        return self._up.wait(timeout=90)

    def is_ready(self) -> bool:
        assert self._up is not None
        assert self._up.poll() is None, f"`windfall up` has ended; see {self.home / 'up.log'}"
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def url(self, sender: str) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/{sender}"

    def processes(self) -> dict[str, list[psutil.Process]]:
        """What runs, by role; the children of granian and Celery are roles of their own."""
        roles: dict[str, list[psutil.Process]] = {}
        assert self._up is not None
        for process in psutil.Process(self._up.pid).children(recursive=True):
            try:
                roles.setdefault(role_of(process), []).append(process)
            except psutil.NoSuchProcess:
                continue
        return roles

    def kill(self, role: str, rng: random.Random) -> bool:
        """`kill -9` one process of this role; False when none runs just now."""
        candidates = self.processes().get(role, [])
        if not candidates:
            return False
        try:
            rng.choice(candidates).kill()
        except psutil.NoSuchProcess:
            return False
        return True

    def inboxes(self) -> list[InboxState]:
        with closing(connect(self.redis)) as client:
            return Inboxes(client).states(INBOXES)

    def is_drained(self) -> bool:
        """Whether nothing waits any more, in Redis or in the spool."""
        try:
            waiting = sum(state.length for state in self.inboxes())
        except RedisError:
            return False
        return waiting == 0 and not any((self.home / "spool").rglob("*.seg*"))

    def known_keys(self) -> dict[bytes, int]:
        """Key → deliveries, of all events in SQL."""
        return dict(self.rows(select(event_keys.c.key, event_keys.c.seen)))

    def stored(self, kind: str) -> Counter[str]:
        """The senders' own identifiers of the stored events of a kind, each with its number of rows."""
        bodies = events.join(event_bodies, event_bodies.c.id == events.c.id)
        columns = (events.c.type, events.c.event_id, event_bodies.c.body)
        query = select(*columns).select_from(bodies).where(events.c.kind == kind)
        return Counter(_identifier(*row) for row in self.rows(query))

    def outcomes(self) -> dict[str, int]:
        """Outcome → number of events."""
        query = select(event_counts.c.outcome, func.sum(event_counts.c.count)).group_by(event_counts.c.outcome)
        return {outcome: int(count) for outcome, count in self.rows(query)}

    def statuses(self) -> dict[str, int]:
        return dict(self.rows(select(events.c.status, func.count()).group_by(events.c.status)))

    def rows(self, query: Any) -> list[Any]:
        """What a query of SQLAlchemy finds, as tuples."""
        engine = open_engine(self.database.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(query)]
        engine.dispose()
        return found


def _identifier(event_type: str, event_id: str | None, body: bytes) -> str:
    """As the simulators name it: the sender's id, or for Jamf, which has none, type, webhook and time."""
    if event_id is not None:
        return event_id
    webhook = document_of("jamf", body)["webhook"]
    return f"{event_type}:{webhook['id']}:{webhook['eventTimestamp']}"


def mdm_keys(sender: str, identifiers: Iterable[str]) -> set[bytes]:
    """The keys under which MDM events with these ids are known."""
    return {bytes.fromhex(digest("mdm", sender, identifier)) for identifier in identifiers}


@contextmanager
def arena(
    home: Path,
    *,
    database: str | None = None,
    redis: Server | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Arena]:
    """A running arena, ended whatever happens, with everything it started. ``settings`` are further variables."""
    made = Arena(home, database=database, redis=redis, settings=settings)
    made.start()
    everything = [process for processes in made.processes().values() for process in processes]
    try:
        yield made
    finally:
        everything += [process for processes in made.processes().values() for process in processes]
        exit_code = made.stop()
        for process in everything:
            if process.is_running():
                process.kill()
    assert exit_code == 0
