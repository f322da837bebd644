"""`windfall` finds its commands, and a wrong configuration stops each of them in the same way."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from console import commands
from console.cli import Commands, main, windfall


def names() -> list[str]:
    return sorted(path.stem for path in Path(commands.__path__[0]).glob("*.py") if path.stem != "__init__")


def test_every_file_of_the_folder_is_a_command_with_a_line_of_help() -> None:
    result = CliRunner().invoke(windfall, ["--help"])

    assert isinstance(windfall, Commands)
    listed = dict(line.split(maxsplit=1) for line in result.output.partition("Commands:\n")[2].splitlines())
    assert sorted(listed) == names()


@pytest.mark.parametrize("name", names())
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(windfall, [name, "--help"])

    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: windfall {name}")


def test_what_is_not_there_is_not_found() -> None:
    assert CliRunner().invoke(windfall, ["__init__"]).exit_code == 2
    assert CliRunner().invoke(windfall, ["nothing"]).exit_code == 2


def test_every_problem_of_the_configuration_is_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WINDFALL_INGEST_BIND", "nonsense")
    monkeypatch.setenv("WINDFALL_NO_SUCH_THING", "1")

    with pytest.raises(SystemExit) as stopped:
        main(["db", "upgrade"])

    assert stopped.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "windfall: the configuration is wrong"
    assert [line[:4] for line in lines[1:]] == ["  - "] * 2


def test_the_database_is_made_and_made_again(sqlite_home: Path) -> None:
    results = [CliRunner().invoke(windfall, ["db", "upgrade"]) for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert results[0].output == results[1].output
    assert (sqlite_home / "windfall.db").exists()


def test_secrets_are_made_and_only_their_files_are_named(sqlite_home: Path) -> None:
    first, second = (CliRunner().invoke(windfall, ["secrets"]) for _ in range(2))

    assert str(sqlite_home / "secrets" / "jamf") in first.output.splitlines()
    assert second.output == ""
    assert not any(path.read_text().strip() in first.output for path in (sqlite_home / "secrets").iterdir())


def test_it_is_installed_under_its_name() -> None:
    script = Path(sys.executable).with_name("windfall")

    shown = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=60, check=True)

    assert shown.stdout.startswith("Usage: windfall [OPTIONS] COMMAND")


@pytest.fixture
def sqlite_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("WINDFALL_HOME", str(home))
    return home
