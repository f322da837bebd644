"""Messages as Slack and others take them, and what their answers mean."""

import json

import pytest

from clients.chat import MOST_TEXT, Chat
from domain.errors import OutcomeUnknown, PermanentError, TransientError
from tests.clients.far_end import answer, hang_up

PATH = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"


@pytest.fixture
def chat(far_end):
    far_end.steps = [answer(200, b"ok")]
    return Chat(lambda: far_end.url + PATH)


def test_slack_gets_text_in_which_nothing_is_a_link_or_a_mention(far_end, chat):
    chat.post("3 < 4 & <!channel>", {"device": "<@U1>", "error": "x" * 1000})

    [arrival] = far_end.arrivals
    first, device, error = json.loads(arrival.body)["text"].split("\n")
    assert (arrival.method, arrival.path) == ("POST", PATH)
    assert arrival.headers["Content-Type"] == "application/json"
    assert (first, device) == ("3 &lt; 4 &amp; &lt;!channel&gt;", "• device: &lt;@U1&gt;")
    assert len(error) < 350


def test_a_long_message_is_cut_before_it_is_escaped(far_end, chat):
    chat.post("<" * 10_000, {})

    assert json.loads(far_end.arrivals[0].body) == {"text": "&lt;" * (MOST_TEXT - 1) + "…"}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_server_gets_text_and_facts_as_json(far_end, status):
    far_end.steps = [answer(status, b"" if status == 204 else b"whatever")]

    Chat(lambda: far_end.url, "json").post("<b>", {"device": "<i>"})

    assert json.loads(far_end.arrivals[0].body) == {"text": "<b>", "facts": {"device": "<i>"}}


@pytest.mark.parametrize(
    ("step", "kind", "words"),
    [
        (answer(200, b"<html>Sign in"), PermanentError, "not Slack's `ok`"),
        (answer(200, {"ok": False}), PermanentError, "not Slack's `ok`"),
        (answer(400, b"invalid_payload"), PermanentError, "400: invalid_payload"),
        (answer(403, b"action_prohibited"), PermanentError, "403: action_prohibited"),
        (answer(404, b"no_service"), PermanentError, "404: no_service"),
        (answer(410, b"channel_is_archived"), PermanentError, "410: channel_is_archived"),
        (answer(500, b"rollup_error"), OutcomeUnknown, "500: rollup_error"),
        (answer(503), TransientError, "503"),
        (answer(408), TransientError, "408"),
        (answer(425), TransientError, "425"),
        (hang_up, OutcomeUnknown, "did not answer in full"),
    ],
)
@pytest.mark.parametrize("form", ["slack", "json"])
def test_what_a_refusal_means(far_end, form, step, kind, words):
    far_end.steps = [step]
    chat = Chat(lambda: far_end.url + PATH, form)
    if form == "json" and kind is PermanentError and "ok" in words:
        chat.post("text", {})
        return

    with pytest.raises((TransientError, PermanentError), match=words) as caught:
        chat.post("text", {})

    assert type(caught.value) is kind


def test_slack_asks_for_patience(far_end, chat):
    far_end.steps = [answer(429, b"rate_limited", retry_after="30")]

    with pytest.raises(TransientError) as caught:
        chat.post("text", {})

    assert (type(caught.value), caught.value.retry_after, caught.value.down) == (TransientError, 30.0, True)


def test_the_url_is_asked_each_time_and_never_told(far_end):
    far_end.steps = [
        answer(404, f"The requested URL {PATH}?key=v4lu3 was not found; XXXXXXXXXXXXXXXXXXXXXXXX".encode())
    ]
    urls = iter([far_end.url + PATH + "?key=v4lu3", "https://[" + PATH, "mailto:" + PATH])
    chat = Chat(lambda: next(urls))

    for _ in range(3):
        with pytest.raises(PermanentError) as caught:
            chat.post("text", {})
        assert not any(secret in str(caught.value) for secret in ("XXXXXXXX", "T00000000", "v4lu3"))
