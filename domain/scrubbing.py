"""Secrets taken out of bytes that no parser reads, by pattern: for what goes to quarantine.

Best effort: when in doubt about where a secret ends, all that follows goes.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from domain.secret_keys import is_secret, mentions_secret, payload_bytes, payload_mentions_secret

_NAMED = re.compile(
    rb'"(?P<json>[^"\\]*+(?:\\u00[2-7][0-9A-Fa-f][^"\\]*+)*+)"\s*:\s*'
    rb"|<key[^<>]*>(?P<plist>[^<]*)</key\s*>\s*"
    rb"|<(?P<element>(?:[\w.-]+:)?[\w.-]+)[^<>]*>"
)
_JSON_VALUE = re.compile(
    rb'"(?P<text>[^"\\]*+(?:\\.[^"\\]*+)*+)(?:"|\\?\Z)|(?P<empty>null|true|false|\{\s*\}|\[\s*\])'
    rb"|(?P<nested>[{\[].*)|(?P<bare>[^\s,}\]]+)",
    re.DOTALL,
)
_PLIST_VALUE = re.compile(rb"<(?P<element>\w+)[^<>]*>")
_ESCAPE = re.compile(rb"\\u00([2-7][0-9A-Fa-f])")
"""ASCII as JSON may write it, in keys too."""

_VEILED = re.compile(rb"%(?:25)*(?:22|3[Cc])")
"""What JSON and XML begin a key with, percent-encoded once or more."""

WHOLE = ("body",)
"""What stands for the names of keys where nothing of a body may be kept."""

_MAX_VEILS = 4
_CONTAINERS = (b"dict", b"array")

_Span = tuple[int, int, bytes, bytes]
"""From, to, the secret, and what goes around its replacement, with ``%s``."""


def scrub(body: bytes, fingerprint: Callable[[bytes], str]) -> tuple[bytes, tuple[str, ...]]:
    """The body with each secret replaced by ``redacted:<fingerprint>``, and the names of their keys in order.

    A body with NUL in it (UTF-16, binary) that names a secret goes as a whole (`WHOLE`).
    """
    if b"\x00" in body:
        return (f"redacted:{fingerprint(body)}".encode(), WHOLE) if mentions_secret(body) else (body, ())
    kept: list[bytes] = []
    names: dict[str, None] = {}
    at = done = 0
    while match := _NAMED.search(body, at):
        at = match.end()
        span = _secret_after(body, match)
        if span:
            start, at, secret, frame = span
            kept += (body[done:start], frame % f"redacted:{fingerprint(secret)}".encode())
            done = at
            names[_name(match).decode("iso-8859-1").strip()[:64]] = None
    return b"".join((*kept, body[done:])), tuple(names)


def is_veiled(body: bytes) -> bool:
    """True for what may be percent-encoded JSON or XML, UTF-16 included."""
    return _VEILED.search(_without_nul(body)) is not None


def hides_secret(body: bytes) -> bool:
    """True when percent-decoding brings up a secret that `scrub` would cut, or is not done after a few times."""
    text = body
    for _ in range(_MAX_VEILS):
        if not is_veiled(text):
            return False
        text = _without_nul(unquote_to_bytes(_without_nul(text).replace(b"+", b" ")))
        if scrub(text, lambda _: "")[1]:
            return True
    return True


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode("ascii"))


def _without_nul(text: bytes) -> bytes:
    return text.replace(b"\x00", b"") if b"\x00" in text else text


def _name(match: re.Match[bytes]) -> bytes:
    if match["element"] is not None:
        return match["element"].rpartition(b":")[2]
    return _ESCAPE.sub(_unescaped, match["json"]) if match["plist"] is None else match["plist"]


def _secret_after(body: bytes, match: re.Match[bytes]) -> _Span | None:
    """The value that follows a key, or None where it is no secret, missing, empty or redacted already."""
    name = _name(match)
    is_payload = name == b"raw_payload" and match["json"] is not None
    if not (is_payload or is_secret(name)):
        return None
    if match["json"] is not None:
        span = _json_value(body, match.end())
    elif match["plist"] is not None:
        span = _plist_value(body, match.end())
    else:
        span = None if match[0].endswith(b"/>") else _to_closing_tag(body, match.end(), match["element"], b"%s")
    if span is None or not span[2].strip() or span[2].startswith(b"redacted:"):
        return None
    return span if not is_payload or payload_mentions_secret(payload_bytes(span[2])) else None


def _json_value(body: bytes, at: int) -> _Span | None:
    value = _JSON_VALUE.match(body, at)
    if value is None or value["empty"] is not None:
        return None
    return at, value.end(), value[0] if value["text"] is None else value["text"], b'"%s"'


def _plist_value(body: bytes, at: int) -> _Span | None:
    value = _PLIST_VALUE.match(body, at)
    if value is None or value[0].endswith(b"/>"):
        return None
    if value["element"] in _CONTAINERS:  # they nest, so the first closing tag may not be theirs
        return at, len(body), body[at:], b"<string>%s</string>"
    _, end, secret, _ = _to_closing_tag(body, value.end(), value["element"], b"")
    return at, end + len(value["element"]) + 3, secret, b"<string>%s</string>"


def _to_closing_tag(body: bytes, at: int, name: bytes, frame: bytes) -> _Span:
    end = body.find(b"</" + name, at)
    end = len(body) if end < 0 else end
    return at, end, body[at:end], frame
