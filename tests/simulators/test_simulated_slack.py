"""Slack's incoming webhook over a real socket."""

import pytest
import requests

from simulators.faults import Down
from simulators.slack import Slack


@pytest.fixture
def slack():
    with Slack() as server:
        yield server


def post(url, **options):
    return requests.post(url, timeout=60, **options)


def test_a_message_is_kept_and_answered_ok(slack):
    answer = post(slack.hook_url, json={"text": "hello"})

    assert (answer.status_code, answer.text) == (200, "ok")
    assert slack.messages == [{"text": "hello"}]


def test_what_is_no_message_is_refused_in_plain_text(slack):
    assert post(slack.url + "/services/T0/B0/wrong", json={"text": "x"}).text == "no_service"
    assert post(slack.url + "/services/T0/B0/wrong", json={"text": "x"}).status_code == 404
    for body, words in ((b"{", "invalid_payload"), (b"[]", "invalid_payload"), (b"{}", "no_text")):
        answer = post(slack.hook_url, data=body)
        assert (answer.status_code, answer.text) == (400, words)
    assert slack.messages == []


def test_too_fast_is_429_with_a_time_to_wait(slack):
    slack.limit(1, retry_after_s=3)

    refused, taken = (post(slack.hook_url, json={"text": "x"}) for _ in range(2))

    assert (refused.status_code, refused.headers["Retry-After"], taken.status_code) == (429, "3", 200)


def test_it_falls_ill_as_the_others_do(slack):
    slack.go_down(Down.REFUSING)
    with pytest.raises(requests.ConnectionError):
        post(slack.hook_url, json={"text": "x"})
    slack.come_back()
    slack.faults.lose_reply()
    with pytest.raises(requests.ConnectionError):
        post(slack.hook_url, json={"text": "x"})

    assert len(slack.messages) == 1
