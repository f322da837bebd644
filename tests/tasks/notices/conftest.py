from collections.abc import Callable

import pytest

from state.engine import open_engine
from tasks.outside import Outside
from tasks.setup import Setup
from tests.deliveries import NOON


@pytest.fixture
def outside(engine) -> Outside:
    """A world with a real database at noon."""
    return Outside(engine=engine, now=lambda: NOON)


@pytest.fixture
def outside_without_state() -> Callable[..., Outside]:
    """The same for notices that read nothing."""

    def make(**jamf_urls: str) -> Outside:
        setup = Setup(jamf_urls=jamf_urls)
        return Outside(engine=open_engine("sqlite:///never-opened.db"), now=lambda: NOON, setup=setup)

    return make
