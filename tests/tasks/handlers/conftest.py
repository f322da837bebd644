import pytest


@pytest.fixture
def database_location(sqlite_location):
    """What is decided does not depend on the database; what is written does, and is tested on both where it is."""
    return sqlite_location
