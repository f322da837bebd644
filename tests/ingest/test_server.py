"""The front door as it is served: granian, real sockets, real bytes."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing

import psutil
import pytest

from config.inbox import Inboxes
from tests.faults.arena import free_port, wait_until

SECRET = "path-secret-of-micromdm"
EVENT = b'{"topic": "mdm.CheckOut", "event_id": "%s"}'


class Web:
    """`python -m ingest`, and what it printed."""

    def __init__(self, home, redis_location):
        self.port = free_port()
        self.log = home / "web.log"
        (home / "secrets").mkdir(parents=True)
        (home / "secrets/micromdm").write_text(SECRET)
        environment = {
            **os.environ,
            "WINDFALL_HOME": str(home),
            "WINDFALL_REDIS_URL": redis_location,
            "WINDFALL_INGEST_BIND": f"127.0.0.1:{self.port}",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "ingest"], env=environment, stdout=log, stderr=log)
        wait_until("the door is open", self.is_open, seconds=30)

    def is_open(self):
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def post(self, body, path=f"/webhooks/micromdm/{SECRET}", **headers):
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("POST", path, body=body, headers=headers)
            return connection.getresponse().status


@pytest.fixture
def web(tmp_path, redis_location, redis_client):
    served = Web(tmp_path / "home", redis_location)
    yield served
    if served.process.poll() is None:
        served.process.terminate()
        served.process.wait(timeout=10)


def in_chunks(body, size=1000):
    return iter([body[start : start + size] for start in range(0, len(body), size)])


def test_chunked_bodies_are_read_whole_up_to_the_limit_and_refused_beyond_it(web, redis_client):
    event = EVENT % b"chunked"
    padded = event[:-1] + b', "pad": "' + b"x" * (1024 * 1024) + b'"}'

    assert web.post(in_chunks(event, 7)) == 200
    assert web.post(in_chunks(padded, 65_536)) == 413
    (entry,) = Inboxes(redis_client).peek("micromdm.CheckOut:0", limit=10)
    assert entry.body == event


def test_a_secret_in_the_path_is_in_no_log_line(web):
    statuses = [
        web.post(EVENT % b"1"),
        web.post(b"{"),
        web.post(b"", f"/webhooks/nobody/{SECRET}"),
        web.post(b"", f"/{SECRET}"),
    ]

    assert statuses == [200, 400, 404, 404]
    wait_until("four lines are logged", lambda: web.log.read_text().count("delivery_") >= 3, seconds=5)
    assert SECRET not in web.log.read_text()


def test_the_workers_of_granian_end_when_their_parent_was_killed(web):
    workers = psutil.Process(web.process.pid).children()
    assert workers

    os.kill(web.process.pid, signal.SIGKILL)
    web.process.wait(timeout=10)

    assert psutil.wait_procs(workers, timeout=5)[1] == []
