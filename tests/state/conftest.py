"""What the tests of the tables share."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine

from config.inbox import Inboxes
from tasks.services import Services, keyed_fingerprint
from tests.owed import SETUP

PROJECT = Path(__file__).parents[2]
PATIENCE = 60


@pytest.fixture
def start_python() -> Callable[[str], int]:
    """Runs code in a process of its own, and gives its exit code."""

    def run(code: str) -> int:
        return subprocess.run([sys.executable, "-c", code], cwd=PROJECT, timeout=PATIENCE, check=False).returncode

    return run


@pytest.fixture
def services(engine: Engine, redis_client: Redis) -> Services:
    """What a worker has, to put into the tables what is asked about."""
    return Services(
        engine=engine,
        inboxes=Inboxes(redis_client),
        wake=lambda inbox: None,
        fingerprint=keyed_fingerprint(b"k" * 32),
        setup=SETUP,
    )
