"""The three statements that SQLite and PostgreSQL both have and SQLAlchemy spells per dialect."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Column, Connection, Table, bindparam, func, select
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
    if connection.dialect.name == "sqlite":
        return set(connection.scalars(sqlite.insert(table).on_conflict_do_nothing().returning(key), rows))
    # One array a column: a statement of hundreds of placeholders costs the driver more than the server.
    names = list(rows[0])
    arrays = (func.unnest(bindparam(name, type_=ARRAY(table.c[name].type))) for name in names)
    statement = postgresql.insert(table).from_select(names, select(*arrays)).on_conflict_do_nothing().returning(key)
    return set(connection.scalars(statement, {name: [row[name] for row in rows] for name in names}))


def add_to(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], counter: str) -> None:
    """Insert rows, or add their ``counter`` to the row that is there."""
    statement = _insert(connection, table)
    total = {counter: table.c[counter] + statement.excluded[counter]}
    keys = [column.name for column in table.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=total), rows)
