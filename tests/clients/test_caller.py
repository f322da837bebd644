"""What a status and its headers mean, what a message shows, and what a request leaves alone."""

from datetime import UTC, datetime

import pytest

from clients.caller import Call, Caller
from domain.errors import OutcomeUnknown, PermanentError, TransientError
from tests.clients.far_end import answer, reset

NOW = datetime(2031, 1, 15, 8, 30, tzinfo=UTC)


@pytest.fixture
def patient():
    return Caller("far", deadline=10.0, now=lambda: NOW)


def post(far_end, **more):
    return Call(**{"method": "POST", "url": far_end.url + "/secret-path?secret-query", "body": b"{}", **more})


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
        (301, PermanentError, False),
        (307, PermanentError, False),
        (400, PermanentError, False),
        (401, PermanentError, False),
        (404, PermanentError, False),
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
