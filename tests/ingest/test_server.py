"""The front door as it is served: granian, real sockets, real bytes."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from config.contract import INBOXES
from config.inbox import Inboxes
from config.redis_connection import connect
from tests.faults.arena import Server, wait_until
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
    wait_until("four lines are logged", lambda: web.log.read_text().count("delivery_") >= 3, seconds=60)
    assert SECRET not in web.log.read_text()


def test_the_workers_of_granian_end_when_their_parent_was_killed(web):
    workers = psutil.Process(web.process.pid).children()
    assert workers

    os.kill(web.process.pid, signal.SIGKILL)
    web.process.wait(timeout=60)

    assert psutil.wait_procs(workers, timeout=60)[1] == []


def test_while_redis_is_frozen_everything_is_answered_and_kept_and_moved_when_it_thaws(tmp_path):
    redis = Server(tmp_path / "redis")
    redis.start()
    web = Web(tmp_path / "home", f"unix://{redis.socket}", {"micromdm": SECRET}, WINDFALL_INGEST_WORKERS="1")
    client = connect(f"unix://{redis.socket}")

    def stored():
        """Each once: what Redis was about to store when it froze is kept as well."""
        inboxes = Inboxes(client)
        return len({entry.body for name in INBOXES for entry in inboxes.peek(name, limit=100)})

    def post(number):
        began = time.monotonic()
        return web.post(EVENT % f"{number}".encode(), PATH), time.monotonic() - began

    try:
        assert post(0)[0] == 200
        redis.signal(signal.SIGSTOP)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(post, range(1, 61)))
        kept = list((tmp_path / "home" / "spool").rglob("*.seg*"))
        redis.signal(signal.SIGCONT)
        wait_until("everything is in Redis", lambda: stored() == 61, seconds=60)
    finally:
        web.end()
        redis.stop()

    assert {status for status, _ in answers} == {200}
    assert kept
    # Were each to wait for Redis, the median would be a second and more.
    assert sorted(duration for _, duration in answers)[30] < 0.5
