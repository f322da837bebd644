"""Jamf Pro's HASH_SIGNATURE at the door, in each form that can be configured."""

import base64
import gzip
import hashlib
import hmac
import io

import pytest

from config.settings import Settings
from ingest.app import create_app

BODY = b'{"webhook":{"webhookEvent":"JSSStartup"},"event":{}}'
SECRETS = ("sixteen-or-more-1", "sixteen-or-more-2")


@pytest.fixture
def door(tmp_path, publisher):
    """A client of a door whose `jamf` signs, as the given settings say."""

    def make(**settings):
        jamf = {"secrets": ", ".join(SECRETS), "signature_header": "X-Jamf-Signature", **settings}
        return create_app(Settings(home=tmp_path, senders={"jamf": jamf}), publisher).test_client()

    return make


def mac(secret=SECRETS[0], body=BODY, algorithm=hashlib.sha256):
    return hmac.new(secret.encode(), body, algorithm).digest()


def status(client, signature, body=BODY, path="/webhooks/jamf", **headers):
    shown = {"x-jamf-signature": signature} if signature is not None else {}
    return client.post(path, data=body, headers={**shown, **headers}).status_code


def test_the_mac_is_that_of_openssl(door):
    """printf %s "$BODY" | openssl dgst -sha256 -hmac sixteen-or-more-1"""
    assert status(door(), "3611217156218df258ac1953e9f1960b06a6d99750b35adfa3dc57a2323b59f8") == 200


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("prefix", [None, "sha=", "HMAC "])
@pytest.mark.parametrize("encoding", [None, "hex", "base64"])
def test_a_body_signed_in_the_configured_form_is_an_event(door, stored, algorithm, prefix, encoding):
    client = door(signature_algorithm=algorithm, signature_prefix=prefix, signature_encoding=encoding)
    digest = mac(algorithm=algorithm)
    forms = {"hex": [digest.hex(), digest.hex().upper()], "base64": [base64.b64encode(digest).decode()]}

    answers = {name: {status(client, (prefix or "") + text) for text in texts} for name, texts in forms.items()}

    assert answers == {name: {200 if encoding in (None, name) else 401} for name in forms}
    assert len(stored("jamf.JSSStartup:0")) == sum(len(forms[name]) for name in forms if encoding in (None, name))


def test_each_secret_signs_so_that_one_can_be_changed(door):
    assert [status(door(), mac(secret).hex()) for secret in (*SECRETS, "another-of-sixteen")] == [200, 200, 401]


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        mac().hex(),  # without its prefix
        "SHA256=" + mac().hex(),
        "sha256=" + mac().hex()[:-1],
        "sha256=" + mac(body=BODY + b" ").hex(),
        "sha256=" + mac(algorithm=hashlib.sha512).hex(),
        "sha256=" + mac(secret="").hex(),
        "sha256=" + SECRETS[0],
        "sha256=\xff",
    ],
)
def test_a_wrong_signature_is_401_and_nothing_is_kept(door, redis_client, signature):
    assert status(door(signature_prefix="sha256="), signature) == 401
    assert redis_client.keys("windfall:inbox:*") == []


def test_a_sender_that_signs_is_not_let_in_by_its_secret_in_clear_text(door, redis_client):
    client = door()
    basic = base64.b64encode(f"jamf:{SECRETS[0]}".encode()).decode()

    assert status(client, None, Authorization=f"Basic {basic}") == 401
    assert status(client, None, **{"X-Windfall-Token": SECRETS[0]}) == 401
    assert status(client, None, path=f"/webhooks/jamf/{SECRETS[0]}") == 401
    assert redis_client.keys("windfall:inbox:*") == []


def test_a_sender_that_does_not_sign_gains_nothing_by_a_signature(tmp_path, publisher):
    client = create_app(Settings(home=tmp_path, senders={"jamf": {"secrets": SECRETS[0]}}), publisher).test_client()

    assert status(client, mac().hex()) == 401


def test_the_bytes_on_the_wire_are_signed_whatever_their_encoding(door):
    packed = gzip.compress(BODY)
    client = door()

    assert status(client, mac(body=packed).hex(), packed, **{"Content-Encoding": "gzip"}) == 200
    assert status(client, mac().hex(), packed, **{"Content-Encoding": "gzip"}) == 401


class Unread(io.BytesIO):
    """A body of which not a byte may be read."""

    def read(self, size=-1):
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("headers", "length", "expected"), [({}, 20, 401), ({"X-Jamf-Signature": mac().hex()}, 11 * 1024 * 1024, 413)]
)
def test_a_body_is_not_read_without_a_signature_nor_when_it_is_over_the_limit(door, headers, length, expected):
    answer = door().post("/webhooks/jamf", input_stream=Unread(bytes(length)), headers=headers)

    assert answer.status_code == expected
