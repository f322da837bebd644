"""The five statements that SQLite and PostgreSQL both have and SQLAlchemy spells per dialect."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ARRAY, Column, Connection, Table, bindparam, case, func, or_, select
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
    # One dimension: JSON that is a list is a value, not a part of the array.
    arrays = (func.unnest(bindparam(name, type_=ARRAY(table.c[name].type, dimensions=1))) for name in names)
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
    statement, parameters = _of_many(connection, table, rows)
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), parameters)


def raise_to(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], names: Collection[str]) -> None:
    """Insert rows, each once, or raise these columns of those that are there; None is less than anything."""
    keys = [column.name for column in table.primary_key]
    statement, parameters = _of_many(connection, table, rows)
    new, known = statement.excluded, table.c
    higher = {name: new[name].is_not(None) & (known[name].is_(None) | (new[name] > known[name])) for name in names}
    values = {name: case((condition, new[name]), else_=known[name]) for name, condition in higher.items()}
    raised = statement.on_conflict_do_update(index_elements=keys, set_=values, where=or_(*higher.values()))
    connection.execute(raised, parameters)


def _of_many(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]]
) -> "tuple[postgresql.Insert | sqlite.Insert, Any]":
    """An INSERT of all these rows, and what to execute it with."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table), rows
    return _from_arrays(table, rows)
