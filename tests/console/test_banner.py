"""The banner shows secrets to a terminal only, and its lines survive whatever is in a path."""

import shlex
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.loading import load_settings
from config.settings import Settings
from console.banner import banner, local_url, outside_url
from console.curl import curl_line
from console.home import make_secrets, prepare_home

NOW = datetime(2031, 3, 14, 9, 26, 53, tzinfo=UTC)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    home = tmp_path / "it's a $(home)"
    files = tmp_path / "given"
    files.write_text("first\nsecond\n")
    monkeypatch.setenv("WINDFALL_HOME", str(home))
    monkeypatch.setenv("WINDFALL_SENDER_JAMF_EU_KIND", "jamf")
    monkeypatch.setenv("WINDFALL_SENDER_JAMF_EU_SECRETS", "hush")
    monkeypatch.setenv("WINDFALL_SENDER_NANOMDM_SECRETS_FILE", str(files))
    found = load_settings()
    prepare_home(found)
    make_secrets(found)
    (found.secrets_path / "micromdm").write_text("")
    return found


def test_a_pipe_sees_no_secret(settings: Settings) -> None:
    text = banner(settings, show_secrets=False, at=NOW)

    secrets = [path.read_text().strip() for path in settings.secrets_path.iterdir() if path.stat().st_size]
    assert [secret for secret in [*secrets, "hush", "first", "second"] if secret in text.split()] == []
    assert not any(secret in text for secret in secrets)
    assert f"SECRET  in {settings.secrets_path / 'jamf'}" in text


def test_a_terminal_sees_what_to_paste_into_the_sender(settings: Settings) -> None:
    text = banner(settings, show_secrets=True, at=NOW)

    assert "-webhook-url 'http://127.0.0.1:8000/webhooks/nanomdm' -webhook-hmac-key 'first'" in text
    assert "jamf-eu (jamf)  http://127.0.0.1:8000/webhooks/jamf-eu\n  secret  hush\n" in text


def test_a_sender_without_a_secret_is_said_to_be_off(settings: Settings) -> None:
    text = banner(settings, show_secrets=True, at=NOW)

    lines = text.splitlines()
    said = lines[lines.index("micromdm  http://127.0.0.1:8000/webhooks/micromdm") + 1]
    assert said == f"  off: there is no secret in {settings.secrets_path / 'micromdm'}"


def test_a_curl_line_reads_the_secret_where_it_is(settings: Settings, tmp_path: Path) -> None:
    lines = {name: curl_line(settings, name, url="http://x/", at=NOW) for name in ("jamf", "nanomdm", "jamf-eu")}

    assert f'-u "windfall:$(cat {shlex.quote(str(settings.secrets_path / "jamf"))})"' in lines["jamf"]
    assert f'-u "windfall:$(head -n 1 {tmp_path / "given"})"' in lines["nanomdm"]
    assert '-u "windfall:$SECRET"' in lines["jamf-eu"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "algorithm sha256, header X-Signature, secret hush"),
        ({"ALGORITHM": "sha512", "ENCODING": "base64"}, "algorithm sha512, header X-Signature in base64, secret hush"),
        ({"PREFIX": "v1="}, "algorithm sha256, header X-Signature after 'v1=', secret hush"),
    ],
)
def test_a_sender_that_must_sign_is_told_how(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, more: dict[str, str], expected: str
) -> None:
    for key, value in {"HEADER": "X-Signature", **more}.items():
        monkeypatch.setenv(f"WINDFALL_SENDER_JAMF_EU_SIGNATURE_{key}", value)

    text = banner(load_settings(), show_secrets=True, at=NOW)

    url = "http://127.0.0.1:8000/webhooks/jamf-eu"
    [said] = [line for line in text.splitlines() if line.startswith(f"  set     Webhook URL {url},")]
    assert said == f"  set     Webhook URL {url}, authentication type HASH_SIGNATURE, {expected}"


def test_a_curl_line_signs_where_the_sender_must(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("WINDFALL_SENDER_JAMF_EU_SIGNATURE_HEADER", "X-Signature")
    monkeypatch.setenv("WINDFALL_SENDER_JAMF_EU_SIGNATURE_PREFIX", "v1=")

    line = curl_line(load_settings(), "jamf-eu", url="http://x/", at=NOW)

    assert "-u " not in line
    assert "-H 'X-Signature: v1='\"$(printf %s '{" in line
    assert """| openssl dgst -sha256 -hmac "$SECRET" | sed 's/.* //')" """ in line


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("[::]:8000", "http://[::1]:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("localhost:80", "http://localhost:80"),
    ],
)
def test_where_we_are_reached_from_this_machine(bind: str, url: str) -> None:
    assert local_url(bind) == url


def test_a_sender_elsewhere_is_told_our_name_when_we_listen_everywhere() -> None:
    assert outside_url("[::]:8000") == f"http://{socket.gethostname()}:8000"
    assert outside_url("192.0.2.7:8000") == "http://192.0.2.7:8000"
