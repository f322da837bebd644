"""Servers that fall ill on demand: what a client sees on the wire, and that they recover on the same port."""

import http.client
import socket

import pytest
import requests

from simulators.faults import Down
from simulators.sinks import JsonSink

SOON = 1.0


@pytest.fixture
def sink():
    with JsonSink() as server:
        yield server


def post(sink, path="/here", **options):
    return requests.post(sink.url + path, json={"n": 1}, timeout=options.pop("timeout", 5), **options)


def test_a_document_is_kept_with_its_headers_and_logged(sink):
    answer = post(sink, headers={"X-Token": "t"})

    assert (answer.status_code, answer.text) == (200, "ok")
    assert [(one.path, one.document, one.headers["x-token"]) for one in sink.received] == [("/here", {"n": 1}, "t")]
    assert [(call.method, call.path, call.status) for call in sink.calls] == [("POST", "/here", 200)]


def test_what_is_not_json_is_refused(sink):
    assert requests.post(sink.url, data=b"{", timeout=60).status_code == 400
    assert sink.received == []


def test_a_connection_serves_many_requests_and_chunked_bodies(sink):
    connection = http.client.HTTPConnection("127.0.0.1", sink.port, timeout=60)
    ports = set()
    for body in (b'{"n": 1}', iter([b'{"n":', b" 2}"])):
        connection.request("POST", "/", body=body, headers={}, encode_chunked=not isinstance(body, bytes))
        assert connection.getresponse().read() == b"ok"
        ports.add(connection.sock.getsockname()[1])
    connection.close()

    assert [one.document for one in sink.received] == [{"n": 1}, {"n": 2}]
    assert len(ports) == 1


def test_refusing_cuts_connections_and_the_port_comes_back(sink):
    with requests.Session() as session:
        session.post(sink.url, json={}, timeout=60)
        port = sink.port
        sink.go_down(Down.REFUSING)

        with pytest.raises(requests.ConnectionError):
            session.post(sink.url, json={}, timeout=60)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=60)

        sink.come_back()
        assert session.post(sink.url, json={}, timeout=60).status_code == 200
    assert sink.port == port
    assert len(sink.received) == 2


def test_a_port_that_is_taken_is_an_error(sink):
    with pytest.raises(OSError, match="in use"):
        JsonSink(port=sink.port)


def test_silence_takes_the_request_and_does_nothing(sink):
    sink.go_down(Down.SILENT)

    with pytest.raises(requests.ReadTimeout):
        post(sink, timeout=SOON)

    sink.come_back()
    assert post(sink).status_code == 200
    assert [call.status for call in sink.calls] == [None, 200]
    assert len(sink.received) == 1


def test_a_dripping_header_keeps_every_single_read_in_time(sink):
    sink.faults.drip_s = 0.02
    sink.go_down(Down.DRIPPING)
    with socket.create_connection(("127.0.0.1", sink.port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        pieces = [connection.recv(100) for _ in range(30)]
        sink.come_back()
        while connection.recv(100):
            """Until it hangs up."""

    assert b"".join(pieces).startswith(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    assert max(map(len, pieces)) < 10


def test_errors_and_unavailability_are_answers(sink):
    sink.go_down(Down.ERROR)
    assert post(sink).status_code == 500

    sink.faults.retry_after_s = 7
    sink.go_down(Down.UNAVAILABLE)
    answer = post(sink)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert sink.received == []


def test_a_lost_reply_is_a_reset_after_the_deed(sink):
    sink.faults.lose_reply(1, path="/here")

    assert post(sink, "/there").status_code == 200
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(sink)
    assert post(sink).status_code == 200

    assert len(sink.received) == 3
    assert [call.status for call in sink.calls] == [200, None, 200]


def test_a_reply_may_hang_after_the_deed(sink):
    sink.faults.lose_reply(hang=True)

    with pytest.raises(requests.ReadTimeout):
        post(sink, timeout=SOON)

    assert len(sink.received) == 1


def test_an_error_before_the_deed_leaves_nothing(sink):
    sink.faults.error_before_storing(2)

    assert [post(sink).status_code for _ in range(3)] == [500, 500, 200]
    assert len(sink.received) == 1
    assert sink.count("POST", "/here") == 3
    assert sink.count("PUT") == 0
