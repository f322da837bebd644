import base64
import json
import plistlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.envelope import Envelope
from state.schema import devices, event_bodies, event_counts, event_keys, events, user_channels
from tasks.process import process
from tests.databases import ON_SQLITE
from tests.deliveries import MINUTE, NOON, SECOND, UDID, again, answer, check_in, encoded, envelope

UNLOCK_TOKEN = b"unlock-token-of-this-device"


def rows(engine, table, *columns):
    with engine.connect() as connection:
        return connection.execute(select(*(table.c[name] for name in columns or table.c.keys()))).mappings().all()


def test_the_same_event_twice_is_one_event_seen_twice(services, engine):
    first = envelope(check_in("CheckOut"))

    process([first, again(first)], services)
    process([again(first)], services)

    assert [row["seen"] for row in rows(engine, event_keys)] == [3]
    assert len(rows(engine, events)) == 1


def test_a_batch_done_twice_counts_no_delivery_twice(services, engine):
    batch = [envelope(check_in("CheckOut")), envelope(check_in("Authenticate"))]

    process(batch, services)
    process(batch, services)

    assert [row["seen"] for row in rows(engine, event_keys)] == [1, 1]
    assert {row["outcome"] for row in rows(engine, event_counts)} == {"processed"}


def test_what_nothing_identifies_is_one_event_within_a_window_and_the_one_before(services, engine):
    body = {"topic": "mdm.Authenticate", "checkin_event": {}}
    window = [envelope(body, received_at=NOON + n * SECOND) for n in (1, 29, 31, 59)]
    later = envelope(body, received_at=NOON + 95 * SECOND)

    process(window[:2], services)
    process([*window[2:], later], services)

    assert sorted(row["seen"] for row in rows(engine, event_keys)) == [1, 4]


def test_ids_of_two_senders_are_two_events(services, engine):
    body = check_in("CheckOut")

    process([envelope(body, sender="micromdm"), envelope(body, sender="micromdm-eu")], services)

    assert len(rows(engine, events)) == 2


def test_apples_same_id_with_other_content_is_a_new_event_and_flagged(services, engine):
    created = {
        "notificationId": "n-1",
        "notificationType": "USER_MANAGEMENT",
        "uId": "2",
        "notification": {"type": "CREATE"},
    }
    updated = {**created, "notification": {"type": "UPDATE"}}
    reordered = dict(reversed(created.items()))

    process([envelope(body, kind="apps-and-books") for body in (created, updated, reordered)], services)

    assert [row["flags"] for row in rows(engine, events, "flags")] == [[], ["same_id_other_content"]]


@ON_SQLITE
@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(days=-365 * 30)])
def test_a_clock_that_cannot_be_believed_is_replaced_and_flagged(services, engine, ahead):
    process([envelope(check_in("Authenticate", at=NOON + ahead))], services)

    (event,) = rows(engine, events)
    assert (event["occurred_at"], event["flags"]) == (NOON, ["clock_refused"])


def test_authenticate_tells_what_a_device_is_and_token_update_enrols_it(services, engine):
    facts = {"SerialNumber": "C02EXAMPLE01", "OSVersion": "15.3", "DeviceName": "lab"}
    process([envelope(check_in("Authenticate", **facts))], services)
    before = rows(engine, devices)[0]

    process([envelope(check_in("TokenUpdate", at=NOON + SECOND, Token=b"t", PushMagic="m"))], services)

    after = rows(engine, devices)[0]
    assert (before["serial_number"], before["enrolled"], before["push_at"]) == ("C02EXAMPLE01", False, None)
    assert (after["serial_number"], after["enrolled"], after["push_at"]) == ("C02EXAMPLE01", True, NOON + SECOND)
    assert after["sender"] == "micromdm"


def test_secrets_are_stored_as_fingerprints_that_can_be_compared(services, engine):
    process(
        [envelope(check_in("TokenUpdate", at=NOON + n * SECOND, UnlockToken=UNLOCK_TOKEN)) for n in (0, 1)], services
    )

    payloads = [json.loads(row["body"])["checkin_event"]["raw_payload"] for row in rows(engine, event_bodies)]
    fact = rows(engine, devices)[0]["facts"]["UnlockToken"][0]
    assert fact.startswith("redacted:")
    assert [plistlib.loads(base64.b64decode(payload))["UnlockToken"] for payload in payloads] == [fact, fact]
    assert [row["flags"] for row in rows(engine, events, "flags")] == [["redacted"]] * 2


def test_a_user_channel_is_a_row_of_its_own_and_leaves_the_devices_push_state_alone(services, engine):
    user = {"UserID": "5E6F", "UserShortName": "jdoe", "UserLongName": "J. Doe"}
    process([envelope(check_in("TokenUpdate", Token=b"device"))], services)

    process([envelope(check_in("TokenUpdate", at=NOON + MINUTE, Token=b"user", **user))], services)

    (device,), (channel,) = rows(engine, devices), rows(engine, user_channels)
    assert (device["push_at"], device["last_seen_at"]) == (NOON, NOON + MINUTE)
    assert (channel["id"], channel["device_id"], channel["push_at"]) == (f"{UDID}:5E6F", UDID, NOON + MINUTE)
    assert channel["facts"]["UserShortName"][0] == "jdoe"


def test_idle_polls_are_counted_once_each_and_make_no_event_row(services, engine):
    polls = [envelope(answer("Idle", at=NOON + n * SECOND)) for n in range(3)]

    process([*polls, again(polls[0])], services)

    assert rows(engine, events) == []
    (device,) = rows(engine, devices)
    assert (device["idle_polls"], device["last_seen_at"], device["udid"]) == (3, NOON + 2 * SECOND, UDID)


@ON_SQLITE
def test_an_answer_keeps_its_error_chain(services, engine):
    chain = [{"ErrorCode": 12064, "ErrorDomain": "MDMErrorDomain", "LocalizedDescription": "no licence"}]

    process([envelope(answer("Error", command_uuid="c-1", ErrorChain=chain))], services)

    (event,) = rows(engine, events)
    assert event["details"] == {"status": "Error", "command_uuid": "c-1", "error_chain": chain}


def test_device_information_becomes_facts_and_absent_ones_stay(services, engine):
    process([envelope(check_in("Authenticate", SerialNumber="C02", OSVersion="15.3"))], services)
    answers = {"OSVersion": "15.4", "BatteryLevel": 0.5, "IsSupervised": True}

    process([envelope(answer("Acknowledged", at=NOON + SECOND, command_uuid="c", QueryResponses=answers))], services)

    facts = rows(engine, devices)[0]["facts"]
    assert {name: facts[name][0] for name in (*answers, "SerialNumber")} == {**answers, "SerialNumber": "C02"}


@ON_SQLITE
@pytest.mark.parametrize(
    ("event", "flags"),
    [
        ({"raw_payload": ""}, ["empty_payload"]),
        ({"udid": UDID, "raw_payload": "bm90IGEgcGxpc3Q="}, ["unreadable_payload"]),
        ({"raw_payload": encoded({"MessageType": "Authenticate"})}, ["no_device"]),
        ({"udid": "x" * 300, "raw_payload": encoded({"MessageType": "Authenticate"})}, ["no_device"]),
        (None, ["no_payload", "no_device"]),
    ],
)
def test_an_event_that_cannot_be_used_is_processed_flagged_and_changes_nothing(services, engine, event, flags):
    body = {"topic": "mdm.Authenticate", "event_id": "e", "created_at": NOON.isoformat(), "checkin_event": event}

    process([envelope(body)], services)

    (stored,) = rows(engine, events)
    assert stored["status"] == "processed"
    assert set(flags) <= set(stored["flags"])
    assert rows(engine, devices) == []


@ON_SQLITE
def test_two_payloads_at_once_change_nothing(services, engine):
    body = {**check_in("Authenticate"), **answer("Idle"), "topic": "mdm.Connect"}

    process([envelope(body)], services)

    assert rows(engine, devices) == []
    assert "two_payloads" in rows(engine, events)[0]["flags"]


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "\x00\ud800 \U0001f600"])
def test_text_that_postgresql_cannot_store_is_stored_cleaned(services, engine, odd):
    body = json.dumps(check_in("Authenticate") | {"topic": f"mdm.Odd{odd}", "event_id": f"id{odd}"}).encode()

    process([envelope(body)], services)

    (event,) = rows(engine, events)
    assert event["type"].startswith("mdm.Odd\ufffd")
    assert rows(engine, event_bodies) == [{"id": event["id"], "body": body}]


@ON_SQLITE
@pytest.mark.parametrize("kind", ["micromdm", "nanomdm", "apps-and-books", "jamf"])
def test_what_the_door_could_not_read_is_quarantined_with_the_reason(services, engine, kind):
    odd = Envelope(
        delivery_id="d", sender=kind, kind=kind, type="", key="ab" * 32, received_at=NOON, body=b"{", error="not JSON"
    )

    process([odd], services)

    (event,) = rows(engine, events)
    assert (event["status"], event["error"] is not None) == ("quarantined", True)
    assert rows(engine, event_bodies, "body") == [{"body": b"{"}]


BROKEN = {
    "micromdm": json.dumps(check_in("TokenUpdate") | {"UnlockToken": "tok&en"}).replace("tok&en", "tok&\nen"),
    "jamf": "<JSSEvent><webhook><webhookEvent>SCEPChallenge</webhookEvent></webhook><event><targetUser>"
    "<username>u</username><password>tok&en</password></targetUser></event></JSSEvent>",
}
"""Events but for their secret, which is neither JSON nor XML."""


@ON_SQLITE
@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_what_only_its_secret_made_unreadable_stays_in_quarantine_without_it(services, engine, kind):
    body = BROKEN[kind].encode()
    odd = Envelope(
        delivery_id="d", sender=kind, kind=kind, type="", key="ab" * 32, received_at=NOON, body=body, error="not read"
    )

    process([odd], services)

    (event,), (kept,) = rows(engine, events), rows(engine, event_bodies, "body")
    assert (event["status"], event["type"], event["device_id"]) == ("quarantined", "quarantine", None)
    assert event["error"].startswith(("not JSON at line", "not XML at line"))
    assert event["flags"] == ["redacted", "unreadable_as_received"]
    assert b"redacted:" in kept["body"]
    assert b"tok" not in kept["body"] + json.dumps([dict(event)], default=str).encode()
    assert rows(engine, devices) == []


def test_what_was_unreadable_with_its_secret_and_without_may_be_replayed(services, engine):
    body = b'{"topic": "mdm.Authenticate", "UnlockToken": "a", "oops'
    odd = Envelope(
        delivery_id="d", sender="micromdm", kind="micromdm", type="", key="ab" * 32, received_at=NOON, body=body
    )

    process([odd], services)

    assert [(row["status"], row["flags"]) for row in rows(engine, events)] == [("quarantined", ["redacted"])]


def test_outcomes_are_counted_by_known_types(services, engine):
    made_up = envelope({"topic": "mdm.MadeUp", "event_id": "m", "created_at": NOON.isoformat()})
    known = envelope(check_in("CheckOut"))

    process([made_up, known, again(known), envelope(answer("Idle"))], services)

    counts = {(row["type"], row["outcome"]): row["count"] for row in rows(engine, event_counts)}
    assert counts == {
        ("unknown", "processed"): 1,
        ("mdm.CheckOut", "processed"): 1,
        ("mdm.CheckOut", "duplicate"): 1,
        ("mdm.Connect", "idle"): 1,
    }


ODD_VALUES = [
    7,
    2**63,
    -1.5,
    True,
    b"\x00\xff",
    "x" * 70_000,
    "nul \x00",
    NOON.replace(tzinfo=None),
    {"a": [b"b"]},
    [],
    {},
]


@pytest.mark.parametrize("odd", ODD_VALUES, ids=lambda value: str(value)[:20])
def test_a_device_may_say_anything_and_its_event_is_processed(services, engine, odd):
    keys = ("SerialNumber", "OSVersion", "AwaitingConfiguration", "UserShortName", "UnlockToken", "PushMagic", "Token")
    said = dict.fromkeys(keys, odd)
    user = {"UserID": "5E6F", **said}
    chain = {"ErrorChain": odd, "RequestType": odd, "QueryResponses": said}
    bodies = [
        *(check_in(name, binary=True, **said) for name in ("Authenticate", "TokenUpdate", "CheckOut")),
        check_in("TokenUpdate", binary=True, **user),
        check_in("SetBootstrapToken", binary=True, BootstrapToken=odd),
        *(answer(status, binary=True, command_uuid="c", **chain) for status in ("Acknowledged", "Error", "NotNow")),
    ]

    process([envelope(body) for body in bodies], services)

    assert {row["status"] for row in rows(engine, events, "status")} == {"processed"}
    assert [row["id"] for row in rows(engine, devices)] == [UDID]
