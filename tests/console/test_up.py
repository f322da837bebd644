"""`windfall up` as people use it: real processes, from nothing to the banner, and nothing left behind."""

import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from config.loading import load_settings
from console.home import StartError, lock_home, prepare_home
from console.supervision import Supervisor
from console.supervisor_config import write_supervisor_config
from console.watch import wait_until_ready
from state.engine import open_engine
from state.schema import events
from tests.console.running import LAST_LINE, PATIENCE, Up, command_line, free_ports, windfall_up

POLL = 0.05


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One that is up and announced, for tests that leave it so, and the last of them, which ends it."""
    with windfall_up(tmp_path_factory.mktemp("up") / "a home") as started:
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
    pytest.fail(f"waited in vain\n{up.said}\n{up.logs()}")


def stored(home: Path) -> list[tuple[str, str, list[str]]]:
    engine = open_engine(f"sqlite:///{home / 'windfall.db'}")
    with engine.connect() as connection:
        rows = connection.execute(select(events.c.sender, events.c.status, events.c.flags)).all()
    engine.dispose()
    return sorted((row.sender, row.status, row.flags) for row in rows)


def answers(up: Up) -> bool:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", up.ports[0])):
            return False
    return up.post(up.curl_lines()[0]).endswith(" 200")


class TestRunning:
    def test_each_line_that_is_printed_posts_an_event_that_is_processed(self, running: Up) -> None:
        answered = [running.post(line) for line in running.curl_lines()]

        assert [answer.split()[-1] for answer in answered] == ["200"] * 4
        until(lambda: len(stored(running.home)) == 4, running)
        assert stored(running.home) == [
            ("apps-and-books", "processed", []),
            ("jamf", "processed", []),
            ("micromdm", "processed", []),
            ("nanomdm", "processed", []),
        ]

    def test_secrets_are_in_private_files_and_nowhere_else(self, running: Up) -> None:
        files = sorted((running.home / "secrets").iterdir())
        secrets = [file.read_text().strip() for file in files]

        seen = running.said + running.logs() + (running.home / "run" / "supervisord.conf").read_text()
        seen += " ".join(map(command_line, running.everybody()))

        names = ["api-token", "apps-and-books", "fingerprint-key", "jamf", "micromdm", "nanomdm"]
        assert [file.name for file in files] == names
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert [secret for secret in secrets if secret in seen] == []

    def test_nobody_else_can_look_into_any_folder(self, running: Up) -> None:
        folders = [running.home, *(path for path in running.home.iterdir() if path.is_dir())]

        assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}

    def test_a_second_one_on_the_same_home_says_so_and_changes_nothing(self, running: Up) -> None:
        with subprocess_of(running) as second:
            output, _ = second.communicate(timeout=PATIENCE)

        assert second.returncode == 1
        assert output.count("\n") == 1
        assert "another `windfall up` runs" in output
        assert answers(running)

    def test_what_is_killed_is_started_again_and_people_are_told(self, running: Up) -> None:
        running.find("-m ingest").kill()

        said = running.read_until("is started again")

        assert "windfall: web ended (terminated by SIGKILL) and is started again, see " in said
        until(lambda: answers(running), running)

    def test_nobody_survives_the_kill_of_the_supervisor(self, running: Up) -> None:
        assert survivors_of_the_kill_of("supervisor.supervisord", running) == []


def survivors_of_the_kill_of(whom: str, up: Up) -> list[psutil.Process]:
    """Who still runs, of all that did."""
    everybody = up.everybody()
    assert len(everybody) >= 8

    up.find(whom).kill()

    return psutil.wait_procs(everybody, timeout=PATIENCE)[1]


def subprocess_of(up: Up) -> "subprocess.Popen[str]":
    """The same command in the same environment."""
    return subprocess.Popen(
        up.process.args, env=up.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


class TestEnding:
    def test_a_terminal_that_is_closed_before_it_is_ready_stops_everything_in_order(self, tmp_path: Path) -> None:
        with windfall_up(tmp_path / "home") as up:
            until((up.home / "spool").exists, up)
            everybody = up.everybody()
            assert up.process.stdout is not None
            up.process.stdout.close()

            up.process.send_signal(signal.SIGHUP)

            assert up.process.wait(timeout=PATIENCE) == 0
            assert psutil.wait_procs(everybody, timeout=0)[1] == []
            assert up.everybody() == []

    def test_nobody_survives_its_kill(self, tmp_path: Path) -> None:
        with windfall_up(tmp_path / "home") as up:
            up.read_until(LAST_LINE)

            assert survivors_of_the_kill_of("console.cli up", up) == []


class TestNotStarting:
    def test_a_port_that_is_taken_is_named_in_one_line(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            bind = f"127.0.0.1:{taken.getsockname()[1]}"
            with windfall_up(tmp_path / "home", WINDFALL_CONSOLE_BIND=bind) as up:
                assert up.wait() == 1

        assert up.said == (
            f"Error: {bind} is taken by another program; set WINDFALL_CONSOLE_BIND to a free HOST:PORT\n"
        )

    def test_a_database_that_is_away_is_named_in_one_line(self, tmp_path: Path) -> None:
        with windfall_up(tmp_path / "home", WINDFALL_DATABASE_URL="postgresql://hush:secret@127.0.0.1:1/w") as up:
            assert up.wait() == 1

        assert up.said.count("\n") == 1
        assert "127.0.0.1" in up.said
        assert "secret" not in up.said

    def test_a_wrong_configuration_is_listed_whole(self, tmp_path: Path) -> None:
        with windfall_up(tmp_path / "home", WINDFALL_INGEST_BIND="8000", WINDFALL_HOMER="x") as up:
            assert up.wait() == 2

        assert "ingest_bind" in up.said
        assert "WINDFALL_HOMER" in up.said
        assert not up.home.exists()

    def test_a_front_door_that_does_not_start_is_given_up_with_its_last_words(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("WINDFALL_HOME", str(tmp_path))
        monkeypatch.setenv("WINDFALL_INGEST_BIND", f"127.0.0.1:{free_ports(1)[0]}")
        settings = load_settings()
        prepare_home(settings)
        (tmp_path / "spool").write_text("not a folder")
        configuration, programs = write_supervisor_config(settings, None)
        starting = configuration.read_text().replace("autostart=true", "autostart=false")
        configuration.write_text(starting.replace("autostart=false", "autostart=true", 1))
        supervisor = Supervisor(configuration, programs, lock=lock_home(settings))

        with pytest.raises(StartError) as given_up:
            wait_until_ready(settings, supervisor, threading.Event())

        assert supervisor.stop()
        log = tmp_path / "log" / "web.log"
        assert f"web does not start (exit status 1), see {log}: FileExistsError" in str(given_up.value)
