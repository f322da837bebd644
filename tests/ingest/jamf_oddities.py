"""Jamf deliveries at the edge: on this side of it an event, however odd, on the other none."""

import gzip
import json
from typing import Any
from urllib.parse import quote_plus

from tests.ingest.jamf_bodies import BOM, NAME

DEEPEST = 32


def said(event: str = "{}", name: str = '"JSSStartup"', more: str = "") -> bytes:
    """A delivery in JSON, from texts that need not be what they should."""
    return f'{{"webhook": {{"webhookEvent": {name}{more}}}, "event": {event}}}'.encode("utf-8", "surrogatepass")


def marked(event: str = "", name: str = "JSSStartup", more: str = "") -> bytes:
    """The same in XML."""
    webhook = f"<webhook><webhookEvent>{name}</webhookEvent>{more}</webhook>"
    return f"<JSSEvent>{webhook}<event>{event}</event></JSSEvent>".encode()


def latin1(body: bytes) -> bytes:
    return body.decode().encode("latin-1")


def nested(levels: int) -> bytes:
    """JSON with so many containers inside each other."""
    return said("[" * (levels - 1) + "]" * (levels - 1))


def nested_xml(levels: int) -> bytes:
    inner = range(levels - 2)
    return marked("".join(f"<e{n}>" for n in inner) + "".join(f"</e{n}>" for n in reversed(inner)))


def form(payload: bytes, before: str = "") -> bytes:
    return f"{before}payload={quote_plus(payload)}".encode()


GROUP = json.dumps({"groupAddedDevicesIds": list(range(10**6, 10**6 + 3_000)), "jssid": 1})
DTD = '<!DOCTYPE JSSEvent [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'

ODD: dict[str, bytes | tuple[bytes, dict[str, str]]] = {
    "no event at all": b'{"webhook": {"webhookEvent": "JSSStartup"}}',
    "no event at all, XML": b"<JSSEvent><webhook><webhookEvent>JSSStartup</webhookEvent></webhook></JSSEvent>",
    "unknown event": said(name='"ComputerGrewLegs"'),
    "unknown event, XML": marked(name="ComputerGrewLegs"),
    "other case": said(name='" computercheckIN "'),
    "long name": said(name=f'"{"x" * 5000}"'),
    "name that no SQL text holds": said(name='"\\ud800\\u0000\\n🦴"'),
    "name with markup": said(name='"<script>"'),
    "duplicate keys": b'{"webhook": 1, "event": {"a": 1, "a": 2}, "webhook": {"webhookEvent": "PushSent"}}',
    "beyond 64 bits": said(f'{{"jssID": {2**63}, "x": {-(10**400)}, "y": 1e400}}', more=f', "eventTimestamp": {2**70}'),
    "thousands of digits": said(f'{{"jssID": {"9" * 4300}}}', more=f', "eventTimestamp": {"9" * 4300}'),
    "no number": said('{"jssID": NaN, "x": -Infinity}', more=', "eventTimestamp": Infinity'),
    "lone surrogates, escaped": said('{"deviceName": "\\ud83d", "\\udc00": "\\udc00\\ud800"}'),
    "lone surrogates, as bytes": said('{"deviceName": "\ud83d"}'),
    "NUL, escaped": said('{"deviceName": "\\u0000", "serialNumber": "C\\u0000", "\\u0000": [{"\\u0000": 1}]}'),
    "as deep as it may be": nested(DEEPEST),
    "as deep as it may be, XML": nested_xml(DEEPEST),
    "seconds": said(more=', "eventTimestamp": 1774012400'),
    "a time before computers": said(more=', "eventTimestamp": -9999999999999'),
    "a time as text": said(more=', "eventTimestamp": " 1774012400031 "'),
    "a time in the far future": said(more=', "eventTimestamp": 99999999999999999'),
    "white space around": b"\r\n\t " + said() + b"\n\n",
    "BOM and white space": BOM + b"\n" + said(),
    "white space before a prolog": b'\r\n <?xml version="1.0" encoding="UTF-8"?>' + marked("<a>7</a>"),
    "BOM and white space before a prolog": BOM + b'\n<?xml version="1.0"?>' + marked("<a>8</a>"),
    "form with white space before a prolog": b"payload=" + b'\n<?xml version="1.0"?>' + marked("<a>9</a>"),
    "a control character, XML": marked("<deviceName>Mac\x01</deviceName>"),
    "a control character as a reference, XML": marked("<deviceName>Mac&#x1;</deviceName>"),
    "a surrogate, XML": marked("<a>&#xD800;</a>"),
    "a password beside a control character, XML": marked(
        "<targetUser><username>&#x1;</username><password>pa55</password></targetUser>", name="SCEPChallenge"
    ),
    "UTF-16, XML": marked(f"<deviceName>{NAME.partition('<')[0]}</deviceName>").decode().encode("utf-16"),
    "prolog in Latin-1": b'<?xml version="1.0" encoding="ISO-8859-1"?>' + latin1(marked("<room>Café</room>")),
    "a charset that is wrong": (said('{"room": "Café"}'), {"Content-Type": "application/json; charset=us-ascii"}),
    "a charset that is none": (marked("<room>Café</room>"), {"Content-Type": 'text/xml; charset="klingon"'}),
    "XML that says it is JSON": (marked("<a>6</a>"), {"Content-Type": "application/json"}),
    "JSON that says it is XML": (said("[1]"), {"Content-Type": "text/xml"}),
    "no Content-Type": (said("[2]"), {"Content-Type": ""}),
    "XML with all that XML has": b'<?xml version="1.0"?><?pi x?><!-- c -->'
    b'<JSSEvent xmlns="urn:x" a="b"><webhook><webhookEvent><![CDATA[JSSStartup]]></webhookEvent></webhook>'
    b"<event>text<a/>&#x1F9B4;&amp;</event></JSSEvent>",
    "two events in one, XML": marked("<a>1</a>").replace(b"</JSSEvent>", b"<event><b>2</b></event></JSSEvent>"),
    "form": (form(said("[3]")), {"Content-Type": "application/x-www-form-urlencoded"}),
    "form with XML": (form(marked("<a>4</a>")), {"Content-Type": "application/x-www-form-urlencoded"}),
    "form that says it is JSON": form(said(f'{{"deviceName": {json.dumps(NAME)}}}')),
    "form, Latin-1 inside": form(latin1(said('{"room": "Café"}'))),
    "form, as it is": b"payload=" + said('{"room": "Café"}'),
    "form, as it is, Latin-1": b"payload=" + latin1(said('{"room": "Crème"}')),
    "form after a BOM": BOM + form(said("[8]")),
    "gzip": (gzip.compress(said("[5]")), {"Content-Encoding": "gzip"}),
    "a large group": said(GROUP, name='"SmartGroupComputerMembershipChange"'),
    "form about forms": form(said('{"deviceName": "a&payload=b"}')),
    "text about forms": said('{"deviceName": "a&payload=b"}'),
    "a password, XML": marked("<targetUser><password>pa55</password></targetUser>", name="SCEPChallenge"),
    "a password, form": form(said('{"targetUser": {"password": "pa55"}}', name='"SCEPChallenge"')),
    "a password, form after a BOM": BOM + form(said('{"a": {"password": "pa55"}}', name='"SCEPChallenge"')),
    "a password, form as it is": b"payload=" + said('{"ö": {"password": "pa55"}}', name='"SCEPChallenge"'),
    "a password, text about forms after a BOM": BOM
    + said('{"scepServerUrl": "https://ca.example/?a=1&payload=2", "b": {"password": "pa55"}}', name='"SCEPChallenge"'),
    "a password": said('{"targetUser": {"password": "pa55"}, "targetDevice": "text"}', name='"SCEPChallenge"'),
}  # fmt: skip
"""Each is an event: 200."""

NO_EVENT: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \r\n\t ",
    "BOM alone": BOM,
    "null": b"null",
    "a list": b"[]",
    "a list of events": b"[" + said() + b"]",
    "a text": b'"webhook"',
    "a number": b"7",
    "an empty object": b"{}",
    "no webhook": b'{"event": {"deviceName": "x"}}',
    "no webhook, XML": b"<JSSEvent><event><deviceName>x</deviceName></event></JSSEvent>",
    **{
        f"webhook is {value}": f'{{"webhook": {value}, "event": {{}}}}'.encode() for value in ("null", "[]", '"x"', "7")
    },
    **{f"its name is {value!r}": said(name=value) for value in ("null", "true", "7", "[]", "{}", '""', '" "')},
    "no name": b'{"webhook": {"id": 1}, "event": {}}',
    "no name, XML": marked(name=""),
    "one level too deep": nested(DEEPEST + 1),
    "one level too deep, XML": nested_xml(DEEPEST + 1),
    "far too deep": nested(200_000),
    "far too deep, XML": nested_xml(50_000),
    "cut short": said('{"deviceName": "x"}')[:-3],
    "cut short, XML": marked("<a>x</a>")[:-3],
    "two documents": said() + said(),
    "NUL as a byte": said().replace(b"JSS", b"J\x00S"),
    "NUL as a byte, XML": marked().replace(b"JSS", b"J\x00S"),
    "a line feed in a text": said('{"deviceName": "a\nb"}'),
    "a DTD": DTD.encode() + marked(),
    "a DTD with an entity that is used": DTD.encode() + marked("<a>&b;&c;</a>"),
    "an entity of nobody": marked("<a>&nobody;</a>"),
    "another root": marked().replace(b"JSSEvent", b"Event"),
    "two webhooks, XML": marked().replace(b"<event>", b"<webhook><id>1</id></webhook><event>"),
    "a number with too many digits": said(f'{{"jssID": {"9" * 5000}}}'),
    "a form without payload": b"event=x&name=y",
    "an empty payload": b"payload=",
    "a payload that is no event": form(b"[]"),
    "a form in a form, with a password": form(form(said('{"password": "pa55"}'))),
    "a form whose field is not ours": b"json=" + quote_plus(said('{"password": "pa55"}')).encode(),
    "a form that is torn": b"payload=" + said('{"room": "R&D", "targetUser": {"password": "Q&Apa55"}}'),
    "a form after a BOM that is cut short": BOM + form(said('{"password": "pa55"}')[:-3]),
    "forms in forms": b"payload=" * 5_000 + quote_plus(said()).encode(),
    "bytes of something else": bytes(range(256)),
}
"""None of these is one: 400, and kept in quarantine."""


def parts(odd: bytes | tuple[bytes, dict[str, str]]) -> tuple[bytes, dict[str, str]]:
    """Body and headers."""
    return odd if isinstance(odd, tuple) else (odd, {"Content-Type": "application/json"})


def unpacked(body: bytes, headers: dict[str, Any]) -> bytes:
    return gzip.decompress(body) if "Content-Encoding" in headers else body
