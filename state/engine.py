"""Connections to the database, with settings that keep it safe: durable commits, nothing that waits for ever."""

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_PG_OPTIONS = "-c statement_timeout=8000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
_PG_SOCKET = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 10_000}
"""Far below the time limit of a task: a database that hangs must be an error of the database before it is a killed
worker, which would count as a try of an event."""

_WRITES = {"windfall_writes": True}

_PATIENCE = 10.0
"""Seconds that somebody who writes waits for SQLite's lock."""

_BUSY_PAUSE = 0.006
"""Seconds at most between two tries to write."""

_CANCELED = "57014"

_FAULTS_OF_VALUES = {"21", "22", "23", "54"}
"""Classes of SQLSTATE: cardinality, data, integrity, and program limits exceeded."""


_turns: WeakKeyDictionary[Engine, threading.Lock] = WeakKeyDictionary()


def open_engine(location: str, *, threads: int = 1, patience: float = _PATIENCE) -> Engine:
    """An engine for a SQLite or PostgreSQL URL; connects when first used. Make it after a fork, never before.

    ``threads`` is how many use it at the same time. On SQLite, who wants to write waits ``patience`` seconds at most.
    """
    url = make_url(location)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url, hide_parameters=True, max_overflow=max(10, threads), connect_args={"timeout": patience}
        )
        event.listen(engine, "connect", lambda connection, _: _prepare_sqlite(connection, patience))
        event.listen(engine, "begin", lambda connection: _begin_sqlite(connection, patience))
        _turns[engine] = threading.Lock()
        return engine
    return create_engine(
        url,
        # What was to be written is in no log and no report.
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=4,
        max_overflow=max(4, threads),
        pool_timeout=10,
        connect_args={**_PG_SOCKET, "options": _PG_OPTIONS},
    )


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Committed when the block ends well, rolled back otherwise. Never within another one of the same thread.

    SQLite takes one writer at a time, so threads of a process wait for each other here and not at the file.
    """
    with (
        _turns.get(engine, nullcontext()),
        engine.connect().execution_options(**_WRITES) as connection,
        connection.begin(),
    ):
        yield connection


def is_database_trouble(error: BaseException) -> bool:
    """Whether an error is the database's state (gone, hung, read-only, locked, full, not migrated), nobody's fault.

    A value that cannot be stored is its event's fault: PostgreSQL says so by the class of its SQLSTATE.
    Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate:
        return sqlstate[:2] not in _FAULTS_OF_VALUES
    return error.connection_invalidated or not isinstance(error, DataError | IntegrityError | ProgrammingError)


def is_too_long(error: BaseException) -> bool:
    """Whether a statement took longer than PostgreSQL gives it: it is hung, or was asked too much at once.

    Who tries again should ask for less; what cannot be less and stays too long is to blame.
    """
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _CANCELED


def _prepare_sqlite(connection: Any, patience: float) -> None:
    # The driver's own idea of transactions is switched off; _begin_sqlite begins them.
    connection.isolation_level = None
    # WAL with FULL survives a power cut; NORMAL, its usual companion, only a crash.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", _waiting(patience), "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _waiting(seconds: float) -> str:
    return f"busy_timeout={round(seconds * 1000)}"


def _begin_sqlite(connection: Connection, patience: float) -> None:
    """A transaction that will write takes its lock at once: upgrading a read lock later fails without waiting.

    SQLite's own waiting looks ten times a second, and between busy writers misses the moments in which the lock is free
    until it gives up. Source: https://www.sqlite.org/c3ref/busy_timeout.html
    """
    if not _WRITES.items() <= connection.get_execution_options().items():
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA {_waiting(0)}")
    try:
        _begin_to_write(connection, until=time.monotonic() + patience)
    finally:
        connection.exec_driver_sql(f"PRAGMA {_waiting(patience)}")


def _begin_to_write(connection: Connection, *, until: float) -> None:
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as exc:
            is_busy = getattr(exc.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= until:
                raise
        else:
            return
        time.sleep(random.uniform(0, _BUSY_PAUSE))  # noqa: S311 - no secret
