"""Connections of people, nearly all only to read, and one error for whatever is wrong with the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import DatabaseAway
from state.engine import write_transaction

_UNDEFINED_TABLE = "42P01"
_DEADLOCK_DETECTED = "40P01"

_DEADLOCKS = 2
"""So often somebody may be chosen to end one, before they are told of it."""

T = TypeVar("T")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction in which the database refuses every write. Raises: DatabaseAway, also for missing tables."""
    must_exist(engine)
    with database_errors(), engine.connect().execution_options(postgresql_readonly=True) as connection:
        if connection.dialect.name != "sqlite":
            yield connection
            return
        connection.exec_driver_sql("PRAGMA query_only = ON")
        try:
            yield connection
        finally:
            connection.exec_driver_sql("PRAGMA query_only = OFF")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction of a person who waits for it: committed when the block ends well. Raises: DatabaseAway."""
    must_exist(engine)
    with database_errors(), write_transaction(engine) as connection:
        yield connection


def despite_deadlocks(work: Callable[[], T]) -> T:
    """What ``work`` gives, which a person waits for; done again where PostgreSQL ended a deadlock by undoing it.

    Raises: DatabaseAway, and whatever else ``work`` does.
    """
    for _ in range(_DEADLOCKS):
        try:
            return work()
        except DatabaseAway as exc:
            if getattr(getattr(exc.__cause__, "orig", None), "sqlstate", None) != _DEADLOCK_DETECTED:
                raise
    return work()


@contextmanager
def database_errors() -> Iterator[None]:
    """Whatever the database objects to, in words. Raises: DatabaseAway."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as exc:
        raise DatabaseAway(_reason(exc)) from exc


def must_exist(engine: Engine) -> None:
    """SQLite would make an empty file of a database that is not there, and answer."""
    name = engine.url.database
    if engine.dialect.name == "sqlite" and name and not Path(name).exists():
        raise DatabaseAway(f"there is no file {name} yet; `windfall db upgrade` makes it")


def _reason(exc: DBAPIError | PoolTimeout) -> str:
    if isinstance(exc, PoolTimeout):
        return "all connections to it are busy"
    text = str(exc.orig).strip().partition("\n")[0]
    if getattr(exc.orig, "sqlstate", None) == _UNDEFINED_TABLE or text.startswith("no such table"):
        return "its tables are missing; `windfall db upgrade` makes them"
    return text or type(exc.orig).__name__
