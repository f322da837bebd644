"""Jamf Pro's XML deliveries, as the same object that its JSON ones give, all leaves being text.

Source: https://developer.jamf.com/jamf-pro/docs/webhooks-1
"""

import re
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from domain.errors import MalformedEvent
from domain.form_body import LEAD
from domain.json_types import JSON, JSONObject

ROOT = "JSSEvent"

MAX_DEPTH = 32
"""Elements inside each other, the root being 1."""

MAX_NODES = 250_000
"""Elements in one document; 10 MiB of smart-group ids are about 200 000."""

MAX_REPLACED = 100_000
"""References, and forbidden characters, up to which a document is repaired; with more it is none."""

LATIN1 = "latin1"
"""Flag: nothing named the encoding and the bytes are not UTF-8, so ISO-8859-1 was taken."""

REPLACED = "characters_replaced"
"""Flag: there were characters that XML cannot hold, so U+FFFD was read in their place."""

_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
}
"""Encodings that a prolog or a charset may name. A list, because Python's codecs include slow and surprising ones."""

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_PROLOG = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]{1,40})["']""")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SUSPECT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]|&#")
_REFERENCE = re.compile("&#(?:x([0-9a-fA-F]{1,12})|([0-9]{1,12}));")
_LAST_CHARACTER = 0x10FFFF
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedXML:
    """A document, and what had to be guessed to read it: ``flags`` may hold `LATIN1` and `REPLACED`."""

    document: JSONObject
    flags: tuple[str, ...] = ()


def parse_jss_event(body: bytes, charset: str | None = None) -> ParsedXML:
    """``{"webhook": {...}, "event": {...}}`` of a ``JSSEvent`` document; attributes, comments, namespaces are dropped.

    A leaf is its text, an empty element ``""``, an element with children a dict without its own text, repeated
    siblings a list. One sibling stays as it is: only a schema knows that it is a list of one. An ``event`` that is
    missing or empty is ``{}``. ``charset`` is the Content-Type's; BOM and prolog go before it. White space before the
    document, and characters that XML forbids, as Java writes them into names, lose no event.

    Raises:
        MalformedEvent: empty, not XML, a DTD, another root, no ``webhook`` object, or over a budget.
    """
    if not body.strip():
        raise MalformedEvent("empty body")
    text, flags = _decoded(body, charset)
    (root, document), replaced = _read(text)
    if root != ROOT or not isinstance(document, dict) or not isinstance(document.get("webhook"), dict):
        raise MalformedEvent(f"not a {ROOT} with a webhook")
    document["event"] = document.get("event") or {}
    return ParsedXML(document=document, flags=flags + replaced)


def may_be_flagged(body: bytes) -> bool:
    """False where `REPLACED` cannot be among the flags of a document in UTF-8; cheaper than to parse it."""
    return _SUSPECT.search(body) is not None


def _read(text: str) -> tuple[Any, tuple[str, ...]]:
    """The root's name and value, of the text as it is or else repaired, and the flag for that."""
    try:
        return _parsed(text), ()
    except ParseError as exc:
        repaired = _repaired(text)
        if repaired == text:
            raise _malformed(exc) from exc
    try:
        return _parsed(repaired), (REPLACED,)
    except ParseError as exc:
        raise _malformed(exc) from exc


def _parsed(text: str) -> Any:
    """The root's name and value. Raises: ParseError, MalformedEvent."""
    parser = XMLParser(target=_Builder(), forbid_dtd=True)
    try:
        parser.feed(text)
        return parser.close()
    except DefusedXmlException as exc:
        raise MalformedEvent("XML with a DTD or entities") from exc


def _malformed(error: ParseError) -> MalformedEvent:
    line, column = error.position
    return MalformedEvent(f"not XML at line {line} column {column}")


def _repaired(text: str) -> str:
    """The text with U+FFFD for characters that XML 1.0 forbids, raw or as references; pairs of surrogates are joined.

    Markup cannot come of it: nothing else changes. Source: https://www.w3.org/TR/xml/#charsets (checked 2026-11)
    """
    raw = _REFERENCE.sub(_forbidden, text, count=MAX_REPLACED)
    joined = raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _NOT_XML.sub(_REPLACEMENT, joined, count=MAX_REPLACED)


def _forbidden(reference: re.Match[str]) -> str:
    """The character itself where XML forbids it; else the reference as it is."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    character = chr(code) if code <= _LAST_CHARACTER else _REPLACEMENT
    return character if code > _LAST_CHARACTER or _NOT_XML.match(character) else reference[0]


def _decoded(body: bytes, charset: str | None) -> tuple[str, tuple[str, ...]]:
    """The text, by BOM, prolog, charset, UTF-8 or ISO-8859-1, whichever first fits the bytes."""
    document = body.lstrip(LEAD)
    candidates = ["utf-8"] if _UTF8_BOM in body[: len(body) - len(document)] else []
    candidates += ["utf-16"] if document.startswith(_UTF16_BOMS) else []
    prolog = _PROLOG.match(document)
    names = (prolog[1].decode("ascii") if prolog else "", charset or "")
    candidates += [_CODECS[name.strip().lower()] for name in names if name.strip().lower() in _CODECS]
    for codec in (*candidates, "utf-8"):
        try:
            return document.decode(codec).lstrip(), ()
        except UnicodeDecodeError:
            continue
    return document.decode("iso-8859-1"), (LATIN1,)


@dataclass(slots=True)
class _Element:
    children: dict[str, JSON] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)

    def add(self, name: str, value: JSON) -> None:
        before = self.children.get(name)
        if before is None:
            self.children[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            self.children[name] = [before, value]


class _Builder:
    """Parser target that builds dicts and counts while it parses, so that a budget ends the parse."""

    def __init__(self) -> None:
        self._open = [_Element()]
        self._nodes = 0

    def start(self, _tag: str, _attributes: dict[str, str], /) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(self._open) > MAX_DEPTH:
            raise MalformedEvent(f"XML of more than {MAX_NODES} elements or {MAX_DEPTH} levels")
        self._open.append(_Element())

    def end(self, tag: str, /) -> None:
        element = self._open.pop()
        self._open[-1].add(tag.rpartition("}")[2], element.children or "".join(element.text))

    def data(self, text: str, /) -> None:
        self._open[-1].text.append(text)

    def close(self) -> tuple[str, JSON]:
        """The root's name and value."""
        return next(iter(self._open[0].children.items()))


def render(document: JSONObject) -> bytes:
    """A ``JSSEvent`` document in UTF-8 with prolog; `parse_jss_event` gives the same object back, with text for leaves.

    ``None`` is an empty element, an empty list none at all; characters that XML cannot hold become U+FFFD.
    """
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return (head + "".join(_rendered(ROOT, document))).encode("utf-8")


def _rendered(name: str, value: JSON) -> list[str]:
    if isinstance(value, list):
        return [part for item in value for part in _rendered(name, item)]
    if isinstance(value, dict):
        return [f"<{name}>", *(part for key, child in value.items() for part in _rendered(key, child)), f"</{name}>"]
    return [f"<{name}>{_leaf(value)}</{name}>"]


def _leaf(value: Any) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return escape(_NOT_XML.sub(_REPLACEMENT, text), {"\r": "&#13;"})
