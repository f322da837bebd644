"""Whatever is read as an event is redacted as one, and what is not read hides no secret either."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.classification import Arrival, classify, document_of
from domain.errors import MalformedEvent
from domain.redaction import Redacted, redact
from domain.xml_body import render

CORE = "hunter2correct"
BOM = b"\xef\xbb\xbf"
NOW = datetime(2031, 3, 14, 9, 26, 53, tzinfo=UTC)
TROUBLE = ["", "%", "&", "=", "+", " ", ";", "<", '"', "\\", "é", "&payload=", "%22", "ø&"]


def fingerprint(secret: bytes) -> str:
    return hmac.digest(b"key", secret, hashlib.sha256)[:6].hex()


def challenge(password: str, url: str = "https://ca.example/scep?a=1&payload=2") -> dict[str, object]:
    event = {"scepServerUrl": url, "targetUser": {"username": "Søren", "password": password}, "last": "x"}
    return {"webhook": {"id": 40, "webhookEvent": "SCEPChallenge", "eventTimestamp": 1774012400031}, "event": event}


def as_json(password: str) -> str:
    return json.dumps(challenge(password), ensure_ascii=False)


def as_escaped_json(password: str) -> str:
    return json.dumps(challenge(password), indent=1).replace("password", "pass\\u0077ord")


def as_xml(password: str) -> str:
    return render(challenge(password)).decode().partition("\n")[2]


def bare(body: bytes) -> bytes:
    return body


def form(body: bytes) -> bytes:
    return b"payload=" + quote_plus(body).encode()


def later_in_a_form(body: bytes) -> bytes:
    return b"from=relay&note=%22a&payload=" + quote(body, safe="").encode() + b"&x=%3Cy"


def form_as_it_is(body: bytes) -> bytes:
    return b"payload=" + body


def form_as_it_is_with_more(body: bytes) -> bytes:
    return b"a=R&D&payload=" + body + b"&x=y"


def other_field(body: bytes) -> bytes:
    return b"json=" + quote_plus(body).encode()


def veiled_name(body: bytes) -> bytes:
    return b"%70ayload=" + quote_plus(body).encode()


def only_encoded(body: bytes) -> bytes:
    return quote(body, safe="").encode()


def form_in_a_form(body: bytes) -> bytes:
    return form(form(body))


def form_in_wide_text(body: bytes) -> bytes:
    return form(body).decode().encode("utf-16")


def cut_short(body: bytes) -> bytes:
    return form(body[: len(body) // 2 * 2 - 4])


def what_is_seen(body: bytes) -> bytes:
    """The body and all that comes up by percent-decoding it."""
    layers = [body.replace(b"\0", b"")]
    for _ in range(4):
        layers.append(unquote_to_bytes(layers[-1]).replace(b"\0", b""))
    return b"\n".join(layers)


def in_base64(text: str) -> list[bytes]:
    """What base64 makes of a text, wherever in three bytes it begins."""
    return [base64.b64encode(b" " * shift + text.encode())[4:-4] for shift in range(3)]


WRAPS = [bare, form, later_in_a_form, form_as_it_is, form_as_it_is_with_more, form_in_a_form, form_in_wide_text]
WRAPS += [other_field, veiled_name, only_encoded, cut_short]
BODIES = st.builds(
    lambda outer, wrap, lead, write, codec, before, after: (
        outer + wrap(lead + write(before + CORE + after).encode(codec, "replace"))
    ),
    st.sampled_from([b"", BOM, b"\r\n\t ", BOM + b"\n", b"\n" + BOM, b"\x0b", b"\x0c\x85"]),
    st.sampled_from(WRAPS),
    st.sampled_from([b"", BOM, b" \n"]),
    st.sampled_from([as_json, as_escaped_json, as_xml]),
    st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1"]),
    st.sampled_from(TROUBLE),
    st.sampled_from(TROUBLE),
)


@given(BODIES)
@example(BOM + as_json(CORE).encode())
@example(BOM + form(as_json(CORE).encode()))
@example(form_as_it_is(as_json(f"&{CORE}").encode()))
def test_a_password_is_kept_in_no_form_of_body(body: bytes) -> None:
    redacted = redact(body, fingerprint)

    seen = what_is_seen(redacted.body)
    assert redacted.fields
    assert [found for found in [CORE.encode(), *in_base64(CORE)] if found in seen] == []


@given(BODIES)
@example(BOM + as_json(CORE).encode())
def test_an_event_is_the_same_event_without_its_password(body: bytes) -> None:
    try:
        before = document_of("jamf", body)
    except MalformedEvent:
        return

    after = document_of("jamf", redact(body, fingerprint).body)

    assert after["event"]["targetUser"].pop("password").startswith("redacted:")
    del before["event"]["targetUser"]["password"]
    assert after == before


@given(BODIES)
def test_what_was_redacted_in_any_form_stays_as_it_is(body: bytes) -> None:
    once = redact(body, fingerprint).body

    assert redact(once, fingerprint).body == once


@pytest.mark.parametrize("wrap", [bare, form, later_in_a_form, form_as_it_is])
@pytest.mark.parametrize("lead", [b"", BOM, BOM + b"\r\n", b"\t "])
def test_with_a_bom_in_front_it_is_an_event_all_the_same(wrap, lead) -> None:
    body = lead + wrap(json.dumps(challenge(CORE, url="https://ca.example/scep"), ensure_ascii=False).encode())
    arrival = Arrival(
        delivery_id="d", sender="jamf", kind="jamf", content_type="", remote_addr="", body=body, received_at=NOW
    )

    redacted = redact(body, fingerprint)

    assert classify(arrival).type == "SCEPChallenge"
    user = document_of("jamf", redacted.body)["event"]["targetUser"]
    assert user == {"username": "Søren", "password": f"redacted:{fingerprint(CORE.encode())}"}
    assert [path.removeprefix("payload.") for path in redacted.fields] == ["event.targetUser.password"]


def test_a_prefix_of_any_letters_hides_no_element() -> None:
    event = f"<event xmlns:ø='urn:x'><ø:password>{CORE}</ø:password></event>"
    body = f"<JSSEvent><webhook><webhookEvent>SCEPChallenge</webhookEvent></webhook>{event}</JSSEvent>".encode()

    assert document_of("jamf", redact(body, fingerprint).body)["event"] == {
        "password": f"redacted:{fingerprint(CORE.encode())}"
    }


def test_a_form_of_more_fields_than_anybody_looks_at_goes_as_a_whole() -> None:
    body = b"payload=x" + b"&a=b" * 1_000

    assert redact(body, fingerprint) == Redacted(body=f"redacted:{fingerprint(body)}".encode(), fields=("body",))


def test_a_readable_form_with_something_like_a_secret_in_a_text_is_left_alone() -> None:
    document = {"webhook": {"webhookEvent": "JSSStartup"}, "event": {"note": "%22password%22:%22x <password>y"}}
    body = form(json.dumps(document).encode())

    assert document_of("jamf", redact(body, fingerprint).body) == document
