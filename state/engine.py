"""Connections to the database, with settings that keep it safe: durable commits, nothing that waits for ever."""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_PG_OPTIONS = "-c statement_timeout=8000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
_PG_SOCKET = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 10_000}
"""Far below the time limit of a task: a database that hangs must be an error of the database before it is a killed
worker, which would count as a try of an event."""

_BUSY_MS = 10_000

_FAULTS_OF_VALUES = {"21", "22", "23", "54"}
"""Classes of SQLSTATE: cardinality, data, integrity, and program limits exceeded."""


def open_engine(location: str, *, threads: int = 1) -> Engine:
    """An engine for a SQLite or PostgreSQL URL; connects when first used. Make it after a fork, never before.

    ``threads`` is how many use it at the same time.
    """
    url = make_url(location)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url, hide_parameters=True, max_overflow=max(10, threads), connect_args={"timeout": _BUSY_MS / 1000}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
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


def _prepare_sqlite(connection: Any, record: object) -> None:  # noqa: ARG001 - the signature is SQLAlchemy's
    # The driver's own idea of transactions is switched off; _begin_sqlite begins them.
    connection.isolation_level = None
    # WAL with FULL survives a power cut; NORMAL, its usual companion, only a crash.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    """A transaction that will write takes its lock at once: upgrading a read lock later fails without waiting."""
    writes = connection.get_execution_options().get("windfall_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
