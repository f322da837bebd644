"""A real `windfall up` in a folder of its own, and everything it has started."""

import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

PATIENCE = 180.0
"""Seconds after which what does not answer is a failure."""

LAST_LINE = "Ctrl-C stops everything."
STAND_IN = Path(__file__).with_name("curl_stand_in.py")


class Up:
    """The process, its home and what it has said so far."""

    def __init__(self, home: Path, arguments: Sequence[str] = (), **environment: str) -> None:
        self.home = home
        self.ports = free_ports(2)
        given = {
            "WINDFALL_HOME": str(home),
            "WINDFALL_INGEST_BIND": f"127.0.0.1:{self.ports[0]}",
            "WINDFALL_CONSOLE_BIND": f"127.0.0.1:{self.ports[1]}",
            "WINDFALL_INGEST_WORKERS": "1",
            "WINDFALL_WORKER_PROCESSES": "1",
        }
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("WINDFALL_", "SENTRY_"))}
        self.environment = {**ours, **given, **environment}
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "console.cli", "up", *arguments],
            env=self.environment,
            # Where no windfall.toml lies.
            cwd=home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def read_until(self, text: str) -> str:
        """Everything said, once ``text`` was said."""
        stdout = self.process.stdout
        assert stdout is not None
        deadline = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while text not in self.said:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    pytest.fail(f"`windfall up` did not say {text!r} but: {self.said}\n{self.logs()}")
                chunk = os.read(stdout.fileno(), 65536)
                if not chunk:
                    pytest.fail(f"`windfall up` ended without saying {text!r}: {self.said}\n{self.logs()}")
                self.said += chunk.decode()
        return self.said

    def wait(self) -> int:
        """Its exit code, and the rest of what it said."""
        rest, _ = self.process.communicate(timeout=PATIENCE)
        self.said += rest.decode()
        return self.process.returncode

    def curl_lines(self) -> list[str]:
        return re.findall(r"^ *(?:try +)?(curl .*)$", self.said, re.MULTILINE)

    def post(self, curl_line: str) -> str:
        """Paste a line into a shell; what came back."""
        path = self.environment["PATH"]
        if shutil.which("curl") is None:
            path = f"{stand_in_folder(self.home)}:{path}"
        pasted = subprocess.run(
            ["sh", "-c", f"{curl_line} -w ' %{{http_code}}'"],
            env={**self.environment, "PATH": path, "no_proxy": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return pasted.stdout

    def everybody(self) -> list[psutil.Process]:
        """Every process that runs on this home, this one and orphans included."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            # Redis writes its title over its environment.
            home = str(self.home)
            return process.environ().get("WINDFALL_HOME", "").startswith(home) or home in command_line(process)
        except psutil.Error:
            return False

    def find(self, words: str) -> psutil.Process:
        """The oldest process whose command line has these words."""
        found = [process for process in self.everybody() if words in command_line(process)]
        return min(found, key=lambda process: process.create_time())

    def logs(self) -> str:
        return "\n".join(f"{path}:\n{path.read_text()[-2000:]}" for path in sorted(self.home.glob("log/*.log")))


def command_line(process: psutil.Process) -> str:
    """Empty when it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def windfall_up(home: Path, arguments: Sequence[str] = (), **environment: str) -> Iterator[Up]:
    """Started; whatever of it is still there in the end is killed."""
    up = Up(home, arguments, **environment)
    try:
        yield up
    finally:
        for process in up.everybody():
            # Some end by themselves, or with the one before.
            with suppress(psutil.NoSuchProcess):
                process.kill()
        up.process.communicate(timeout=PATIENCE)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def stand_in_folder(home: Path) -> Path:
    """A folder with a `curl` in it, for machines without one."""
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    script = folder / "curl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    script.chmod(0o700)
    return folder
