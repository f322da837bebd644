"""Writes what changed of rows that are there: only the columns that did, so that others may write theirs."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, bindparam, or_, update


def write_changes(
    connection: Connection,
    table: Table,
    changes: Mapping[str, Mapping[str, Any]],
    *,
    where: "ColumnElement[bool] | None" = None,
) -> None:
    """Update rows by id, in sorted order; only those that fulfil ``where``, which has no `in_` (see `is_one_of`)."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for identifier in sorted(changes):
        values = changes[identifier]
        groups[tuple(sorted(values))].append({"row_id": identifier, **{f"new_{n}": v for n, v in values.items()}})
    for names, rows in sorted(groups.items()):
        statement = update(table).where(table.c.id == bindparam("row_id"))
        if where is not None:
            statement = statement.where(where)
        connection.execute(statement.values({name: bindparam(f"new_{name}") for name in names}), rows)


def is_one_of(column: "Column[Any]", values: Collection[Any]) -> "ColumnElement[bool]":
    """`in_` for statements that are executed for many rows at once: SQLAlchemy refuses its list there."""
    return or_(*(column == value for value in values))
