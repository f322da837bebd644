"""Events that cannot be used, cannot be stored as they are, or cannot be read: none stops a batch, and each is kept."""

import json

import pytest

from domain.envelope import Envelope
from state.schema import devices, event_bodies, events
from tasks.process import process
from tests.databases import ON_SQLITE
from tests.deliveries import NOON, UDID, answer, check_in, encoded, envelope
from tests.tasks.lab import stored


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

    (kept,) = stored(engine, events)
    assert kept["status"] == "processed"
    assert set(flags) <= set(kept["flags"])
    assert stored(engine, devices) == []


@ON_SQLITE
def test_two_payloads_at_once_change_nothing(services, engine):
    body = {**check_in("Authenticate"), **answer("Idle"), "topic": "mdm.Connect"}

    process([envelope(body)], services)

    assert stored(engine, devices) == []
    assert "two_payloads" in stored(engine, events)[0]["flags"]


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "\x00\ud800 \U0001f600"])
def test_text_that_postgresql_cannot_store_is_stored_cleaned(services, engine, odd):
    body = json.dumps(check_in("Authenticate") | {"topic": f"mdm.Odd{odd}", "event_id": f"id{odd}"}).encode()

    process([envelope(body)], services)

    (event,) = stored(engine, events)
    assert event["type"].startswith("mdm.Odd\ufffd")
    assert stored(engine, event_bodies) == [{"id": event["id"], "body": body}]


@ON_SQLITE
@pytest.mark.parametrize("kind", ["micromdm", "nanomdm", "apps-and-books", "jamf"])
def test_what_the_door_could_not_read_is_quarantined_with_the_reason(services, engine, kind):
    odd = Envelope(
        delivery_id="d", sender=kind, kind=kind, type="", key="ab" * 32, received_at=NOON, body=b"{", error="not JSON"
    )

    process([odd], services)

    (event,) = stored(engine, events)
    assert (event["status"], event["error"] is not None) == ("quarantined", True)
    assert stored(engine, event_bodies, "body") == [{"body": b"{"}]


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

    (event,), (kept,) = stored(engine, events), stored(engine, event_bodies, "body")
    assert (event["status"], event["type"], event["device_id"]) == ("quarantined", "quarantine", None)
    assert event["error"].startswith(("not JSON at line", "not XML at line"))
    assert event["flags"] == ["redacted", "unreadable_as_received"]
    assert b"redacted:" in kept["body"]
    assert b"tok" not in kept["body"] + json.dumps([dict(event)], default=str).encode()
    assert stored(engine, devices) == []


def test_what_was_unreadable_with_its_secret_and_without_may_be_replayed(services, engine):
    body = b'{"topic": "mdm.Authenticate", "UnlockToken": "a", "oops'
    odd = Envelope(
        delivery_id="d", sender="micromdm", kind="micromdm", type="", key="ab" * 32, received_at=NOON, body=body
    )

    process([odd], services)

    assert [(row["status"], row["flags"]) for row in stored(engine, events)] == [("quarantined", ["redacted"])]


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

    assert {row["status"] for row in stored(engine, events, "status")} == {"processed"}
    assert [row["id"] for row in stored(engine, devices)] == [UDID]
