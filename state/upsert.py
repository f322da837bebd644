"""The five statements that SQLite and PostgreSQL both have and SQLAlchemy spells per dialect."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    Connection,
    Dialect,
    Table,
    TableValuedAlias,
    bindparam,
    func,
    literal,
    select,
)
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
    if connection.dialect.name == "sqlite":
        _upsert_sqlite(connection, table, rows)
        return
    statement, parameters = _from_arrays(table, rows)
    connection.execute(_overwriting(statement, table, tuple(rows[0])), parameters)


def _overwriting(statement: Any, table: Table, names: Sequence[str]) -> Any:
    keys = [column.name for column in table.primary_key]
    values = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=values)


def _upsert_sqlite(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Past SQLAlchemy's own handling of each row, which costs more than SQLite does."""
    dialect, names = connection.dialect, list(rows[0])
    text, order = _text_of(dialect, table, tuple(names))
    processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order]
    columns = (
        [row[name] for row in rows] if process is None else [process(row[name]) for row in rows]
        for name, process in zip(order, processors, strict=True)
    )
    connection.exec_driver_sql(text, list(zip(*columns, strict=True)))


@lru_cache(maxsize=64)
def _text_of(dialect: Dialect, table: Table, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The statement for rows of these columns, and the order of its parameters."""
    statement = _overwriting(sqlite.insert(table), table, names)
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    return str(compiled), tuple(compiled.positiontup)


def entries(connection: Connection, values: Mapping[str, str]) -> TableValuedAlias:
    """A table of rows ``key`` and ``value`` to select from, sent as one value however many they are."""
    name = "json_each" if connection.dialect.name == "sqlite" else "json_each_text"
    table: TableValuedAlias = getattr(func, name)(literal(values, JSON)).table_valued("key", "value")
    return table
