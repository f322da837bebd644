"""All records of a family, read one page after the other.

Source: https://developer.jamf.com/jamf-pro/docs/filtering-with-rsql, https://developer.jamf.com/jamf-pro/reference
(checked 2026-11).
"""

from collections.abc import Iterator
from typing import Self

from clients.jamf_records import Family, JamfRecord, read_records
from clients.jamf_server import JamfServer, Query
from clients.jamf_ways import Way
from domain.errors import TransientError

PAGE = 200
"""Records in one page; small pages come faster than large ones."""

MOST_PAGES = 10_000

MOST_PAGE_READ = 16 * 1024 * 1024
MOST_LIST_READ = 64 * 1024 * 1024
"""Bytes of a page, and of a list that the Classic API gives in one piece."""


class Records(Iterator[list[JamfRecord]]):
    """Pages of records, each read when it is asked for. After an error the same page may be asked for again.

    Records that come or go meanwhile may be missed, or come twice.
    """

    def __init__(self, server: JamfServer, way: Way, family: Family) -> None:
        self._server = server
        self._way = way
        self._family = family
        self._number = 0
        self._seen = 0
        self._before: list[JamfRecord] = []
        self._is_over = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[JamfRecord]:
        """Raises: TransientError and PermanentError, as `JamfServer.get`; also when a page comes again and again."""
        if self._is_over or self._number >= MOST_PAGES:
            raise StopIteration
        query = (*self._way.all_query, *page_query(self._number, PAGE)) if self._way.pages else ()
        reply = self._server.get(self._way.all, query, most=MOST_PAGE_READ if query else MOST_LIST_READ)
        entries = self._server.list_in(reply, self._way.list_key)
        found = read_records(self._family, entries)
        if found and found == self._before:
            raise TransientError(f"page {self._number} of {self._way.all} is the one before it once more")
        self._before, self._seen, self._number = found, self._seen + len(entries), self._number + 1
        # A server may give smaller pages than it is asked for, and its total moves.
        total = self._server.document(reply).get("totalCount")
        is_last = self._seen >= total if isinstance(total, int) else len(entries) < PAGE
        self._is_over = not entries or is_last or not self._way.pages
        if not entries:
            raise StopIteration
        return found


def page_query(number: int, size: int) -> Query:
    return ("page", str(number)), ("page-size", str(size))
