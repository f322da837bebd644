"""The front door as it is served, in a process of its own."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing

from tests.faults.arena import free_port, wait_until


class Web:
    """`python -m ingest`, and what it printed. ``secrets`` are by sender, ``settings`` further variables."""

    def __init__(self, home, redis_location, secrets: Mapping[str, str], **settings: str):
        self.port = free_port()
        self.log = home / "web.log"
        (home / "secrets").mkdir(parents=True)
        for sender, secret in secrets.items():
            (home / "secrets" / sender).write_text(secret)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("WINDFALL_", "SENTRY_"))},
            "WINDFALL_HOME": str(home),
            "WINDFALL_REDIS_URL": redis_location,
            "WINDFALL_INGEST_BIND": f"127.0.0.1:{self.port}",
            **settings,
        }
        argv = [sys.executable, "-m", "ingest"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(argv, env=environment, cwd=home, stdout=log, stderr=log)
        wait_until("the door is open", self.is_open, seconds=90)

    def is_open(self):
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def connection(self):
        """For several requests, one after the other."""
        return closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60))

    def post(self, body, path, **headers):
        with self.connection() as connection:
            return answer_to(connection, body, path, headers)[0]

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)


def answer_to(connection, body, path, headers):
    """Status, headers and body of the answer to one POST; a ``body`` that is an iterator is sent in chunks."""
    connection.request("POST", path, body=body, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def in_chunks(body, size=1000):
    return iter([body[start : start + size] for start in range(0, len(body), size)])
