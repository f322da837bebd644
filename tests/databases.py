"""On which database a test runs, where its folder has one by default; and how one is emptied within a test."""

import pytest
from sqlalchemy import Engine

from state.engine import write_transaction
from state.schema import metadata

BOTH_DATABASES = pytest.mark.parametrize("database_location", ["sqlite", "postgresql"], indirect=True)
"""What a query finds, or a statement writes, is tested on SQLite and on PostgreSQL."""

ON_POSTGRESQL = pytest.mark.parametrize("database_location", ["postgresql"], indirect=True)
"""Several write at the same time, and what SQLite takes is refused: NUL, half characters, numbers that are too long."""

ON_SQLITE = pytest.mark.parametrize("database_location", ["sqlite"], indirect=True)
"""What is decided does not depend on the database, and its statements are tried on both by other tests."""


def location_of(request: pytest.FixtureRequest) -> str:
    """URL for a fixture `database_location`: SQLite's, or the one that a mark asks for."""
    location: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_location")
    return location


_EMPTIED = [str(table.delete()) for table in metadata.sorted_tables]


def empty(engine: Engine) -> None:
    """Delete every row, as if nothing had ever been heard."""
    # PostgreSQL takes all in one go, when they come without parameters.
    statements = _EMPTIED if engine.dialect.name == "sqlite" else ["; ".join(_EMPTIED)]
    with write_transaction(engine) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
