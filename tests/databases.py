"""On which database a test runs, where its folder has one by default."""

import pytest

BOTH_DATABASES = pytest.mark.parametrize("database_location", ["sqlite", "postgresql"], indirect=True)
"""What a query finds, or a statement writes, is tested on SQLite and on PostgreSQL."""


def location_of(request: pytest.FixtureRequest) -> str:
    """URL for a fixture `database_location`: SQLite's, or the one that a mark asks for."""
    location: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_location")
    return location
