"""The three statements that SQLite and PostgreSQL both have and SQLAlchemy spells per dialect."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def _insert(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def insert_missing(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; those whose primary key is there already are left as they are."""
    connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: "Column[Any]") -> set[Any]:
    """The same, and the values of ``key`` that were not there before."""
    statement = _insert(connection, table).on_conflict_do_nothing().returning(key)
    return set(connection.scalars(statement, rows))


def add_to(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], counter: str) -> None:
    """Insert rows, or add their ``counter`` to the row that is there."""
    statement = _insert(connection, table)
    total = {counter: table.c[counter] + statement.excluded[counter]}
    keys = [column.name for column in table.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=total), rows)
