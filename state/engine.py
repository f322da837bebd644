"""Connections to the database, with settings that keep it safe: durable commits, nothing that waits for ever."""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_PG_OPTIONS = "-c statement_timeout=60000 -c lock_timeout=20000 -c idle_in_transaction_session_timeout=60000"
_BUSY_MS = 20_000


def open_engine(location: str) -> Engine:
    """An engine for a SQLite or PostgreSQL URL; connects when first used. Make it after a fork, never before."""
    url = make_url(location)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _BUSY_MS / 1000}, pool_size=4, max_overflow=4)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=4,
        max_overflow=4,
        pool_timeout=10,
        connect_args={"connect_timeout": 5, "options": _PG_OPTIONS},
    )


def is_database_trouble(error: BaseException) -> bool:
    """Whether an error is the database's state (gone, locked, full, deadlocked) and not the fault of what was written.

    A value over a limit of PostgreSQL (SQLSTATE class 54) comes as an OperationalError and is the value's fault.
    """
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    return isinstance(error, OperationalError) and not str(getattr(error.orig, "sqlstate", None) or "").startswith("54")


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
