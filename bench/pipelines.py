"""The two pipelines: how each is started, where it takes webhooks, and how its events are found in SQL."""

import secrets
import socket
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.error import URLError

import psycopg
from psycopg import sql
from sqlalchemy import create_engine

from bench.processes import Group, clean_environment, cpu_of_tree, python, wait_until
from bench.servers import Database, redis_server
from bench.textbook.schema import metadata
from state.engine import open_engine
from state.migrate import upgrade

PATH = "/webhooks/apps-and-books"
START_SECONDS = 40.0


@dataclass(slots=True, kw_only=True)
class Pipeline(ABC):
    """One running pipeline, with a Redis and a database to itself."""

    name: ClassVar[str]
    table: ClassVar[str]
    id_column: ClassVar[str]

    folder: Path
    redis_socket: Path
    database_url: str
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    groups: list[Group] = field(default_factory=list)
    postmaster: int | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Make tables and files."""

    @abstractmethod
    def commands(self) -> dict[str, list[str]]:
        """Role → command."""

    @abstractmethod
    def environment(self) -> dict[str, str]: ...

    @abstractmethod
    def irregularities(self, connection: "psycopg.Connection") -> list[str]:
        """What speaks against "each event once" beside its rows, in words."""

    def start(self) -> None:
        self.prepare()
        for role, command in self.commands().items():
            log = self.folder / f"{role}.log"
            self.groups.append(Group.start(role, command, env=clean_environment(**self.environment()), log=log))
        wait_until(f"{self.name} takes webhooks", self._is_ready, seconds=START_SECONDS, groups=self.groups)

    def count(self) -> int:
        """Distinct events in SQL."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(self.table))).fetchone()
        assert row is not None
        return int(row[0])

    def stored_ids(self) -> list[str]:
        """The sender's id of each stored row, repeated when it has two."""
        query = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(self.id_column), sql.Identifier(self.table))
        with psycopg.connect(self.database_url) as connection:
            return [str(row[0]) for row in connection.execute(query)]

    def cpu_seconds(self) -> dict[str, float]:
        """CPU seconds so far, by role."""
        spent = {group.role: group.cpu_seconds() for group in self.groups}
        if self.postmaster is not None:
            spent["postgres"] = cpu_of_tree(self.postmaster)
        return spent

    def check(self) -> None:
        for group in self.groups:
            group.check()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@dataclass(slots=True, kw_only=True)
class Ours(Pipeline):
    """Windfall as it runs in production: three programs and their environment."""

    name: ClassVar[str] = "ours"
    table: ClassVar[str] = "events"
    id_column: ClassVar[str] = "event_id"

    def prepare(self) -> None:
        engine = open_engine(self.database_url.replace("postgresql://", "postgresql+psycopg://"))
        upgrade(engine)
        engine.dispose()
        folder = self.folder / "secrets"
        folder.mkdir()
        (folder / "apps-and-books").write_text(self.token)
        (folder / "fingerprint-key").write_text(secrets.token_hex(32))
        (self.folder / "windfall.toml").touch()

    def commands(self) -> dict[str, list[str]]:
        return {
            "ingest": python("-m", "ingest"),
            "worker": python("-m", "workers", "worker"),
            "beat": python("-m", "workers", "beat"),
        }

    def environment(self) -> dict[str, str]:
        return {
            "WINDFALL_CONFIG": str(self.folder / "windfall.toml"),
            "WINDFALL_HOME": str(self.folder),
            "WINDFALL_REDIS_URL": f"unix://{self.redis_socket}?db=0",
            "WINDFALL_DATABASE_URL": self.database_url,
            "WINDFALL_INGEST_BIND": f"127.0.0.1:{self.port}",
        }

    def irregularities(self, connection: "psycopg.Connection") -> list[str]:
        questions = {
            "events without a key, or with one that was seen more than once": (
                "SELECT count(*) FROM events LEFT JOIN event_keys USING (key) WHERE seen IS DISTINCT FROM 1"
            ),
            "keys without an event": "SELECT count(*) FROM event_keys LEFT JOIN events USING (key) WHERE id IS NULL",
            "events that were not processed": "SELECT count(*) FROM events WHERE status <> 'processed'",
        }
        counts = {question: connection.execute(query).fetchone() for question, query in questions.items()}
        return [f"{row[0]} {question}" for question, row in counts.items() if row is not None and row[0]]


@dataclass(slots=True, kw_only=True)
class Textbook(Pipeline):
    """gunicorn with two sync workers, and a Celery worker with two processes."""

    name: ClassVar[str] = "textbook"
    table: ClassVar[str] = "notifications"
    id_column: ClassVar[str] = "notification_id"

    def prepare(self) -> None:
        engine = create_engine(self._sqlalchemy_url())
        metadata.create_all(engine)
        engine.dispose()

    def commands(self) -> dict[str, list[str]]:
        bind = f"127.0.0.1:{self.port}"
        celery = ("-m", "celery", "-A", "bench.textbook.tasks", "worker", "--pool=prefork", "--concurrency=2")
        return {
            "web": python(
                "-m", "gunicorn", "--workers=2", "--worker-class=sync", f"--bind={bind}", "bench.textbook.web:app"
            ),
            "worker": python(*celery, "--loglevel=WARNING"),
        }

    def environment(self) -> dict[str, str]:
        return {
            "TEXTBOOK_BROKER_URL": f"redis+socket://{self.redis_socket}",
            "TEXTBOOK_DATABASE_URL": self._sqlalchemy_url(),
            "TEXTBOOK_TOKEN": self.token,
        }

    def irregularities(self, connection: "psycopg.Connection") -> list[str]:  # noqa: ARG002 - it has no other table
        return []

    def _sqlalchemy_url(self) -> str:
        return self.database_url.replace("postgresql://", "postgresql+psycopg://")


PIPELINES: dict[str, type[Pipeline]] = {"textbook": Textbook, "ours": Ours}


@contextmanager
def running(name: str, folder: Path, database: Database) -> Iterator[Pipeline]:
    """A pipeline that takes webhooks, alone; everything of it is gone afterwards, also after an error."""
    folder.mkdir(mode=0o700)
    with ExitStack() as stack:
        redis_group, redis_socket = stack.enter_context(redis_server(folder / "redis"))
        url = stack.enter_context(database.fresh(f"windfall_bench_{secrets.token_hex(6)}"))
        pipeline = PIPELINES[name](folder=folder, redis_socket=redis_socket, database_url=url, port=_free_port())
        pipeline.postmaster = database.postmaster
        stack.callback(_stop, pipeline)
        pipeline.groups.append(redis_group)
        pipeline.start()
        yield pipeline


def _stop(pipeline: Pipeline) -> None:
    """The front door first, as one would; Redis is ended by who started it."""
    for group in pipeline.groups[1:]:
        group.stop()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
