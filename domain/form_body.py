"""Forms, as relays post Jamf's events. What is read and what is redacted must agree on what is one, and on its fields.

Source: https://url.spec.whatwg.org/#application/x-www-form-urlencoded (checked 2026-11).
"""

from urllib.parse import parse_qsl

from domain.errors import MalformedEvent

FIELD = b"payload"
"""The field that holds the event."""

MAX_FIELDS = 16

LEAD = b"\xef\xbb\xbf \t\r\n"
"""Bytes that may come before a document: a UTF-8 BOM and white space."""

_XML = (b"<", b"\xff\xfe", b"\xfe\xff")
_DOCUMENT = (*_XML, b"{", b"[", b'"')
_LATIN1 = "iso-8859-1"


def begins_as_xml(body: bytes) -> bool:
    """True for `<` or a UTF-16 BOM, after any UTF-8 BOM and white space."""
    return body.lstrip(LEAD).startswith(_XML)


def is_form(body: bytes) -> bool:
    """True for what does not begin as a document and has a field `payload`, after any UTF-8 BOM and white space."""
    text = body.lstrip(LEAD)
    return not text.startswith(_DOCUMENT) and (text.startswith(FIELD + b"=") or b"&" + FIELD + b"=" in text)


def form_fields(body: bytes, *, most: int | None = None) -> list[tuple[bytes, bytes]]:
    """Names and values, percent-decoded and else byte for byte, also where nobody percent-encoded them.

    Raises: ValueError, for more than ``most`` fields.
    """
    text = body.lstrip(LEAD).decode(_LATIN1)
    pairs = parse_qsl(text, keep_blank_values=True, encoding=_LATIN1, max_num_fields=most)
    return [(name.encode(_LATIN1), value.encode(_LATIN1)) for name, value in pairs]


def form_payload(body: bytes) -> bytes:
    """The event in a form. Raises: MalformedEvent, when there is none, or another form, or too many fields."""
    try:
        fields = form_fields(body, most=MAX_FIELDS)
    except ValueError as exc:
        raise MalformedEvent("this form cannot be read") from exc
    payload = next((value for name, value in fields if name == FIELD and value), None)
    if payload is None:
        raise MalformedEvent("this form has no field `payload`")
    if is_form(payload):
        raise MalformedEvent("a form within a form")  # how deep they go is the sender's choice
    return payload
