"""`windfall send` to the real front door."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.contract import inbox_of
from config.inbox import Inboxes
from console.samples import type_named
from domain.kinds import TYPES

PROJECT = Path(__file__).parents[2]
PATIENCE = 60
POLL = 0.05

SENDERS = {"HOOKS": "jamf", "SIGNED": "jamf", "APPLE": "apps-and-books", "MICRO": "micromdm", "NANO": "nanomdm"}
SETTINGS = {
    **{f"WINDFALL_SENDER_{name}_KIND": kind for name, kind in SENDERS.items()},
    **{f"WINDFALL_SENDER_{name}_SECRETS": "gehöim" for name in SENDERS},
    "WINDFALL_SENDER_APPLE_SECRETS": "geheim",
    "WINDFALL_SENDER_SIGNED_SIGNATURE_HEADER": "X-Signature",
    "WINDFALL_SENDER_SIGNED_SIGNATURE_ALGORITHM": "sha512",
    "WINDFALL_SENDER_SIGNED_SIGNATURE_PREFIX": "sha512=",
}
"""Five senders, each with a secret that is no ASCII where its form can carry that."""


@pytest.fixture(scope="module")
def door(redis_location, tmp_path_factory):
    """HOST:PORT of an ingest process with those senders."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
    folder = tmp_path_factory.mktemp("door")
    more = {"WINDFALL_HOME": str(folder), "WINDFALL_REDIS_URL": redis_location, "WINDFALL_INGEST_BIND": bind}
    environment = {**os.environ, **SETTINGS, **more}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "ingest"], env=environment, cwd=PROJECT, stdout=log, stderr=log
        ) as process,
    ):
        try:
            wait_for(bind, process)
            yield bind
        finally:
            process.terminate()


def wait_for(bind, process):
    """Waiting for its end is a pause that ends early when there is nothing to wait for."""
    host, _, port = bind.partition(":")
    for _ in range(int(PATIENCE / POLL)):
        try:
            with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
                connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                if connection.recv(1):  # its listener opens before its worker is there
                    return
        except ConnectionError:
            pass
        try:
            process.wait(timeout=POLL)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail("the front door does not open")


@pytest.fixture
def send(run_windfall, door):
    settings = {name.removeprefix("WINDFALL_"): value for name, value in SETTINGS.items()}

    def run(*arguments, **more):
        return run_windfall("send", *arguments, **{**settings, "INGEST_BIND": door, **more})

    return run


@pytest.mark.parametrize(
    ("sender", "event_type"),
    [
        ("hooks", "SCEPChallenge"),
        ("signed", "JSSStartup"),
        ("apple", "ASSET_COUNT"),
        ("micro", "Connect"),
        ("nano", "GetToken"),
        ("nano", "unknown"),
    ],
)
def test_a_sample_is_let_in_by_the_secret_in_its_senders_own_form(send, redis_client, sender, event_type):
    result = send(sender, event_type, "--json")

    said = json.loads(result.output)
    kind = SENDERS[sender.upper()]
    (entry,) = Inboxes(redis_client).peek(inbox_of(kind, type_named(kind, event_type)), limit=9)
    assert (result.exit_code, said["status"]) == (0, 200)
    assert json.loads(said["body"])["delivery_id"] == json.loads(entry.head)["delivery_id"]
    assert json.loads(entry.head)["sender"] == sender


def test_a_file_is_sent_as_it_is_and_a_refusal_is_exit_code_1(send, tmp_path):
    (tmp_path / "body").write_bytes(b"\x00 no event")

    result = send("micro", "--file", str(tmp_path / "body"))

    assert result.exit_code == 1
    assert result.output.startswith("400 ")
    assert '{"error":' in result.output


def test_the_wrong_secret_is_answered_401(send):
    result = send("apple", "ASSET_COUNT", SENDER_APPLE_SECRETS="wrong")

    assert result.exit_code == 1
    assert result.output.startswith("401 ")


def test_help_lists_the_types(send):
    said = " ".join(send("--help").output.split())

    assert all(f"{kind}: {', '.join(types)}" in said for kind, types in TYPES.items())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody", "Connect"), "there is no sender 'nobody'"),
        (("micro", "Conect"), "there are mdm.Authenticate"),
        (("micro",), "say which TYPE to send, or give a --file; micromdm has mdm.Authenticate, "),
        (("apps-and-books", "ASSET_COUNT"), "is off"),
        (("micro", "Connect", "--url", "http://127.0.0.1:1"), "does not answer"),
        (("micro", "Connect", "--url", "nonsense"), "does not answer"),
    ],
)
def test_what_cannot_be_sent_says_why(send, arguments, words):
    result = send(*arguments)

    assert result.exit_code != 0
    assert words in " ".join(result.output.split())
    assert "geh" not in result.output
