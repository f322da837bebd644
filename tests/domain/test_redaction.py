"""Secrets must not reach the store, in any body, damaged ones included."""

import base64
import hashlib
import hmac
import json
import plistlib
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import plist, xml_body
from domain.redaction import Redacted, redact

SECRET = "hunter2-correct-horse"


def fingerprint(secret: bytes) -> str:
    return hmac.digest(b"key", secret, hashlib.sha256)[:6].hex()


ROTATED = b'{"EncryptedNewRecoveryKey":"aHVudGVyMi1jb3JyZWN0LWhvcnNl"}'
MARK = f"redacted:{fingerprint(SECRET.encode())}"


def mdm(payload: bytes, **event: object) -> bytes:
    raw = base64.b64encode(payload).decode()
    return json.dumps(
        {"topic": "mdm.Connect", "acknowledge_event": {"udid": "A1", "raw_payload": raw} | event}
    ).encode()


def payload_of(redacted: Redacted) -> bytes:
    return base64.b64decode(json.loads(redacted.body)["acknowledge_event"]["raw_payload"])


def jamf(event: dict[str, object]) -> dict[str, object]:
    return {"webhook": {"webhookEvent": "SCEPChallenge"}, "event": event}


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_an_mdm_payload_keeps_all_but_its_secrets(form):
    answer = {
        "Status": "Acknowledged",
        "UnlockToken": SECRET.encode(),
        "SecurityInfo": {"FDE_PersonalRecoveryKeyCMS": SECRET.encode(), "FDE_Enabled": True},
        "Profiles": [{"Password": SECRET, "Name": "Wi-Fi"}, {"Password": SECRET}],
        "RotateResult": {"EncryptedNewRecoveryKey": SECRET.encode()},
    }

    redacted = redact(mdm(plistlib.dumps(answer, fmt=form)), fingerprint)

    assert plist.decode(payload_of(redacted)) == answer | {
        "UnlockToken": MARK,
        "SecurityInfo": {"FDE_PersonalRecoveryKeyCMS": MARK, "FDE_Enabled": True},
        "Profiles": [{"Password": MARK, "Name": "Wi-Fi"}, {"Password": MARK}],
        "RotateResult": f"redacted:{fingerprint(ROTATED)}",
    }
    assert sorted(redacted.fields) == [
        "acknowledge_event.raw_payload.Profiles.*.Password",
        "acknowledge_event.raw_payload.RotateResult",
        "acknowledge_event.raw_payload.SecurityInfo.FDE_PersonalRecoveryKeyCMS",
        "acknowledge_event.raw_payload.UnlockToken",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b'{ "topic":"mdm.Connect",  "x": 1 }',
        mdm(plistlib.dumps({"Status": "Idle", "Name": "Password PIN Token"})),
        mdm(plistlib.dumps({"Status": "Idle", "Name": "PIN Token é"}, fmt=plistlib.FMT_BINARY)),
        mdm(plistlib.dumps({"Token": b"", "FDE_PersonalRecoveryKey": False, "Name": "PIN"})),
        mdm(b"neither form"),
        b'{"password": "", "secret": null, "pin": false, "challenge": {}}',
        b"<JSSEvent><webhook><id>1</id></webhook><event><password/><secret></secret></event></JSSEvent>",
        b"payload=%7B%22a%22%3A1%7D&x=y",
        b"payload=\x80&x=%80",
        rb'{"name": "\u00eb"}',
    ],
)
def test_a_body_without_secrets_comes_back_byte_for_byte(body):
    redacted = redact(body, fingerprint)

    assert redacted == Redacted(body=body, fields=())
    assert redacted.body is body


def test_what_only_the_binary_form_can_hold_is_kept():
    answer = {"Token": SECRET, "Name": "a\x01b", "Nothing": None, "Ref": plistlib.UID(3)}

    redacted = redact(mdm(plist.encode(answer, binary=True)), fingerprint)

    assert plist.decode(payload_of(redacted)) == answer | {"Token": MARK}


@pytest.mark.parametrize(
    "payload",
    [
        b"<plist><dict><key>UnlockToken</key><string>" + SECRET.encode(),
        b"bplist00 UnlockToken " + SECRET.encode(),
        ("UnlockToken " + SECRET).encode("utf-16-be"),
        b"unlock_token = " + SECRET.encode(),
    ],
)
def test_a_payload_that_cannot_be_read_but_names_a_secret_goes_as_a_whole(payload):
    redacted = redact(mdm(payload), fingerprint)

    value = json.loads(redacted.body)["acknowledge_event"]["raw_payload"]
    assert value == f"redacted:{fingerprint(payload)}"
    assert redacted.fields == ("acknowledge_event.raw_payload",)


def test_the_fingerprint_of_a_text_is_the_same_in_every_form():
    bodies = [
        json.dumps(jamf({"challenge": SECRET})).encode(),
        xml_body.render(jamf({"challenge": SECRET})),
        urlencode({"payload": json.dumps(jamf({"challenge": SECRET}))}).encode(),
        f'{{"challenge": "{SECRET}", broken'.encode(),
    ]

    for body in bodies:
        assert fingerprint(SECRET.encode()).encode() in redact(body, fingerprint).body


def test_jamf_json_loses_its_secrets_at_any_depth():
    body = json.dumps(
        jamf({"scepChallenge": SECRET, "n": [{"Client-Secret": [1, SECRET]}], "name": "Zoë\ud83d"})
    ).encode()

    redacted = redact(body, fingerprint)

    event = json.loads(redacted.body)["event"]
    assert event["scepChallenge"] == MARK
    assert event["n"][0]["Client-Secret"].startswith("redacted:")
    assert event["name"] == "Zoë\ud83d"
    assert redacted.fields == ("event.scepChallenge", "event.n.*.Client-Secret")


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "iso-8859-1"])
def test_jamf_xml_is_written_anew_without_its_secrets(codec):
    event = f"<event><password>{SECRET}</password><secret><a>{SECRET}</a></secret><name>Zoë &amp; co</name></event>"
    body = f"<JSSEvent><webhook><id>1</id></webhook>{event}</JSSEvent>".encode(codec)

    redacted = redact(body, fingerprint)

    document = xml_body.parse_jss_event(redacted.body).document
    assert document["event"]["password"] == MARK
    assert document["event"]["name"] == "Zoë & co"
    assert SECRET not in redacted.body.decode()
    assert redacted.fields == ("event.password", "event.secret")


def test_a_form_is_redacted_in_its_payload_and_in_its_own_fields():
    body = urlencode({"kind": "x", "payload": json.dumps(jamf({"password": SECRET})), "token": SECRET}).encode()

    redacted = redact(body, fingerprint)

    form = parse_qs(redacted.body.decode())
    assert json.loads(form["payload"][0])["event"]["password"] == MARK
    assert (form["kind"], form["token"]) == (["x"], [MARK])
    assert redacted.fields == ("payload.event.password", "token")


@pytest.mark.parametrize(
    "body",
    [
        f'{{"password": "{SECRET}", "password": ""}}',
        f'{{"pass\\u0077ord": "{SECRET}"}}',
        f'{{"raw_payload": "{base64.b64encode(plistlib.dumps({"Token": SECRET})).decode()}", "raw_payload": ""}}',
        f'[{{"password": "{SECRET}"}}]',
        f'{{"a": {"[" * 40}{{"password": "{SECRET}"}}',
        f'{{"password": "{SECRET}',
        f'{{"deviceName": "Bob"s Mac", "challenge" : "{SECRET}"}}',
        f'{{"password": {{"a": "{SECRET}", "b": ["{SECRET}"]}}, broken',
        f"<JSSEvent><event><password>{SECRET}</password></event></JSSEvent>",
        f"<JSSEvent><webhook><id>1</id></webhook><!-- <password>{SECRET}</password> --></JSSEvent>",
        f"<!DOCTYPE a><JSSEvent><webhook/><event><j:secret a='b'>{SECRET}<b>{SECRET}</b></j:secret></event></JSSEvent>",
        f"<event><password>{SECRET}",
        f"<plist><dict><key>UnlockToken</key>\n <data>{SECRET}</data></dict></plist>",
        f"<plist><dict><key>RotateResult</key><dict><key>x</key><dict/><string>{SECRET}</string></dict></dict></plist>",
        f"<plist><dict><key>UnlockToken</key><data>{SECRET}",
    ],
)
def test_no_secret_survives_in_what_parses_badly_or_not_at_all(body):
    redacted = redact(body.encode(), fingerprint)

    assert SECRET not in redacted.body.decode()
    assert base64.b64encode(SECRET.encode())[4:-4] not in redacted.body
    assert redacted.fields


def test_a_shadowed_key_in_a_plist_is_no_hiding_place():
    payload = f"<plist><dict><key>Token</key><string>{SECRET}</string><key>Token</key><string/></dict></plist>"

    redacted = redact(mdm(payload.encode()), fingerprint)

    assert SECRET.encode() not in payload_of(redacted)
    assert redacted.fields == ("acknowledge_event.raw_payload.Token",)


def test_wide_text_that_parses_as_nothing_goes_as_a_whole():
    body = f'{{"password": "{SECRET}"}}'.encode("utf-16")

    assert redact(body, fingerprint) == Redacted(body=f"redacted:{fingerprint(body)}".encode(), fields=("body",))


def test_paths_are_short_and_storable_whatever_the_keys_are():
    body = json.dumps({"\x00" + "k" * 1_000: {"password": SECRET}}).encode()

    (path,) = redact(body, fingerprint).fields

    assert path == "\ufffd" + "k" * 198 + "…"


@pytest.mark.parametrize(
    "body",
    [
        mdm(plistlib.dumps({"Token": b"x", "Nested": {"PIN": 123456}}), url_params={"secret": "x"}),
        mdm(b"<plist>UnlockToken"),
        json.dumps(jamf({"password": [1, "x"]})).encode(),
        xml_body.render(jamf({"password": SECRET})),
        urlencode({"payload": '{"password": "x"}', "pin": "1"}).encode(),
        b'{"password": "x", broken <password>y</password> <key>PIN</key><integer>1</integer>',
        '{"password": "x"}'.encode("utf-16"),
    ],
)
def test_what_was_redacted_stays_as_it_is(body):
    once = redact(body, fingerprint)
    assert once.fields

    assert redact(once.body, fingerprint) == Redacted(body=once.body, fields=())


PIECES = [
    b'{"password":',
    b'"',
    b"x",
    b"{",
    b"}",
    b"[",
    b":",
    b",",
    b"\\",
    b"<password>",
    b"</password>",
    b"<key>Token</key>",
]
PIECES += [
    b"<data>",
    b"<dict>",
    b"payload=",
    b"&",
    b"%",
    b'"raw_payload":"',
    b"UGxpc3Q=",
    b"\x00",
    b"\xff",
    b"null",
    b"\\u0077",
]
PIECES += [b"<JSSEvent>", b"<webhook>", b"=", b"VW5sb2NrVG9rZW4", b"<!--", b"bplist00", b" "]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=14).map(b"".join))
def test_nothing_at_all_makes_it_raise(body):
    redacted = redact(body, fingerprint)

    assert redacted.fields or redacted.body == body


KEYS = st.sampled_from(["Password", "UnlockToken", "secret", "Name", "raw", "é", "Token"])
LEAVES = st.sampled_from([SECRET, SECRET.encode(), 7, True])
TREES = st.recursive(
    LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=2), max_leaves=6
)


SECRET_KEYS = {"Password", "UnlockToken", "secret", "Token"}


def without_secrets(value: object) -> object:
    """The tree with every secret key left out, to compare what remains."""
    if isinstance(value, dict):
        return {key: without_secrets(child) for key, child in value.items() if key not in SECRET_KEYS}
    return [without_secrets(child) for child in value] if isinstance(value, list) else value


def secret_values(value: object) -> list[object]:
    if isinstance(value, dict):
        own = [child for key, child in value.items() if key in SECRET_KEYS]
        return own + [found for key, child in value.items() if key not in SECRET_KEYS for found in secret_values(child)]
    return [found for child in value for found in secret_values(child)] if isinstance(value, list) else []


@given(st.dictionaries(KEYS, TREES, max_size=4), st.sampled_from([plistlib.FMT_XML, plistlib.FMT_BINARY]))
def test_all_under_a_secret_key_goes_and_all_else_stays(answer, form):
    redacted = redact(mdm(plistlib.dumps(answer, fmt=form)), fingerprint)

    kept = plist.decode(payload_of(redacted))
    assert without_secrets(kept) == without_secrets(answer)
    assert all(value in (True, [], {}) or str(value).startswith("redacted:") for value in secret_values(kept))


def test_a_payload_whose_lines_a_relay_has_wrapped_is_looked_into() -> None:
    plist = plistlib.dumps({"MessageType": "SetBootstrapToken", "UDID": "u" * 40, "BootstrapToken": b"t" * 64})
    body = json.dumps(
        {"topic": "mdm.SetBootstrapToken", "checkin_event": {"raw_payload": base64.encodebytes(plist).decode()}}
    )

    redacted = redact(body.encode(), lambda secret: "0123")

    assert redacted.fields == ("checkin_event.raw_payload.BootstrapToken",)
