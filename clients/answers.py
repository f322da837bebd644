"""What came back over HTTP, and words about it that a log line may show."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from domain.errors import MalformedEvent
from domain.json_body import parse_object
from domain.json_types import JSONObject
from domain.text import clipped

MOST_SHOWN = 300
"""Characters of a far end's own words in an error."""

LONGEST_WAIT = 86_400.0
"""Seconds; a `Retry-After` beyond that is a mistake of theirs."""

_MARKUP = re.compile(r"\s*<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer; names in ``headers`` are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> JSONObject | None:
        """The JSON object in the body; None when it holds none."""
        try:
            return parse_object(self.body)
        except MalformedEvent:
            return None

    def words(self) -> str:
        """What the far end says for itself: its `error` in JSON, else the text; of a page only that it is one."""
        document = self.document()
        if document is not None and isinstance(document.get("error"), str):
            return str(document["error"])
        text = self.body[: 64 * 1024].decode("utf-8", "replace")
        return "an HTML page" if _MARKUP.match(text) else text

    def retry_after(self, now: datetime) -> float | None:
        """Seconds to wait, 0 to `LONGEST_WAIT`; a date counts from the far end's own clock when it tells it."""
        value = self.headers.get("retry-after", "").strip()
        try:
            seconds = float(value)
        except ValueError:
            until = _date(value)
            if until is None:
                return None
            seconds = (until - (_date(self.headers.get("date", "")) or now)).total_seconds()
        return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else None


def _date(value: str) -> datetime | None:
    """An HTTP date. Source: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7 (checked 2026-11)."""
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def showable(text: str, secrets: Iterable[str] = ()) -> str:
    """One line of at most `MOST_SHOWN` printable characters, without the secrets."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "…")
    printable = "".join(character if character.isprintable() else " " for character in text)
    return clipped(" ".join(printable.split()), MOST_SHOWN)
