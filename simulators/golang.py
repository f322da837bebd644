"""How Go writes JSON and times, because two of the senders are Go programs and receivers see their bytes."""

import json
from datetime import UTC, datetime, timedelta

from domain.json_types import JSON

USER_AGENT = "Go-http-client/1.1"
"""What Go's HTTP client calls itself. Source: https://pkg.go.dev/net/http"""

_HTML_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def go_json(value: JSON, *, indent: int | None = None, sort_keys: bool = False) -> bytes:
    """``value`` as encoding/json marshals it: UTF-8, with the characters that are special in HTML escaped.

    Source: https://pkg.go.dev/encoding/json#Marshal
    """
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=False, indent=indent, sort_keys=sort_keys, separators=separators)
    return text.translate(_HTML_ESCAPES).encode()


def go_time(at: datetime, *, nanoseconds: int = 0) -> str:
    """``at`` in RFC 3339 as time.Time marshals it: up to nine digits without trailing zeros, ``Z`` for UTC.

    ``nanoseconds`` (0-999) is the part a Python datetime cannot hold.
    Source: https://pkg.go.dev/time#RFC3339Nano
    """
    fraction = f".{at.microsecond * 1000 + nanoseconds:09d}".rstrip("0").rstrip(".")
    offset = "Z" if at.utcoffset() == timedelta(0) else at.replace(microsecond=0).isoformat()[19:]
    return at.strftime("%Y-%m-%dT%H:%M:%S") + fraction + offset


def utc(at: datetime) -> datetime:
    """The same instant in UTC."""
    return at.astimezone(UTC)
