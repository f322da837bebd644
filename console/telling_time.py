"""Times as people say them: how long ago, and on which day."""

import math
from datetime import datetime, timedelta
from typing import Any

from domain.clock import parse_time

_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


def ago(text: Any, now: datetime) -> str:
    """`2 hours ago` of a time in RFC 3339; `just now` within a minute, or when it is ahead. `never` of None."""
    at = parse_time(text)
    if at is None:
        return "never"
    for name, unit in _UNITS:
        count = (now - at) // unit
        if count >= 1:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def day(text: Any) -> str:
    """`2026-11-22`."""
    return str(text)[:10] if text else "an unknown day"


def minute(text: Any) -> str:
    """`2026-11-22 04:30`, UTC."""
    return str(text)[:16].replace("T", " ") if text else "unknown"


def days_until(text: Any, now: datetime) -> int | None:
    """Whole days that are left; None when it is over, or is no time."""
    at = parse_time(text)
    return math.floor((at - now) / timedelta(days=1)) if at is not None and at > now else None
