"""`windfall up` as people use it: real processes, from nothing to the banner, and nothing left behind."""

import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from config.redis_connection import connect
from state.engine import open_engine
from state.schema import events
from tests.console.running import LAST_LINE, PATIENCE, Up, windfall_up

POLL = 0.05


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """Up and announced."""
    with windfall_up(tmp_path / "a home") as started:
        started.read_until(LAST_LINE)
        yield started


def until(condition: Callable[[], bool], up: Up) -> None:
    """Ask again and again; the pause is a wait for the end of `windfall up`, which would be a failure."""
    for _ in range(int(PATIENCE / POLL)):
        if condition():
            return
        try:
            up.process.wait(timeout=POLL)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"waited in vain\n{up.logs()}")


def stored(home: Path) -> list[tuple[str, str, list[str]]]:
    engine = open_engine(f"sqlite:///{home / 'windfall.db'}")
    with engine.connect() as connection:
        rows = connection.execute(select(events.c.sender, events.c.status, events.c.flags)).all()
    engine.dispose()
    return sorted((row.sender, row.status, row.flags) for row in rows)


def test_from_nothing_to_processed_events_and_back_to_nothing(up: Up) -> None:
    answers = [up.post(line) for line in up.curl_lines()]

    assert [answer.split()[-1] for answer in answers] == ["200"] * 4
    until(lambda: len(stored(up.home)) == 4, up)
    assert stored(up.home) == [(name, "processed", []) for name in ("apps-and-books", "jamf", "micromdm", "nanomdm")]

    everybody = up.everybody()
    up.process.send_signal(signal.SIGINT)
    up.read_until("windfall: stopping")
    up.process.send_signal(signal.SIGINT)

    assert up.wait() == 0
    assert psutil.wait_procs(everybody, timeout=0)[1] == []
    assert len(everybody) > 5


def test_secrets_are_in_private_files_and_nowhere_else(up: Up) -> None:
    files = sorted((up.home / "secrets").iterdir())

    secrets = [file.read_text().strip() for file in files]
    assert [file.name for file in files] == [
        "api-token", "apps-and-books", "fingerprint-key", "jamf", "micromdm", "nanomdm"
    ]  # fmt: skip
    assert all(len(secret) >= 43 for secret in secrets)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (up.home, *up.home.glob("*/"))} == {0o700}
    seen = up.said + up.logs() + (up.home / "run" / "supervisord.conf").read_text()
    seen += " ".join(word for process in up.everybody() for word in process.cmdline())
    assert [secret for secret in secrets if secret in seen] == []


def test_what_is_killed_is_started_again_and_people_are_told(up: Up) -> None:
    killed = up.find("-m ingest")

    killed.kill()

    assert "web ended (terminated by SIGKILL) and is started again" in up.read_until("is started again")
    line = up.curl_lines()[0]
    until(lambda: _posts(up, line), up)


def _posts(up: Up, line: str) -> bool:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", up.ports[0])):
            return False
    return up.post(line).endswith(" 200")


def test_the_redis_it_starts_loses_nothing(up: Up) -> None:
    client = connect(f"unix://{up.home / 'redis' / 'redis.sock'}")

    found = {name: client.config_get(name)[name] for name in ("appendonly", "appendfsync", "maxmemory-policy", "save")}

    assert found == {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "save": ""}
    client.close()


def test_a_second_one_on_the_same_home_says_so_and_changes_nothing(up: Up) -> None:
    with windfall_up(up.home) as second:
        assert second.wait() == 1
        assert second.said.count("\n") == 1
        assert "another `windfall up` runs" in second.said
        assert up.post(up.curl_lines()[0]).endswith(" 200")


@pytest.mark.parametrize("whom", ["console.cli up", "supervisor.supervisord"])
def test_nobody_survives_the_kill_of_what_holds_them_together(up: Up, whom: str) -> None:
    everybody = up.everybody()

    up.find(whom).kill()

    gone, alive = psutil.wait_procs(everybody, timeout=PATIENCE)
    assert alive == []
    assert len(gone) > 5


def test_it_can_be_stopped_before_it_is_ready(tmp_path: Path) -> None:
    with windfall_up(tmp_path / "home") as up:
        until(lambda: (up.home / "run" / "supervisord.pid").exists(), up)
        everybody = up.everybody()

        up.process.terminate()

        assert up.wait() == 0
        assert psutil.wait_procs(everybody, timeout=0)[1] == []
