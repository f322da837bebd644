"""Times as people say them: how long ago, and on which day."""

import math
import re
from datetime import datetime, timedelta
from typing import Any

from domain.clock import parse_time, rfc3339

_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))

_FAR_OFF = re.compile(r"(-?[0-9]{1,5})([dh])")
_LETTERS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


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


def when(text: Any, now: datetime) -> str:
    """`2 hours ago (2026-11-22 04:30 UTC)`, or `never`."""
    return f"{ago(text, now)} ({minute(text)} UTC)" if text else "never"


def days_until(text: Any, now: datetime) -> int | None:
    """Whole days that are left; None when it is over, or is no time."""
    at = parse_time(text)
    return math.floor((at - now) / timedelta(days=1)) if at is not None and at > now else None


def until(text: Any, now: datetime) -> str:
    """`in 9 days`, `today` within a day, `EXPIRED 3 days ago`: of the end of something."""
    days = days_until(text, now)
    if days is None:
        return f"EXPIRED {ago(text, now)}"
    return "today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"


def moment_of(text: str, now: datetime) -> str:
    """A time so far from now as `30d` or `12h` says, as RFC 3339; any other text as it is."""
    match = _FAR_OFF.fullmatch(text)
    if match is None:
        return text
    return rfc3339(now + int(match[1]) * _LETTERS[match[2]])
