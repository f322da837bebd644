"""An action in plain words, in each state it can be in."""

from datetime import timedelta

import pytest

from console.explaining import explain
from domain.clock import rfc3339
from state.queries.owed import Trouble
from state.retrying import Verdict
from tests.deliveries import NOON

HOUR = timedelta(hours=1)


def ordered(state):
    return {"state": state, "error": "bad", "device_id": "Søren Mac", "request_type": "DeviceLock", "arguments": {}}


def words(verdict=None, trouble=None, command=None, **fields):
    item = {
        "id": "a1",
        "key": "ask",
        "state": "pending",
        "attempts": 0,
        "error": None,
        "next_attempt_at": rfc3339(NOON + HOUR),
    }
    return " ".join(explain({**item, "command": command, **fields}, verdict, trouble, NOON))


def refused(refusal, **more):
    return Verdict(id="a1", destination="mail", refusal=refusal, **more)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "It is tried in 60 min."),
        ({"next_attempt_at": rfc3339(NOON - HOUR)}, "It is tried as soon as somebody delivers."),
        ({"state": "running", "attempts": 1}, "It is being tried at this moment. If nobody says how that ended"),
        ({"state": "retryable", "attempts": 2, "error": "away"}, "It was tried 2 times and is tried again in 60 min."),
        ({"state": "dead", "attempts": 1, "error": "no"}, "It gave up after it was tried once: no Put right what it"),
        ({"state": "dead", "verdict": refused("it is gone")}, "It is not simply tried again: it is gone."),
        (
            {"state": "dead", "verdict": refused(None, note="it goes")},
            "`windfall actions retry a1`. Mind that it goes.",
        ),
        ({"state": "done", "attempts": 1}, "It is done; it was tried once."),
        ({"state": "done", "command": {"state": "sent", "error": None}}, "has not answered yet"),
        (
            {"state": "done", "command": {"state": "sent", "error": None}, "verdict": refused(None, note="it goes")},
            "If it should have by now, there is `windfall actions retry a1`: it goes.",
        ),
        ({"state": "done", "command": {"state": "Error", "error": "bad"}}, "Its device answered Error: bad"),
        (
            {"state": "done", "key": "command:k", "command": ordered("Error")},
            "bad If it should be tried once more, order it anew: `windfall command 'Søren Mac' DeviceLock`.",
        ),
        (
            {"state": "done", "verdict": refused(None, install="i1")},
            "Its install has failed or is stuck: `windfall actions retry a1` has it tried again, by a new command.",
        ),
        ({"command": {"state": "void", "error": "gone"}}, "will not be sent, nobody needs it any more: gone"),
    ],
)
def test_each_state_is_put_into_words(fields, said):
    assert said in words(**fields)


@pytest.mark.parametrize(("key", "state"), [("install:1", "Error"), ("command:k", "Acknowledged")])
def test_only_a_command_of_people_that_was_refused_is_to_be_ordered_anew(key, state):
    assert "anew" not in words(state="done", key=key, command=ordered(state))


@pytest.mark.parametrize(
    ("paused_until", "said"),
    [(NOON + HOUR, "another 60 min: mail failed 3 times in a row: no"), (None, "mail failed 3")],
)
def test_a_destination_that_is_in_trouble_is_named(paused_until, said):
    trouble = Trouble(name="mail", failures=3, paused_until=paused_until, error="no", failed_at=NOON)

    assert said in words(trouble=trouble)
