"""What is started through it holds its lock and ends with its parent."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from console.with_parent import PARENT

WITH_PARENT = [sys.executable, "-P", "-m", "console.with_parent"]
SLEEPER = [sys.executable, "-c", "import sys; print('here', flush=True); sys.stdin.read()"]
PATIENCE = 60


@pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux tells")
def test_it_ends_when_its_parent_is_killed() -> None:
    parent_code = (
        "import subprocess, sys; child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE);"
        "child.stdout.readline(); print(child.pid, flush=True); child.wait()"
    )
    argv = [sys.executable, "-c", parent_code, *WITH_PARENT, *SLEEPER]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))

        parent.kill()

        assert psutil.wait_procs([child], timeout=PATIENCE)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux tells")
def test_it_does_not_begin_when_its_parent_is_gone_already() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait(timeout=PATIENCE)

    late = subprocess.run(
        [*WITH_PARENT, *SLEEPER],
        env={**os.environ, PARENT: str(gone.pid)},
        input="",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (late.returncode, late.stdout) == (1, "")
    assert late.stderr == f"windfall: the parent (process {gone.pid}) is gone\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux tells")
def test_what_it_starts_knows_its_parent_from_the_beginning() -> None:
    shell = [*WITH_PARENT, "sh", "-c", f'echo "$$ ${PARENT}"']

    said = subprocess.run(shell, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout.split()

    assert said[0] == said[1]


def test_a_lock_lasts_as_long_as_the_process(tmp_path: Path) -> None:
    locked = [*WITH_PARENT, "--lock", str(tmp_path / "lock"), *SLEEPER]
    with subprocess.Popen(locked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "here\n"
        second = subprocess.run(locked, capture_output=True, text=True, timeout=PATIENCE, check=False)
        first.communicate(timeout=PATIENCE)
    third = subprocess.run(locked, capture_output=True, text=True, input="", timeout=PATIENCE, check=False)

    assert (second.returncode, second.stdout) == (1, "")
    assert "somebody else holds" in second.stderr
    assert (third.returncode, third.stdout) == (0, "here\n")
