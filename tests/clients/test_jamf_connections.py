"""Jamf asks for five connections at most: none waits for later requests, and all clients of a server share the five."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest

from clients.jamf import JamfPro
from clients.jamf_server import MOST_AT_ONCE
from simulators.jamf_api import JamfApi
from tests.clients.far_end import CERTIFICATE, answer, hang_up
from tests.jamf_pro import client, login, stock

TOKEN = answer(200, {"access_token": "t", "expires_in": 600})


def opened(port):
    """Our connections to this port that are neither closed nor on their way to be."""
    ours = psutil.Process(os.getpid()).net_connections(kind="tcp")
    is_open = {psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT, psutil.CONN_SYN_SENT}
    return [one for one in ours if one.raddr and one.raddr.port == port and one.status in is_open]


@pytest.mark.parametrize("tls", [False, True])
def test_no_connection_stays_open_after_an_answer(far_end, tls, monkeypatch):
    """Also to a server that would keep it, as this one would."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    far_end.tls = tls
    far_end.steps = [TOKEN, answer(200, {"version": "11.30.1"})]
    pro = JamfPro(far_end.url, login())

    left = [(pro.version(), opened(far_end.port)) for _ in range(3)]

    assert left == [("11.30.1", [])] * 3
    assert len({arrival.connection for arrival in far_end.arrivals}) == len(far_end.arrivals) == 4
    assert {arrival.headers["Connection"] for arrival in far_end.arrivals} == {"close"}


def test_no_connection_stays_open_after_a_failure(far_end):
    far_end.steps = [TOKEN, answer(200, b"x" * 2_000_000), hang_up]
    pro = JamfPro(far_end.url, login())

    for _ in range(2):
        with pytest.raises(Exception, match=r"more than|did not answer in full"):
            pro.version()
        assert opened(far_end.port) == []


def test_all_clients_of_a_server_share_its_five_connections(far_end):
    with JamfApi() as server:
        stock(server)
        pros = [client(server) for _ in range(3)]
        for pro in pros:
            pro.version()
        most, together = [], threading.Barrier(MOST_AT_ONCE + 1)

        def gate():
            most.append(len(opened(server.port)))
            with suppress(threading.BrokenBarrierError):  # nobody else comes in: as it should be
                together.wait(2)

        server.gate = gate
        with ThreadPoolExecutor(12) as threads:
            list(threads.map(lambda number: pros[number % 3].version(), range(24)))

    assert server.most_at_once <= MOST_AT_ONCE
    assert max(most) <= MOST_AT_ONCE
