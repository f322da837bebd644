"""Versions of Jamf Pro, as its API says them and as its log-in page does.

Grammar: `MAJOR.MINOR.PATCH[-bN|-rcN]-t<epoch>`, and before 10 without all that follows the numbers.
"""

import re
from html.parser import HTMLParser

LONGEST = 100

_NUMBERS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}")


def version_key(text: str) -> tuple[int, ...] | None:
    """What versions are compared by: three or four numbers, missing ones 0; None for what is no version."""
    dotted = text.strip().partition("-")[0]
    if len(text) > LONGEST or not _NUMBERS.fullmatch(dotted):
        return None
    numbers = [int(part) for part in dotted.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def version_on_page(page: bytes) -> str | None:
    """From `<meta name="version" content="…">` of a log-in page; None when there is none, or it is no version."""
    finder = _Finder()
    finder.feed(page.decode("utf-8", "replace"))
    return finder.found


class _Finder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        content = (given.get("content") or "").strip()
        if tag == "meta" and given.get("name") == "version" and self.found is None and version_key(content):
            self.found = content
