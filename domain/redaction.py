"""What must never be stored is taken out here: tokens, recovery keys, passwords, wherever a sender put them.

A value becomes ``redacted:<fingerprint>``, so that two can still be compared. The fingerprint is handed in and keyed,
because a PIN's plain hash is as good as the PIN.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from domain import json_body, plist, xml_body
from domain.errors import MalformedEvent, MalformedPayload
from domain.form_body import form_fields, is_form
from domain.json_types import JSON
from domain.scrubbing import WHOLE, hides_secret, is_veiled, scrub
from domain.secret_keys import is_secret, mentions_secret, payload_bytes, payload_mentions_secret
from domain.text import clipped, storable

Fingerprint = Callable[[bytes], str]

MARK = "redacted:"

_REDACTED = re.compile(MARK + r"[\w+/=-]{1,128}", re.ASCII)
_MAX_PATH = 200
_MAX_FIELDS = 1_000
_LATIN1 = "iso-8859-1"

_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """A body that may be stored, and the dotted paths of what is missing in it (``*`` for any place in a list).

    No paths means that ``body`` is the one received, byte for byte.
    """

    body: bytes
    fields: tuple[str, ...] = ()


def redact(body: bytes, fingerprint: Fingerprint) -> Redacted:
    """The body without its secrets, whatever it is: an MDM event, Jamf's JSON, XML or form, or nothing that parses.

    JSON comes back compact, XML and plists written anew; empty values, booleans and ``null`` stay. A ``raw_payload``
    that names a secret but cannot be read goes as a whole, and so does a form of very many fields. Redacting twice
    changes nothing. Raises nothing.

    ``fingerprint`` gets bytes and UTF-8 text as they are, a number, list or dictionary as canonical JSON.
    """
    if not is_form(body):
        return _document(body, fingerprint)
    if body.count(b"&") >= _MAX_FIELDS:
        return _nothing_of(body, fingerprint)
    whole = _scrubbed(body, fingerprint) if _is_torn(body) else Redacted(body=body)
    parts = _form(whole.body, fingerprint)
    return Redacted(body=parts.body, fields=whole.fields + parts.fields)


def _document(body: bytes, fingerprint: Fingerprint) -> Redacted:
    if not (mentions_secret(body) or is_veiled(body)):
        return Redacted(body=body)
    try:
        return _json(body, fingerprint)
    except MalformedEvent:
        pass
    try:
        return _xml(body, fingerprint)
    except MalformedEvent:
        scrubbed = _scrubbed(body, fingerprint)
    return _nothing_of(body, fingerprint) if hides_secret(scrubbed.body) else scrubbed


def _nothing_of(body: bytes, fingerprint: Fingerprint) -> Redacted:
    return Redacted(body=f"{MARK}{fingerprint(body)}".encode(), fields=WHOLE)


def _json(body: bytes, fingerprint: Fingerprint) -> Redacted:
    cleaner = _Cleaner(fingerprint)
    document = cleaner.cleaned(json_body.parse_object(body), ())
    if cleaner.fields:
        return Redacted(body=json_body.compact(document), fields=tuple(cleaner.fields))
    return _scrubbed(body, fingerprint) if json_body.duplicate_keys(body) else Redacted(body=body)


def _xml(body: bytes, fingerprint: Fingerprint) -> Redacted:
    cleaner = _Cleaner(fingerprint)
    document = cleaner.cleaned(xml_body.parse_jss_event(body).document, ())
    if cleaner.fields:
        return Redacted(body=xml_body.render(document), fields=tuple(cleaner.fields))
    return _scrubbed(body, fingerprint)  # the parser drops comments, the store would not


def _scrubbed(body: bytes, fingerprint: Fingerprint) -> Redacted:
    text, names = scrub(body, fingerprint)
    return Redacted(body=text, fields=tuple(storable(name) for name in names))


def _form(body: bytes, fingerprint: Fingerprint) -> Redacted:
    """A form whose ``payload`` is a document, as some relays post it."""
    pairs, fields = [], []
    for name, value in form_fields(body):
        label, inner = _document(name, fingerprint), _document(value, fingerprint)
        if is_secret(name) and value and not value.startswith(MARK.encode()):
            inner = Redacted(body=f"{MARK}{fingerprint(value)}".encode(), fields=("",))
        pairs.append((label.body, inner.body))
        fields += [*label.fields, *(_dotted((label.body.decode(_LATIN1), path)) for path in inner.fields)]
    return Redacted(body=urlencode(pairs).encode("ascii"), fields=tuple(fields)) if fields else Redacted(body=body)


def _is_torn(body: bytes) -> bool:
    """True where nobody percent-encoded a form, and an `&` or `=` may lie within a secret."""
    if not mentions_secret(body):
        return False
    parts = (part for field in form_fields(body) for part in field)
    return any(mentions_secret(part) and not _is_readable(part) for part in parts)


def _is_readable(document: bytes) -> bool:
    for read in (json_body.parse_object, xml_body.parse_jss_event):
        try:
            read(document)
        except MalformedEvent:
            continue
        return True
    return False


@dataclass(slots=True)
class _Cleaner:
    """Walks decoded JSON, XML or a plist; ``fields`` fills with paths, in order, each once. Depth is the parsers'."""

    fingerprint: Fingerprint
    fields: dict[str, None] = field(default_factory=dict)

    def cleaned(self, value: Any, path: _Path) -> Any:
        if isinstance(value, dict):
            return {key: self._member(key, child, (*path, key)) for key, child in value.items()}
        if isinstance(value, list):
            return [self.cleaned(child, (*path, "*")) for child in value]
        return value

    def _member(self, key: str, value: Any, path: _Path) -> Any:
        if is_secret(key):
            return value if _is_harmless(value) else self._replaced(_material(value), path)
        if key == "raw_payload" and isinstance(value, str):
            return self._payload(value, path)
        return self.cleaned(value, path)

    def _replaced(self, secret: bytes, path: _Path) -> str:
        self.fields[_dotted(path)] = None
        return f"{MARK}{self.fingerprint(secret)}"

    def _payload(self, value: str, path: _Path) -> str:
        """The base64 of a cleaned plist, in XML where that can hold it; the value itself where it has no secret."""
        data = payload_bytes(value.encode("utf-8", "surrogatepass"))
        if _REDACTED.fullmatch(value) or not payload_mentions_secret(data):
            return value
        inner = _Cleaner(self.fingerprint)
        try:
            tree = inner.cleaned(plist.decode(data), path)
            if inner.fields:
                self.fields |= inner.fields
                return base64.b64encode(_encoded(tree)).decode("ascii")
        except MalformedPayload:
            return self._replaced(data, path)
        text, names = scrub(data, self.fingerprint) if data.startswith(b"<") else (data, ())
        self.fields |= dict.fromkeys(_dotted((*path, name)) for name in names)
        return base64.b64encode(text).decode("ascii") if names else value


def _encoded(tree: dict[str, Any]) -> bytes:
    try:
        return plist.encode(tree)
    except MalformedPayload:  # a control character, a UID, a null: only the binary form holds them
        return plist.encode(tree, binary=True)


def _is_harmless(value: Any) -> bool:
    """Nothing, yes or no, or redacted before."""
    if isinstance(value, str):
        return not value.strip() or _REDACTED.fullmatch(value) is not None
    return value is None or isinstance(value, bool) or value in (b"", [], {})


def _material(value: JSON) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return json_body.canonical(plist.jsonable(value))


def _dotted(path: _Path) -> str:
    return clipped(storable(".".join(part for part in path if part)), _MAX_PATH)
