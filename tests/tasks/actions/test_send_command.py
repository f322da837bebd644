import json
from dataclasses import asdict

import pytest

from tasks.actions.send_command import SendCommand
from tasks.owing import Owed, command_uuid_of
from tests.deliveries import NOON

EXAMPLE = SendCommand(
    device_id="A1B2C3D4-0000-5000-8000-00000000AAAA",
    sender="micromdm",
    request_type="DeviceLock",
    arguments={"PIN": "123456", "Message": "Lost"},
)


def other(**changes):
    return SendCommand(**{**asdict(EXAMPLE), **changes})


def row(action, key="k"):
    return Owed(action=action, key=key).record(NOON).command


def test_survives_the_ledger():
    assert SendCommand(**json.loads(json.dumps(asdict(EXAMPLE)))) == EXAMPLE


def test_it_waits_and_fails_with_its_server():
    assert (EXAMPLE.destination, other(sender="site-b").destination) == ("mdm:micromdm", "mdm:site-b")


def test_the_command_is_followed_without_its_secrets():
    stored = row(EXAMPLE)

    assert (stored["state"], stored["pushes"], stored["created_at"]) == ("pending", 0, NOON)
    assert stored["arguments"] == {"PIN": "[secret]", "Message": "Lost"}
    assert "123456" not in str(stored)


def test_its_uuid_is_known_beforehand_and_is_the_given_one_if_there_is_one():
    record = Owed(action=EXAMPLE, key="k").record(NOON)

    assert record.command["command_uuid"] == command_uuid_of(record.id)
    assert row(EXAMPLE)["command_uuid"] == row(EXAMPLE)["command_uuid"] != row(EXAMPLE, "other")["command_uuid"]
    assert row(other(command_uuid="MINE"))["command_uuid"] == "MINE"


def test_only_commands_that_say_the_same_and_hold_no_secret_share_a_call():
    plain = other(request_type="ProfileList", arguments={})

    assert row(plain, "a")["digest"] == row(plain, "b")["digest"]
    assert row(plain)["digest"] != row(other(request_type="SecurityInfo", arguments={}))["digest"]
    assert row(EXAMPLE, "a")["digest"] != row(EXAMPLE, "b")["digest"]


@pytest.mark.parametrize(
    ("arguments", "kept"), [({"PIN": "123456"}, {"PIN": "[secret]"}), ({"Message": "Lost"}, None), ({}, None)]
)
def test_what_was_sent_is_kept_without_its_secrets(arguments, kept):
    before = asdict(other(arguments=arguments))

    after = SendCommand.forgetting_secrets(before)

    assert after == (None if kept is None else {**before, "arguments": kept})
