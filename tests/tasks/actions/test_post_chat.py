import pytest

from clients.chat import Chat
from domain.errors import PermanentError, TransientError
from simulators.sinks import JsonSink
from simulators.slack import Slack
from tasks.actions.post_chat import PostChat

EXAMPLE = PostChat(
    notice="device_left",
    facts={"name": "Pier 4\n<!channel> @channel", "serial_number": "DMPX0001", "at": "2026-03-01T12:00:00.000000Z"},
)
ID = "0195" + "ab" * 14


@pytest.fixture
def slack():
    with Slack() as server:
        yield server


def test_a_notice_is_one_message_that_calls_nobody(slack, outside):
    note = EXAMPLE.perform(outside(chat=Chat(lambda: slack.hook_url)), action_id=ID)

    assert note is None
    [message] = slack.messages
    assert message["text"].split("\n") == [
        "Device un-enrolled: Pier 4 &lt;!channel&gt; @\u200bchannel",
        "• Name: Pier 4 &lt;!channel&gt; @\u200bchannel",
        "• Model: unknown",
        "• Serial number: DMPX0001",
        "• Time: 2026-03-01 12:00:00 UTC",
    ]


def test_any_server_gets_text_and_facts(outside):
    with JsonSink() as sink:
        EXAMPLE.perform(outside(chat=Chat(lambda: f"{sink.url}/notices", "json")), action_id=ID)

    [received] = sink.received
    assert received.path == "/notices"
    assert received.document["text"] == "Device un-enrolled: Pier 4 <!channel> @\u200bchannel"
    assert received.document["facts"]["Serial number"] == "DMPX0001"


def test_a_chat_that_asks_for_patience_gets_it(slack, outside):
    slack.limit(retry_after_s=7)

    with pytest.raises(TransientError) as caught:
        EXAMPLE.perform(outside(chat=Chat(lambda: slack.hook_url)), action_id=ID)

    assert caught.value.retry_after == 7
    assert slack.messages == []


def test_a_hook_that_is_gone_is_gone(slack, outside):
    with pytest.raises(PermanentError, match="no_service"):
        EXAMPLE.perform(outside(chat=Chat(lambda: f"{slack.url}/services/T0/B0/GONE")), action_id=ID)


def test_without_a_chat_it_says_what_to_set(outside):
    with pytest.raises(PermanentError, match="WINDFALL_CHAT_URL"):
        EXAMPLE.perform(outside(), action_id=ID)
