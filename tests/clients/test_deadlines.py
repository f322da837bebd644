"""One request, one deadline: every way in which a far end can fail to answer, over real sockets."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from clients.caller import Call, Caller
from clients.transport import MOST_IDLE
from domain.errors import OutcomeUnknown, PermanentError, TransientError
from tests.clients.far_end import CERTIFICATE, answer, drip, hang_up, http, in_turn, reset, say, silence

SHORT = 0.3
SOONER_THAN_IT_LASTS = 8.0
"""Seconds; what drips does so for longer, and for a machine that has much else to do this is enough."""


@pytest.fixture
def caller():
    return Caller("far", deadline=SHORT)


@pytest.fixture
def patient():
    return Caller("far", deadline=10.0)


@contextmanager
def ends_in_time():
    began = time.monotonic()
    yield
    assert SHORT * 0.9 <= time.monotonic() - began < SOONER_THAN_IT_LASTS


def post(far_end, **more):
    return Call(**{"method": "POST", "url": far_end.url + "/secret-path?secret-query", "body": b"{}", **more})


def test_an_answer_comes_whole(far_end, patient):
    far_end.steps = [answer(201, {"ok": True}, x_thing="Yes")]

    got = patient.call(post(far_end, basic=("me", "pässword")))

    [arrival] = far_end.arrivals
    assert (got.status, got.document(), got.headers["x-thing"]) == (201, {"ok": True}, "Yes")
    assert (arrival.method, arrival.path, arrival.body) == ("POST", "/secret-path?secret-query", b"{}")
    assert arrival.headers["Authorization"] == "Basic bWU6cMOkc3N3b3Jk"
    assert arrival.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "slow",
    [
        silence,
        drip(http(200, b"x" * 1000)),
        in_turn(say(b"HTTP/1.1 200 OK\r\n"), drip(b"X-A: 1\r\n" * 99)),
        in_turn(say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), drip(b"x" * 1000)),
        in_turn(say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), drip(b"1\r\nx\r\n" * 100)),
        in_turn(say(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n"), drip(b"x" * 1000)),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    ],
    ids=["silence", "all", "headers", "body", "chunks", "until closing", "100 Continue"],
)
def test_a_far_end_that_drips_or_is_silent_ends_at_the_deadline(far_end, caller, slow):
    far_end.steps = [slow]

    with ends_in_time(), pytest.raises(OutcomeUnknown, match="timed out") as caught:
        caller.call(post(far_end))

    assert caught.value.down


def test_a_big_body_that_is_not_read_ends_at_the_deadline(far_end, caller):
    far_end.mute = True

    with ends_in_time(), pytest.raises(OutcomeUnknown, match="timed out"):
        caller.call(post(far_end, body=b"x" * 64 * 1024 * 1024))


def test_a_handshake_that_is_not_answered_ends_at_the_deadline_and_nothing_has_left(far_end, caller):
    far_end.mute = True

    with ends_in_time(), pytest.raises(TransientError, match="cannot be reached: timed out") as caught:
        caller.call(post(far_end, url=far_end.url.replace("http", "https")))

    assert (type(caught.value), caught.value.down) == (TransientError, True)


def test_over_tls_the_deadline_holds_too(far_end, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    far_end.tls = True
    far_end.steps = [answer(200, {"ok": True}), drip(http(200, b"x" * 1000))]
    whole = Caller("far", deadline=10.0).call(post(far_end))

    # Time for a handshake, without which nothing would have left.
    with ends_in_time(), pytest.raises(OutcomeUnknown, match="timed out"):
        Caller("far", deadline=2.0).call(post(far_end))

    assert whole.document() == {"ok": True}


def test_a_certificate_that_nobody_knows_stops_the_request_before_it_leaves(far_end, patient):
    far_end.tls = True

    with pytest.raises(TransientError, match="cannot be reached: self-signed certificate") as caught:
        patient.call(post(far_end))

    assert (type(caught.value), caught.value.down, far_end.arrivals) == (TransientError, True, [])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_there_means_that_nothing_has_left(nobody, patient, scheme):
    with pytest.raises(TransientError, match="cannot be reached") as caught:
        patient.call(Call(method="POST", url=nobody.replace("http", scheme), body=b"{}"))

    assert (type(caught.value), caught.value.down) == (TransientError, True)


def test_a_server_without_tls_means_that_nothing_has_left(far_end, patient):
    far_end.on_connect, far_end.mute = say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), True

    with pytest.raises(TransientError, match="cannot be reached: WRONG_VERSION_NUMBER") as caught:
        patient.call(post(far_end, url=far_end.url.replace("http", "https")))

    assert type(caught.value) is TransientError


@pytest.mark.parametrize(
    "broken",
    [
        reset,
        hang_up,
        in_turn(say(b"HTTP/1.1"), hang_up),
        in_turn(say(http(200, b"whole")[:-2]), hang_up),
        in_turn(say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), hang_up),
        say(b"SSH-2.0-OpenSSH_9.6\r\n"),
    ],
    ids=["reset", "hung up", "in the first line", "in the body", "in a chunk", "no HTTP"],
)
def test_after_the_request_left_a_broken_answer_is_an_unknown_outcome(far_end, patient, broken):
    far_end.steps = [broken]

    with pytest.raises(OutcomeUnknown, match="did not answer in full"):
        patient.call(post(far_end))
    with pytest.raises(TransientError) as harmless:
        patient.call(post(far_end, harmless=True))

    assert type(harmless.value) is TransientError
    assert len(far_end.arrivals) == 2


def test_an_answer_longer_than_the_call_allows_is_not_read_to_its_end(far_end, patient):
    far_end.steps = [in_turn(say(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000), silence)]

    with pytest.raises(OutcomeUnknown, match="more than 10000 bytes"):
        patient.call(post(far_end, most=10_000))
    with pytest.raises(PermanentError, match="more than 10000 bytes"):
        patient.call(post(far_end, most=10_000, harmless=True))


@pytest.mark.parametrize(
    "url", ["", "not a url", "http://", "ftp://127.0.0.1/", "http://[::1", f"http://{'x' * 64}.de"]
)
def test_a_url_that_is_none_is_no_reason_to_try_again(patient, url):
    with pytest.raises(PermanentError, match=r"^far.* cannot be sent"):
        patient.call(Call(method="GET", url=url))


def test_connections_are_kept_and_used_by_one_thread_at_a_time(far_end, patient):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: patient.call(post(far_end)), range(40)))

    assert len(far_end.arrivals) == 40
    assert len({arrival.connection for arrival in far_end.arrivals}) <= 4


def test_an_empty_answer_keeps_its_connection(far_end, patient):
    far_end.steps = [answer(200), say(b"HTTP/1.1 204 No Content\r\n\r\n")]

    for _ in range(4):
        patient.call(post(far_end))

    assert len({arrival.connection for arrival in far_end.arrivals}) == 1


def test_a_connection_that_the_server_closed_while_idle_is_not_used_again(far_end, patient):
    closed = threading.Event()
    far_end.steps = [in_turn(answer(200), hang_up, lambda *_: closed.set()), answer(200)]

    patient.call(post(far_end))
    assert closed.wait(60)
    patient.call(post(far_end))

    assert len({arrival.connection for arrival in far_end.arrivals}) == 2


def test_a_connection_that_waited_too_long_is_not_used_again(far_end, patient, monkeypatch):
    patient.call(post(far_end))
    now = time.monotonic() + MOST_IDLE
    monkeypatch.setattr(time, "monotonic", lambda: now)

    patient.call(post(far_end))

    assert len({arrival.connection for arrival in far_end.arrivals}) == 2


def test_a_kept_connection_that_dies_without_an_answer_is_an_unknown_outcome_and_nothing_is_sent_twice(
    far_end, patient
):
    far_end.steps = [answer(200), hang_up, answer(200)]
    patient.call(post(far_end))

    with pytest.raises(OutcomeUnknown):
        patient.call(post(far_end))

    assert len(far_end.arrivals) == 2
