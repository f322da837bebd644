"""What events tell of the devices that sent them, and what of it is kept."""

import base64
import json
import plistlib

from state.schema import devices, event_bodies, events, user_channels
from tasks.process import process
from tests.databases import ON_SQLITE
from tests.deliveries import MINUTE, NOON, SECOND, UDID, again, answer, check_in, envelope
from tests.tasks.lab import stored

UNLOCK_TOKEN = b"unlock-token-of-this-device"


def test_authenticate_tells_what_a_device_is_and_token_update_enrols_it(services, engine):
    facts = {"SerialNumber": "C02EXAMPLE01", "OSVersion": "15.3", "DeviceName": "lab"}
    process([envelope(check_in("Authenticate", **facts))], services)
    before = stored(engine, devices)[0]

    process([envelope(check_in("TokenUpdate", at=NOON + SECOND, Token=b"t", PushMagic="m"))], services)

    after = stored(engine, devices)[0]
    assert (before["serial_number"], before["enrolled"], before["push_at"]) == ("C02EXAMPLE01", False, None)
    assert (after["serial_number"], after["enrolled"], after["push_at"]) == ("C02EXAMPLE01", True, NOON + SECOND)
    assert after["sender"] == "micromdm"


def test_secrets_are_stored_as_fingerprints_that_can_be_compared(services, engine):
    process(
        [envelope(check_in("TokenUpdate", at=NOON + n * SECOND, UnlockToken=UNLOCK_TOKEN)) for n in (0, 1)], services
    )

    payloads = [json.loads(row["body"])["checkin_event"]["raw_payload"] for row in stored(engine, event_bodies)]
    fact = stored(engine, devices)[0]["facts"]["UnlockToken"][0]
    assert fact.startswith("redacted:")
    assert [plistlib.loads(base64.b64decode(payload))["UnlockToken"] for payload in payloads] == [fact, fact]
    assert [row["flags"] for row in stored(engine, events, "flags")] == [["redacted"]] * 2


def test_a_user_channel_is_a_row_of_its_own_and_leaves_the_devices_push_state_alone(services, engine):
    user = {"UserID": "5E6F", "UserShortName": "jdoe", "UserLongName": "J. Doe"}
    process([envelope(check_in("TokenUpdate", Token=b"device"))], services)

    process([envelope(check_in("TokenUpdate", at=NOON + MINUTE, Token=b"user", **user))], services)

    (device,), (channel,) = stored(engine, devices), stored(engine, user_channels)
    assert (device["push_at"], device["last_seen_at"]) == (NOON, NOON + MINUTE)
    assert (channel["id"], channel["device_id"], channel["push_at"]) == (f"{UDID}:5E6F", UDID, NOON + MINUTE)
    assert channel["facts"]["UserShortName"][0] == "jdoe"


def test_idle_polls_are_counted_once_each_and_make_no_event_row(services, engine):
    polls = [envelope(answer("Idle", at=NOON + n * SECOND)) for n in range(3)]

    process([*polls, again(polls[0])], services)

    assert stored(engine, events) == []
    (device,) = stored(engine, devices)
    assert (device["idle_polls"], device["last_seen_at"], device["udid"]) == (3, NOON + 2 * SECOND, UDID)


@ON_SQLITE
def test_an_answer_keeps_its_error_chain(services, engine):
    chain = [{"ErrorCode": 12064, "ErrorDomain": "MDMErrorDomain", "LocalizedDescription": "no licence"}]

    process([envelope(answer("Error", command_uuid="c-1", ErrorChain=chain))], services)

    (event,) = stored(engine, events)
    assert event["details"] == {"status": "Error", "command_uuid": "c-1", "error_chain": chain}


def test_device_information_becomes_facts_and_absent_ones_stay(services, engine):
    process([envelope(check_in("Authenticate", SerialNumber="C02", OSVersion="15.3"))], services)
    answers = {"OSVersion": "15.4", "BatteryLevel": 0.5, "IsSupervised": True}

    process([envelope(answer("Acknowledged", at=NOON + SECOND, command_uuid="c", QueryResponses=answers))], services)

    facts = stored(engine, devices)[0]["facts"]
    assert {name: facts[name][0] for name in (*answers, "SerialNumber")} == {**answers, "SerialNumber": "C02"}
