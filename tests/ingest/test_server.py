"""The front door as it is served: granian, real sockets, real bytes."""

import os
import signal

import psutil
import pytest

from config.inbox import Inboxes
from tests.faults.arena import wait_until
from tests.ingest.web import Web, in_chunks

SECRET = "path-secret-of-micromdm"
PATH = f"/webhooks/micromdm/{SECRET}"
EVENT = b'{"topic": "mdm.CheckOut", "event_id": "%s"}'


@pytest.fixture
def web(tmp_path, redis_location, redis_client):
    served = Web(tmp_path / "home", redis_location, {"micromdm": SECRET})
    yield served
    served.end()


def test_chunked_bodies_are_read_whole_up_to_the_limit_and_refused_beyond_it(web, redis_client):
    event = EVENT % b"chunked"
    padded = event[:-1] + b', "pad": "' + b"x" * (1024 * 1024) + b'"}'

    assert web.post(in_chunks(event, 7), PATH) == 200
    assert web.post(in_chunks(padded, 65_536), PATH) == 413
    (entry,) = Inboxes(redis_client).peek("micromdm.CheckOut:0", limit=10)
    assert entry.body == event


def test_a_secret_in_the_path_is_in_no_log_line(web):
    statuses = [
        web.post(EVENT % b"1", PATH),
        web.post(b"{", PATH),
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
