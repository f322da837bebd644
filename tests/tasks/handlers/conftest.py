import pytest

from tests.databases import location_of


@pytest.fixture
def database_location(request):
    """What is decided does not depend on the database; what is written does, and is tested on both where it is."""
    return location_of(request)
