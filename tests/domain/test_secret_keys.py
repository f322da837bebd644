"""Which keys are secret, and whether a look at the bytes finds them."""

import base64
import json
import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.secret_keys import is_secret, mentions_secret, payload_bytes, payload_mentions_secret

SECRET = """
    UnlockToken BootstrapToken Token PushMagic FDE_PersonalRecoveryKeyCMS FDE_PersonalRecoveryKeyCMS64
    FDE_PersonalRecoveryKey PersonalRecoveryKey RecoveryKey RotateResult NewPassword CurrentPassword Password PIN
    ActivationLockBypassCode BypassCode FilevaultUnlock PrivateKeyExport EncryptedNewRecoveryKey DigestResponse
    AuthToken SecurityToken TokenData passwordHash password challenge scepChallenge secret client_secret SHARED-SECRET
    WiFiProfileData AppleCareToken FileVaultUnlock PrivateKeyExportPassword UnusedRedemptionCode
"""

ALIKE = """
    udid topic raw_payload token_update_tally TokenUpdate MessageType SyncTokens DeclarationsToken ServerToken
    PINRequired FDE_HasPersonalRecoveryKey BootstrapTokenAllowedForAuthentication PasscodePresent name
"""


@pytest.mark.parametrize("key", SECRET.split())
def test_these_are_secret_in_any_case_and_form(key):
    assert is_secret(key)
    assert is_secret(key.upper().encode())
    assert is_secret(f" {key.lower()}\n")


@pytest.mark.parametrize("key", ALIKE.split())
def test_these_only_look_alike(key):
    assert not is_secret(key)


def event(payload: bytes) -> bytes:
    return json.dumps({"topic": "mdm.Connect", "x": {"raw_payload": base64.b64encode(payload).decode()}}).encode()


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
@pytest.mark.parametrize(("key", "answer"), [("UnlockToken", True), ("MessageType", False), ("Nameë", False)])
def test_a_payload_is_seen_through_its_base64(form, key, answer):
    payload = plistlib.dumps({key: "TokenUpdate", "Mapping": "é"}, fmt=form)

    assert mentions_secret(event(payload)) is answer


def test_wide_text_hides_no_key():
    wide = plistlib.dumps({"x": 1}).decode().replace("<key>x", "<key>UnlockToken").replace("UTF-8", "UTF-16")

    assert payload_mentions_secret(wide.encode("utf-16"))
    assert payload_mentions_secret(b"bplist00\x6b" + "UnlockToken".encode("utf-16-be"))


@pytest.mark.parametrize(
    "veiled", ["<key>Unlock&#84;oken</key>", "<key><![CDATA[Token]]></key>", "<key>To<!-- -->ken</key>"]
)
def test_a_key_written_in_riddles_raises_suspicion(veiled):
    assert payload_mentions_secret(f"<plist><dict>{veiled}<string>x</string></dict></plist>".encode())


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"event": {"scepChallenge" : "x"}}', True),
        (b'{"pass\\u0077ord": "x"}', True),
        (b"<event><j:password>x</j:password></event>", True),
        ("<event><password>x</password></event>".encode("utf-16"), True),
        (b'{"event": {"deviceName": "password"}}', False),
        (b"<event><deviceName>password</deviceName></event>", False),
        (b"", False),
    ],
)
def test_keys_raise_suspicion_and_values_do_not(body, answer):
    assert mentions_secret(body) is answer


@pytest.mark.parametrize(
    "text",
    [b"VW5sb2NrVG9rZW4", b"VW5sb2Nr\nVG9rZW4=", b"VW5sb2NrVG9rZW4==", b"VW5sb2Nr=VG9rZW4=", b"VW5s!b2NrVG9rZW4=A"],
)
def test_damaged_base64_gives_what_there_is(text):
    assert payload_bytes(text) == b"UnlockToken"


@given(st.binary(max_size=100))
def test_no_bytes_raise(data):
    assert isinstance(payload_bytes(data), bytes)
    assert mentions_secret(data) in (True, False)
    assert payload_mentions_secret(b"bplist00" + data) in (True, False)
