"""How much the tests try, and what they begin with."""

import os

import pytest
from hypothesis import HealthCheck, settings

from config.importing import imported

LONGEST = (
    "test_up.py",
    "test_kills.py",
    "test_demo.py",
    "test_group_kills.py",
    "test_worker_process.py",
    "test_outages.py",
    "test_hours.py",
    "test_race.py",
)
"""Files of tests of whole systems, which run for many seconds each: those that run longest first."""


def load_profiles() -> None:
    """How many examples a property is tried on; `make thorough` takes its time.

    A test whose examples are whole stories in SQL takes a share of either number, `settings.default.max_examples // …`.
    """
    usual = settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    settings.register_profile("suite", usual)
    settings.register_profile("thorough", usual, max_examples=500)
    settings.load_profile("suite")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the longest tests to the processes of a run, as what each begins with: none is left over for the end.

    Of `n` tests the first process is given the first `n // processes`, and so on; who is done takes from another's end.
    """
    hands = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    rest = [item for item in items if item.path.name not in LONGEST]
    left, dealt = len(items), []
    for hand in range(hands):
        share = left // (hands - hand)
        first = [item for name in LONGEST[hand::hands] for item in items if item.path.name == name]
        others = max(0, share - len(first))
        dealt += [*first, *rest[:others]]
        del rest[:others]
        left -= share
    items[:] = dealt + rest


def pytest_collection_finish() -> None:
    """Thousands of tests lie in memory until the end: nobody should look through them for garbage again and again."""
    imported()
