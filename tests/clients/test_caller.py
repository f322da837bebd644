"""One request, one deadline: every way in which a far end can fail to answer, over real sockets."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from clients.caller import Call, Caller
from clients.transport import MOST_IDLE
from domain.errors import OutcomeUnknown, PermanentError, TransientError
from tests.clients.far_end import CERTIFICATE, answer, drip, hang_up, http, in_turn, reset, say, silence

SHORT = 0.3
NOW = datetime(2031, 1, 15, 8, 30, tzinfo=UTC)


@pytest.fixture
def caller():
    return Caller("far", deadline=SHORT, now=lambda: NOW)


@pytest.fixture
def patient():
    return Caller("far", deadline=10.0, now=lambda: NOW)


@contextmanager
def ends_in_time():
    began = time.monotonic()
    yield
    assert SHORT * 0.9 <= time.monotonic() - began < SHORT + 1.0


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


def test_over_tls_the_deadline_holds_too(far_end, caller, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    far_end.tls = True
    far_end.steps = [answer(200, {"ok": True}), drip(http(200, b"x" * 1000))]
    whole = Caller("far", deadline=10.0).call(post(far_end))

    with ends_in_time(), pytest.raises(OutcomeUnknown, match="timed out"):
        caller.call(post(far_end))

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
    far_end.on_connect = say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

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


@pytest.mark.parametrize("url", ["", "not a url", "http://", "ftp://127.0.0.1/", "http://[::1", f"http://{'x' * 64}.de"])
def test_a_url_that_is_none_is_no_reason_to_try_again(patient, url):
    with pytest.raises(PermanentError, match="^far.* cannot be sent"):
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
    assert closed.wait(5)
    patient.call(post(far_end))

    assert len({arrival.connection for arrival in far_end.arrivals}) == 2


def test_a_connection_that_waited_too_long_is_not_used_again(far_end, patient, monkeypatch):
    patient.call(post(far_end))
    now = time.monotonic() + MOST_IDLE
    monkeypatch.setattr(time, "monotonic", lambda: now)

    patient.call(post(far_end))

    assert len({arrival.connection for arrival in far_end.arrivals}) == 2


def test_a_kept_connection_that_dies_without_an_answer_is_an_unknown_outcome_and_nothing_is_sent_twice(far_end, patient):
    far_end.steps = [answer(200), hang_up, answer(200)]
    patient.call(post(far_end))

    with pytest.raises(OutcomeUnknown):
        patient.call(post(far_end))

    assert len(far_end.arrivals) == 2


def refusal(far_end, caller, step, **more):
    far_end.steps = [step]
    call = post(far_end, **more)
    return caller.refusal(call, caller.call(call))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("99999999", 86_400.0),
        ("Wed, 15 Jan 2031 08:32:00 GMT", 120.0),
        ("Wed, 15 Jan 2031 08:00:00 GMT", 0.0),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(far_end, patient, value, seconds):
    error = refusal(far_end, patient, answer(429, retry_after=value))

    assert (type(error), error.retry_after, error.down) == (TransientError, seconds, True)


def test_a_date_counts_from_the_far_ends_own_clock(far_end, patient):
    dates = {"date": "Thu, 01 Jan 2026 00:00:00 GMT", "retry_after": "Thu, 01 Jan 2026 00:01:00 GMT"}

    assert refusal(far_end, patient, answer(503, **dates)).retry_after == 60.0


@pytest.mark.parametrize(
    ("status", "kind", "down"),
    [
        (200, OutcomeUnknown, True),
        (204, OutcomeUnknown, True),
        (301, PermanentError, None),
        (307, PermanentError, None),
        (400, PermanentError, None),
        (401, PermanentError, None),
        (404, PermanentError, None),
        (408, TransientError, False),
        (425, TransientError, False),
        (429, TransientError, True),
        (500, OutcomeUnknown, False),
        (502, OutcomeUnknown, True),
        (503, TransientError, True),
        (504, OutcomeUnknown, True),
        (522, OutcomeUnknown, True),
    ],
)
def test_what_a_status_means(far_end, patient, status, kind, down):
    error = refusal(far_end, patient, answer(status, location="http://127.0.0.1:1/elsewhere"))
    harmless = refusal(far_end, patient, answer(status), harmless=True)

    assert (type(error), getattr(error, "down", None)) == (kind, down)
    assert type(harmless) is (TransientError if kind is OutcomeUnknown else kind)


def test_redirects_proxies_and_netrc_are_left_alone(far_end, patient, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    far_end.steps = [answer(302, location=far_end.url + "/other", set_cookie="a=b"), answer(200)]

    first, second = patient.call(post(far_end)), patient.call(post(far_end))

    assert (first.status, second.status) == (302, 200)
    assert [arrival.path for arrival in far_end.arrivals] == ["/secret-path?secret-query"] * 2
    assert not {"Authorization", "Cookie"} & far_end.arrivals[1].headers.keys()


def test_a_message_shows_the_far_ends_words_clipped_clean_and_without_secrets(far_end, patient):
    words = "no\x1b[31m\r\nSet-Cookie: \u202e s3cr3t and czNjcjN0 and bWU6czNjcjN0 " + "x" * 1000
    error = refusal(far_end, patient, answer(400, {"error": words}), basic=("me", "s3cr3t"), secrets=("czNjcjN0",))

    text = str(error)
    assert text.startswith(f"far ({far_end.place}) answered 400: no [31m Set-Cookie: … and … and … xxx")
    assert text.isprintable()
    assert len(text) < 350


def test_no_error_nor_what_it_comes_from_tells_the_path(nobody, far_end, patient):
    far_end.steps = [reset]
    for url in (nobody, far_end.url, "http://127.0.0.1:port", "http://[::1"):
        with pytest.raises((TransientError, PermanentError)) as caught:
            patient.call(Call(method="POST", url=f"{url.replace('://', '://me:s3cr3t@')}/secret-path", body=b"{}"))

        links = [caught.value]
        while links[-1].__cause__ or (links[-1].__context__ and not links[-1].__suppress_context__):
            links.append(links[-1].__cause__ or links[-1].__context__)
        assert not any("secret-path" in repr(link) or "s3cr3t" in repr(link) for link in links)


def test_a_page_is_called_a_page(far_end, patient):
    assert str(refusal(far_end, patient, answer(403, b"\n<!DOCTYPE html><p>Log in"))).endswith("403: an HTML page")
