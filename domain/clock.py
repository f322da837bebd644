"""Times as the vendors write them, and how far a sender's clock is believed."""

import re
from datetime import UTC, datetime, timedelta

AHEAD = timedelta(minutes=5)
"""A sender's time further ahead of ours than this is not believed."""

EARLIEST = datetime(2007, 1, 1, tzinfo=UTC)
"""No device management before the first iPhone: an older time is an unset clock."""

_PREFIX = 12

_FRACTION = re.compile(r"(\.\d{6})\d+")


def parse_time(text: object) -> datetime | None:
    """RFC 3339, any offset, up to nanoseconds (cut to microseconds) → aware UTC; None when it is no such time."""
    if not isinstance(text, str) or len(text) > 64:
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text.strip()))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def parse_epoch(value: object) -> datetime | None:
    """Milliseconds since 1970, or seconds when the number is below 10^11; text or number; None when it is neither."""
    try:
        number = int(str(value))
        return datetime.fromtimestamp(number if abs(number) < 10**11 else number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def believed(occurred_at: datetime | None, received_at: datetime) -> tuple[datetime, bool]:
    """The time to order an event by, and whether the sender's own was refused (missing, ahead, or before 2007)."""
    if occurred_at is None or occurred_at < EARLIEST or occurred_at > received_at + AHEAD:
        return received_at, True
    return occurred_at, False


def rfc3339(moment: datetime) -> str:
    """UTC with microseconds and `Z`: sorts as text as it sorts as time."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def id_prefix(moment: datetime) -> str:
    """How our own ids of that moment begin: 12 hex digits of milliseconds, so that ids sort by time."""
    return f"{int(moment.timestamp() * 1000):0{_PREFIX}x}"


def made_at(identifier: str) -> str:
    """The beginning of one of our ids that tells when it was made; it sorts by time too."""
    return identifier[:_PREFIX]
