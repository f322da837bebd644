from collections.abc import Callable, Iterator

import pytest

from state.engine import open_engine
from tasks.outside import Outside
from tests.deliveries import NOON


@pytest.fixture
def outside(sqlite_location) -> Iterator[Callable[..., Outside]]:
    """A world with these clients and no others."""
    engine = open_engine(sqlite_location)
    yield lambda **clients: Outside(engine=engine, now=lambda: NOON, **clients)
    engine.dispose()
