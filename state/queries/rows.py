"""How every list is read from its table: the rows that fit, in one order, a page at a time."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, Engine, Select

from domain.json_types import JSONObject
from state.queries.pages import Page, Question, page, ready
from state.queries.reading import reading


def read_page(
    engine: Engine, query: "Select[Any]", question: Question, *, key: "Column[Any]", newest_first: bool = False
) -> Page:
    """A page of what ``query`` finds, by ``key``, which it has as `id`. Raises: DatabaseAway."""
    if question.after is not None:
        query = query.where(key < question.after if newest_first else key > question.after)
    ordered = query.order_by(key.desc() if newest_first else key).limit(question.limit + 1)
    with reading(engine) as connection:
        rows = connection.execute(ordered).mappings()
        return page([ready(row) for row in rows], question)


def read_one(engine: Engine, query: "Select[Any]") -> Mapping[str, Any] | None:
    """The one row that ``query`` finds. Raises: DatabaseAway."""
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
        return {str(name): value for name, value in row.items()} if row is not None else None


def chosen(row: Mapping[str, Any], names: Iterable[str]) -> JSONObject:
    """Some columns of a row, as JSON."""
    return ready({name: row[name] for name in names})
