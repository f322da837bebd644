"""The four statements that SQLite and PostgreSQL both have and SQLAlchemy spells per dialect."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Column, Connection, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """The dialect's own INSERT, which knows conflicts."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def insert_missing(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; those whose primary key is there already are left as they are."""
    connection.execute(insert(connection, table).on_conflict_do_nothing(), rows)


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: "Column[Any]") -> set[Any]:
    """The same, and the values of ``key`` that were not there before."""
    if connection.dialect.name == "sqlite":
        return set(connection.scalars(sqlite.insert(table).on_conflict_do_nothing().returning(key), rows))
    statement, parameters = _from_arrays(table, rows)
    return set(connection.scalars(statement.on_conflict_do_nothing().returning(key), parameters))


def _from_arrays(table: Table, rows: Sequence[dict[str, Any]]) -> "tuple[postgresql.Insert, dict[str, list[Any]]]":
    """One array a column: a statement of hundreds of placeholders costs the driver more than the server."""
    names = list(rows[0])
    arrays = (func.unnest(bindparam(name, type_=ARRAY(table.c[name].type))) for name in names)
    return postgresql.insert(table).from_select(names, select(*arrays)), {n: [row[n] for row in rows] for n in names}


def add_to(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], counter: str) -> None:
    """Insert rows, or add their ``counter`` to the row that is there."""
    statement = insert(connection, table)
    total = {counter: table.c[counter] + statement.excluded[counter]}
    keys = [column.name for column in table.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=total), rows)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, each whole and each once, or overwrite those that are there."""
    keys = [column.name for column in table.primary_key]
    statement: postgresql.Insert | sqlite.Insert
    parameters: Any = rows
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(table)
    else:
        statement, parameters = _from_arrays(table, rows)
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), parameters)
