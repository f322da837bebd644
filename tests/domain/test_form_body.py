"""What is a form, and what is in it: one answer for those who read it and those who redact it."""

import pytest

from domain.errors import MalformedEvent
from domain.form_body import MAX_FIELDS, form_fields, form_payload, is_form


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"payload=x", True),
        (b"\xef\xbb\xbf\r\n payload=x", True),
        (b"from=relay&payload=", True),
        (b"payload", False),
        (b"json=x", False),
        (b"", False),
        (b'{"a": "b&payload=c"}', False),
        (b'\xef\xbb\xbf{"a": "b&payload=c"}', False),
        (b"\n<a>b&payload=c</a>", False),
        ("<a>\u7026\u7961\u6f6c\u6461\u003d</a>".encode("utf-16"), False),
        (b"\xff\xfe<\x00&payload=", False),
        (b'"&payload=', False),
    ],
)
def test_a_form_has_a_payload_and_does_not_begin_as_a_document(body, expected):
    assert is_form(body) is expected


@pytest.mark.parametrize("text", ['{"a":"ø"}', '{"a":"\u20ac"}', '{"a":"x y"}'])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp1252"])
def test_bytes_that_nobody_percent_encoded_stay_as_they_are(text, codec):
    assert form_payload(b"\xef\xbb\xbfpayload=" + text.encode(codec, "replace")) == text.encode(codec, "replace")


def test_of_several_payloads_the_first_that_is_not_empty_is_read():
    body = b"payload=&%70ayload=a+b&payload=c"

    assert form_payload(body) == b"a b"
    assert form_fields(body) == [(b"payload", b""), (b"payload", b"a b"), (b"payload", b"c")]


@pytest.mark.parametrize(
    "body",
    [b"payload=", b"a=b&payload=&c=d", b"payload=%EF%BB%BFpayload=x", b"payload=x" + b"&a=b" * MAX_FIELDS],
)
def test_a_form_without_an_event_or_with_too_much_else_is_refused(body):
    with pytest.raises(MalformedEvent):
        form_payload(body)
