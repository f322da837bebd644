"""What the tests of the tables share."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PATIENCE = 60


@pytest.fixture
def start_python() -> Callable[[str], int]:
    """Runs code in a process of its own, and gives its exit code."""

    def run(code: str) -> int:
        return subprocess.run([sys.executable, "-c", code], cwd=PROJECT, timeout=PATIENCE, check=False).returncode

    return run
