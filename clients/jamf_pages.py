"""All records of a family, read one page after the other.

Source: https://developer.jamf.com/jamf-pro/docs/filtering-with-rsql, https://developer.jamf.com/jamf-pro/reference
(checked 2026-11).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from clients.jamf_records import Family, JamfRecord, read_record
from clients.jamf_server import JamfServer, Query
from clients.jamf_ways import Way
from domain.errors import TransientError
from domain.json_types import JSON
from domain.text import clipped, storable

PAGE = 200
"""Records in one page; small pages come faster than large ones."""

MOST_PAGES = 10_000

MOST_PAGE_READ = 16 * 1024 * 1024
MOST_LIST_READ = 64 * 1024 * 1024
"""Bytes of a page, and of a list that the Classic API gives in one piece."""


LONGEST_SHOWN = 100
"""Characters of what stands in the place of an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where among the pages of a list: the number of the next one, and how many entries came before it."""

    page: int = 0
    seen: int = 0


START = Place()


class Records(Iterator[list[JamfRecord]]):
    """Pages of records, each read when it is asked for. After an error the same page may be asked for again.

    Records that come or go meanwhile may be missed, or come twice. ``place`` is where the next page begins, ``unread``
    how many entries nobody could read, ``first_unread`` what the first of them had for an id.
    """

    def __init__(self, server: JamfServer, way: Way, family: Family, place: Place) -> None:
        """From ``place`` on, where the list comes in pages."""
        self._server = server
        self._way = way
        self._family = family
        self.place = place if way.pages else START
        self.unread = 0
        self.first_unread = ""
        self._before: list[JamfRecord] = []
        self._is_over = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[JamfRecord]:
        """Raises: TransientError and PermanentError, as `JamfServer.get`; also when a page comes again and again."""
        number = self.place.page
        if self._is_over or number >= MOST_PAGES:
            raise StopIteration
        query = (*self._way.all_query, *page_query(number, PAGE)) if self._way.pages else ()
        reply = self._server.get(self._way.all, query, most=MOST_PAGE_READ if query else MOST_LIST_READ)
        entries = self._server.list_in(reply, self._way.list_key)
        read = [read_record(self._family, entry) for entry in entries]
        found = [record for record in read if record is not None]
        if found and found == self._before:
            raise TransientError(f"page {number} of {self._way.all} is the one before it once more")
        self._count_unread(entry for entry, record in zip(entries, read, strict=True) if record is None)
        self._before, self.place = found, Place(page=number + 1, seen=self.place.seen + len(entries))
        # A server may give smaller pages than it is asked for, and its total moves.
        total = self._server.document(reply).get("totalCount")
        is_last = self.place.seen >= total if isinstance(total, int) else len(entries) < PAGE
        self._is_over = not entries or is_last or not self._way.pages
        if not entries:
            raise StopIteration
        return found

    def _count_unread(self, entries: Iterable[JSON]) -> None:
        for entry in entries:
            if not self.unread:
                self.first_unread = _id_as_told(entry)
            self.unread += 1


def page_query(number: int, size: int) -> Query:
    return ("page", str(number)), ("page-size", str(size))


def _id_as_told(entry: JSON) -> str:
    """What an entry that nobody can read has in the place of an id, fit to be shown."""
    told = entry.get("id", entry.get("mobileDeviceId")) if isinstance(entry, dict) else entry
    return clipped(storable(str(told)), LONGEST_SHOWN)
