"""`windfall up --demo`: a living example on simulated servers, and never on real ones."""

import json
import re
import signal
import socket
import sys
from contextlib import ExitStack, suppress
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

from config.loading import load_settings
from config.settings import Settings
from console.demo import prepare_demo
from console.home import StartError
from state.engine import open_engine
from state.schema import installs
from tests.console.running import LAST_LINE, Up, command_line, windfall_up
from tests.console.test_up import until


def installed(home: Path) -> int:
    engine = open_engine(f"sqlite:///{home / 'windfall.db'}")
    with engine.connect() as connection:
        count = connection.execute(select(func.count()).where(installs.c.state == "installed")).scalar_one()
    engine.dispose()
    return count


def received(up: Up, pattern: str) -> list[Path]:
    """What a person finds where the banner says."""
    return list((up.home / "demo" / "received").glob(pattern))


def test_apps_are_installed_before_long_and_ctrl_c_pressed_twice_ends_everything(tmp_path: Path) -> None:
    with windfall_up(tmp_path / "home", ["--demo", "--demo-devices", "8"]) as up:
        up.read_until(LAST_LINE)
        until(lambda: installed(up.home / "demo") > 0, up)
        until(lambda: all(any(received(up, kind)) for kind in ("mails/*.eml", "chat/*.json")), up)
        (line,) = up.curl_lines()
        answer = up.post(line)
        everybody = up.everybody()
        seen = up.said + (up.home / "demo" / "run" / "supervisord.conf").read_text() + up.logs()
        seen += " ".join(map(command_line, everybody))

        up.process.send_signal(signal.SIGINT)
        up.read_until("windfall: stopping")
        up.process.send_signal(signal.SIGINT)

        assert up.wait() == 0
        assert psutil.wait_procs(everybody, timeout=0)[1] == []
        assert up.everybody() == []
        assert len(everybody) >= 9
    assert any("simulators.demo" in word for word in seen.split())
    assert answer.endswith(" 200")
    assert '"state":"installed"' in answer.replace(" ", "")
    assert [file.name for file in (up.home / "demo" / "secrets").iterdir() if file.read_text().strip() in seen] == []
    assert [path.name for path in up.home.iterdir()] == ["demo"]
    assert f"\nMails, chat  {up.home.relative_to(tmp_path) / 'demo' / 'received'}  (" in up.said
    said = ""
    for mail in received(up, "mails/*.eml"):
        parts = message_from_bytes(mail.read_bytes(), policy=policy.default).iter_parts()
        plain, html = (part.get_content().strip() for part in parts)
        assert plain
        assert html.startswith("<!DOCTYPE html>")
        said += plain
    assert re.search(r"^Link: http://[\w.:]+/api/devices/[\w-]+$", said, re.MULTILINE)
    assert all(json.loads(message.read_text())["text"] for message in received(up, "chat/*.json"))


def test_other_commands_take_the_demo_from_its_configuration_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = prepare_demo(Settings(), devices=8)
    monkeypatch.setenv("WINDFALL_CONFIG", str(demo.prefix["WINDFALL_CONFIG"]))
    in_file = load_settings()
    for name, value in demo.variables.items():
        monkeypatch.setenv(name, value)

    assert list(demo.prefix) == ["WINDFALL_CONFIG"]
    assert in_file == load_settings()
    assert in_file.home_path == tmp_path / "var" / "demo"
    assert in_file.mail_to == ("it@quillfeather.example",)
    assert {name for name, sender in in_file.senders.items() if sender.url} == {"micromdm", "nanomdm", "jamf"}


def test_where_something_real_is_configured_it_says_so_and_touches_nothing(tmp_path: Path) -> None:
    real = {"WINDFALL_MICROMDM_URL": "https://mdm.example", "WINDFALL_MICROMDM_API_KEY": "hush-hush"}
    with windfall_up(tmp_path / "home", ["--demo"], **real) as up:
        assert up.wait() == 1

    assert up.said == (
        "Error: the demo is for simulated servers only, and senders.micromdm.api_key, senders.micromdm.url are set:"
        " unset that, or start the demo in a folder without windfall.toml\n"
    )
    assert not up.home.exists()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("redis_url", {"redis_url": "redis://127.0.0.1"}),
        ("database_url", {"database_url_file": Path("url")}),
        ("smtp_url", {"smtp_url": "smtp://mail.example"}),
        ("chat_url", {"chat_url": "https://chat.example/hook"}),
        ("senders.jamf-eu.secrets", {"senders": {"jamf-eu": {"kind": "jamf", "secrets": "hush"}}}),
    ],
)
def test_no_setting_that_names_something_real_is_accepted(tmp_path: Path, name: str, given: dict[str, Any]) -> None:
    with pytest.raises(StartError, match=f"and {name} is set"):
        prepare_demo(Settings(home=tmp_path / "home", **given), devices=8)

    assert not (tmp_path / "home").exists()


def test_it_runs_beside_the_real_one_unless_its_own_port_was_named(tmp_path: Path) -> None:
    defaults = Settings(home=tmp_path)
    with ExitStack() as opened:
        # Taken by us, or by somebody else.
        with suppress(OSError):
            opened.enter_context(socket.create_server(("127.0.0.1", 8000)))

        beside = prepare_demo(defaults, devices=8).variables
        named = prepare_demo(Settings(home=tmp_path, ingest_bind=defaults.ingest_bind), devices=8).variables

    assert beside["WINDFALL_INGEST_BIND"] != defaults.ingest_bind
    assert named["WINDFALL_INGEST_BIND"] == defaults.ingest_bind
    assert beside["WINDFALL_HOME"] == str(tmp_path / "demo")


def test_without_the_mail_server_package_it_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtpd", None)

    with pytest.raises(StartError, match=r"windfall\[demo\]"):
        prepare_demo(Settings(home=tmp_path), devices=8)
