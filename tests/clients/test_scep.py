"""Challenges as another server makes them, and what counts as one."""

import json

import pytest

from clients.scep import LONGEST, MOST_READ, ChallengeProvider
from domain.errors import PermanentError, TransientError
from tests.clients.far_end import answer, drip, hang_up, http, reset, silence

EVENT = b'{"webhook":{"webhookEvent":"SCEPChallenge"}}'
CHALLENGE = b"b31-QUAY-one-time"


@pytest.fixture
def provider(far_end):
    far_end.steps = [answer(200, CHALLENGE, content_type="text/plain")]
    return ChallengeProvider(lambda: far_end.url + "/scep/7c/challenge", lambda: "", 5.0)


def test_the_event_is_posted_and_the_answer_is_the_challenge(far_end, provider):
    assert provider.challenge(EVENT) == CHALLENGE

    [arrival] = far_end.arrivals
    assert (arrival.method, arrival.path, arrival.body) == ("POST", "/scep/7c/challenge", EVENT)
    assert (arrival.headers["Content-Type"], arrival.headers["Accept"]) == ("application/json", "text/plain")
    assert "Authorization" not in arrival.headers


def test_a_token_is_shown_as_bearer_and_credentials_in_the_url_as_basic(far_end, provider):
    host = far_end.url.removeprefix("http://")
    urls = {"t0ken": far_end.url, "": f"http://scep:p%40ss@{host}/challenge"}

    for token, url in urls.items():
        ChallengeProvider(lambda url=url: url, lambda token=token: token, 5.0).challenge(EVENT)

    shown = [arrival.headers["Authorization"] for arrival in far_end.arrivals]
    assert shown == ["Bearer t0ken", "Basic c2NlcDpwQHNz"]
    assert [arrival.headers["Host"] for arrival in far_end.arrivals] == [host, host]


@pytest.mark.parametrize(
    ("step", "challenge"),
    [
        (answer(200, b" abc \r\n"), b"abc"),
        (answer(201, "schlüssel".encode(), content_type="text/plain; charset=utf-8"), "schlüssel".encode()),
        (answer(200, b"<3 and spaces", content_type="application/octet-stream"), b"<3 and spaces"),
        (answer(200, b"x" * LONGEST), b"x" * LONGEST),
        (drip(http(200, b"slow")), b"slow"),
    ],
)
def test_one_line_of_text_is_a_challenge(far_end, provider, step, challenge):
    far_end.steps = [step]

    assert provider.challenge(EVENT) == challenge


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (answer(200), "something that is no challenge"),
        (answer(204), "something that is no challenge"),
        (answer(200, b" \n"), "something that is no challenge"),
        (answer(200, b"s3cr3t\ns3cr3t"), "something that is no challenge"),
        (answer(200, b"s3cr3t\x00"), "something that is no challenge"),
        (answer(200, b"s3cr3t\xff"), "something that is no challenge"),
        (answer(200, b"s" * (LONGEST + 1)), "something that is no challenge"),
        (answer(200, b"s3cr3t" * MOST_READ), "more than"),
        (answer(200, b"<html>s3cr3t</html>", content_type="text/html; charset=utf-8"), "no challenge"),
        (answer(200, {"challenge": "s3cr3t"}, content_type="application/json"), "no challenge"),
        (answer(302, b"s3cr3t", location="http://127.0.0.1:9/s3cr3t"), "answered 302"),
        (answer(401, b"s3cr3t"), "answered 401"),
        (answer(404, {"error": "s3cr3t"}), "answered 404"),
        (answer(500, b"s3cr3t"), "answered 500"),
        (answer(503, b"s3cr3t", retry_after="1"), "answered 503"),
    ],
)
def test_anything_else_is_none_and_is_not_quoted(far_end, provider, step, words):
    far_end.steps = [step]

    with pytest.raises(PermanentError, match=words) as caught:
        provider.challenge(EVENT)

    assert f"SCEP challenge server ({far_end.place})" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("step", [hang_up, reset, silence, drip(http(200, b"too slow" * 50))])
def test_no_answer_in_time_is_a_failure_without_the_url_or_the_token(far_end, step):
    far_end.steps = [step]
    url = far_end.url.replace("http://", "http://scep:pa55word@") + "/s3cr3t-path"

    with pytest.raises(TransientError, match="did not answer in full") as caught:
        ChallengeProvider(lambda: url, lambda: "t0ken", 0.3).challenge(EVENT)

    assert not any(secret in str(caught.value) for secret in ("pa55word", "s3cr3t", "t0ken"))


@pytest.mark.parametrize("url", ["", "mailto:s3cr3t", "http://[s3cr3t"])
def test_a_url_that_is_none_is_a_failure_like_any_other(url):
    with pytest.raises(PermanentError, match="cannot be sent") as caught:
        ChallengeProvider(lambda: url, lambda: "", 1.0).challenge(EVENT)

    assert "s3cr3t" not in str(caught.value)


def test_url_and_token_are_asked_each_time(far_end):
    tokens = iter(["one", "two"])
    far_end.steps = [answer(200, json.dumps("x").encode())]
    provider = ChallengeProvider(lambda: far_end.url, lambda: next(tokens), 5.0)

    assert {provider.challenge(EVENT), provider.challenge(EVENT)} == {b'"x"'}
    assert [arrival.headers["Authorization"] for arrival in far_end.arrivals] == ["Bearer one", "Bearer two"]


def test_a_server_that_is_not_there_is_a_failure(nobody):
    with pytest.raises(TransientError, match="cannot be reached"):
        ChallengeProvider(lambda: nobody, lambda: "", 5.0).challenge(EVENT)
