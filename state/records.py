"""Devices and user channels in a unit of work: locked once, changed in memory, written back together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select, update

from domain.clock import parse_time
from domain.facts import Facts, Stamp, fact, fact_at, learn
from domain.json_types import JSON
from domain.notification import serial_key
from state.schema import LONGEST_ID
from state.upsert import insert_missing

ENROLMENT = "enrolment"
PUSH = "push"
AUTHENTICATED = "authenticated"
LEFT = "left"
LISTED = "listed"
OWN_QUEUE = "own_queue"
"""Facts of our own making: `{enrolled, sender}` of the last check-in that changed it, the push credentials, that an
enrolment began, and that one ended; the times of the last two tell enrolments apart. That a list told of a new
enrolment. Of a user: whether its server keeps commands for it alone."""

OURS = frozenset(
    {ENROLMENT, PUSH, AUTHENTICATED, LEFT, LISTED, OWN_QUEUE, "sender", "udid", "enrollment_id", "token_update_tally"}
)
"""All facts of our own making, which no answer may set and nobody is shown as the device's words. Apple's names tell
nothing by their letters: some begin in lower case."""


@dataclass(slots=True, kw_only=True)
class Record:
    """One device or user channel: facts with their times, and how often and when it was heard."""

    id: str
    facts: Facts = field(default_factory=dict)
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    idle_polls: int = 0
    owner: str | None = None
    changed: bool = False
    learned: bool = False

    def see(self, at: datetime) -> None:
        """Widen the span in which it was heard."""
        if self.first_seen_at is None or at < self.first_seen_at:
            self.first_seen_at, self.changed = at, True
        if self.last_seen_at is None or at > self.last_seen_at:
            self.last_seen_at, self.changed = at, True

    def polled(self) -> None:
        self.idle_polls += 1
        self.changed = True

    def learn(self, news: Mapping[str, JSON], stamp: Stamp) -> bool:
        """Apply facts, each when newer; True when one was. Absent (None) ones never overwrite."""
        news_found = learn(self.facts, news, stamp)
        self.learned |= news_found
        return news_found


class Records:
    """The records of one table that a batch touches."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._connection = connection
        self._table = table
        self._records: dict[str, Record] = {}

    def lock(self, owners: Mapping[str, str | None]) -> None:
        """Read the records of these ids (id → owning device, None for devices), new ones made, all locked until commit.

        In sorted order, missing rows first: two drains that meet wait for each other and never in a circle.
        """
        wanted = sorted(owners)
        table = self._table
        known = set(self._connection.scalars(select(table.c.id).where(table.c.id.in_(wanted)))) if wanted else set()
        missing = [self._blank(identifier, owners[identifier]) for identifier in wanted if identifier not in known]
        if missing:
            insert_missing(self._connection, table, missing)
        if wanted:
            query = select(table).where(table.c.id.in_(wanted)).order_by(table.c.id).with_for_update()
            for row in self._connection.execute(query).mappings():
                self._records[row["id"]] = self._read(row)

    def __getitem__(self, identifier: str) -> Record:
        return self._records[identifier]

    def flush(self) -> None:
        """Write back what changed: whole rows where a fact did, the small columns where only a poll was counted."""
        columns = self._table.c
        learned = [self._row(record) for record in self._sorted() if record.learned]
        heard = [_heard(record) for record in self._sorted() if record.changed and not record.learned]
        for rows in (learned, heard):
            if rows:
                names = [name for name in rows[0] if name != "row_id"]
                statement = (
                    update(self._table)
                    .where(columns.id == bindparam("row_id"))
                    .values({n: bindparam(n) for n in names})
                )
                self._connection.execute(statement, rows)
        for record in self._records.values():
            record.changed = record.learned = False

    def _sorted(self) -> Iterable[Record]:
        return (self._records[identifier] for identifier in sorted(self._records))

    def _blank(self, identifier: str, owner: str | None) -> dict[str, Any]:
        blank = {"id": identifier, "idle_polls": 0, "facts": {}}
        return {**blank, "device_id": owner} if "device_id" in self._table.c else blank

    def _read(self, row: Mapping[Any, Any]) -> Record:
        return Record(
            id=row["id"],
            facts=row["facts"],
            first_seen_at=row["first_seen_at"],
            last_seen_at=row["last_seen_at"],
            idle_polls=row["idle_polls"],
            owner=row.get("device_id"),
        )

    def _row(self, record: Record) -> dict[str, Any]:
        enrolment = fact(record.facts, ENROLMENT) or {}
        serial_number = _searchable(fact(record.facts, "SerialNumber"))
        projected = {
            "sender": enrolment.get("sender") or fact(record.facts, "sender"),
            "udid": fact(record.facts, "udid"),
            "enrollment_id": fact(record.facts, "enrollment_id"),
            "serial_number": serial_number,
            "serial_key": serial_key(serial_number or "") or None,
            "enrolled": enrolment.get("enrolled"),
            "enrolment_at": parse_time(fact_at(record.facts, ENROLMENT)),
            "generation": _generation(record.facts, is_back=enrolment.get("enrolled") is True),
            "push_at": parse_time(fact_at(record.facts, PUSH)) if fact(record.facts, PUSH) else None,
        }
        row = {name: value for name, value in projected.items() if name in self._table.c}
        return {**row, **_heard(record), "facts": record.facts}


def _generation(facts: Facts, *, is_back: bool) -> str | None:
    """When the enrolment began that a device is in, as far as it was heard.

    Who left and is back has enrolled anew: its Authenticate was lost, or comes later, and no server repeats it.
    """
    known = [fact_at(facts, AUTHENTICATED), fact_at(facts, LEFT) if is_back else None]
    return max((at for at in known if at is not None), default=None)


def _searchable(value: JSON) -> str | None:
    """A fact as a column; a device may say anything, and what does not fit is a fact all the same."""
    return value if isinstance(value, str) and len(value) <= LONGEST_ID else None


def _heard(record: Record) -> dict[str, Any]:
    return {
        "row_id": record.id,
        "first_seen_at": record.first_seen_at,
        "last_seen_at": record.last_seen_at,
        "idle_polls": record.idle_polls,
    }
