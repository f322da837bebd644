"""One transaction over everything a batch of events touches: identities, devices, event rows and counts."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select, update

from state.assets import Assets
from state.assignments import Assignments, add_failures
from state.channels import channel_ids_of
from state.commands import Commands, void_commands
from state.engine import write_transaction
from state.inquiries import Inquiries
from state.installs import Enrolment, Installs, Licence, enrolments_of, licences_of
from state.inventory import Inventory
from state.jamf import Jamf
from state.locks import take_locks
from state.outbox import NewAction, add_actions
from state.records import Records
from state.schema import devices, event_bodies, event_counts, event_keys, events, user_channels
from state.unanswered import take_unanswered
from state.upsert import add_to, insert_new
from state.users import Users


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What the dedupe needs of a delivery: its keys (32 bytes each) and our id of it."""

    key: bytes
    also: bytes | None
    delivery_id: str
    received_at: datetime


class Claim(Enum):
    """The first delivery of its event; another one; or that first one itself, met again after a crash."""

    FIRST = "first"
    AGAIN = "again"
    SAME = "same"


class UnitOfWork:
    """Everything is read and locked at the beginning, changed in memory, and written by flush, in a fixed order."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now
        """When this transaction began, by our own clock."""
        self.event_id: str | None = None
        """Id of the event that is being decided on."""
        self.devices = Records(connection, devices)
        self.user_channels = Records(connection, user_channels)
        self.assignments = Assignments(connection)
        self.assets = Assets(connection)
        self.users = Users(connection)
        self.commands = Commands(connection)
        self.installs = Installs(connection)
        self.jamf = Jamf(connection)
        self.inventory = Inventory(connection)
        self.inquiries = Inquiries(connection)
        self.owed: list[NewAction] = []
        self._new_events: list[dict[str, Any]] = []
        self._new_bodies: list[dict[str, Any]] = []
        self._outcomes: list[dict[str, Any]] = []
        self._failures: list[dict[str, Any]] = []
        self._void: dict[str, str] = {}
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def claim(self, deliveries: Sequence[Delivery]) -> "list[Claim]":
        """Per delivery, whether it is the first of its event ever; repetitions are counted."""
        known = self._known({d.also for d in deliveries if d.also})
        claimants: dict[bytes, Delivery] = {}
        targets: list[bytes] = []
        for delivery in deliveries:
            also = delivery.also
            target = also if also and (also in known or also in claimants) else delivery.key
            if target == delivery.key:
                claimants.setdefault(target, delivery)
            targets.append(target)
        rows = [
            {"key": key, "first_seen_at": d.received_at, "seen": 1, "delivery_id": d.delivery_id}
            for key, d in sorted(claimants.items())
        ]
        new = insert_new(self._connection, event_keys, rows, event_keys.c.key) if rows else set()
        firsts = self._first_deliveries(set(targets) - new) | {key: claimants[key].delivery_id for key in new}
        claims = []
        again: set[tuple[bytes, str]] = set()
        for delivery, target in zip(deliveries, targets, strict=True):
            if target in new and claimants[target] is delivery:
                claims.append(Claim.FIRST)
            elif firsts.get(target) == delivery.delivery_id:
                claims.append(Claim.SAME)
            else:
                claims.append(Claim.AGAIN)
                again.add((target, delivery.delivery_id))
        self._count_again(again)
        return claims

    def _known(self, keys: set[bytes]) -> set[bytes]:
        return set(self._first_deliveries(keys))

    def _first_deliveries(self, keys: set[bytes]) -> dict[bytes, str]:
        """Key → our id of the delivery that was the first of its event, for those of the keys that are known."""
        if not keys:
            return {}
        query = select(event_keys.c.key, event_keys.c.delivery_id).where(event_keys.c.key.in_(keys))
        return {row.key: row.delivery_id for row in self._connection.execute(query)}

    def _count_again(self, again: set[tuple[bytes, str]]) -> None:
        if again:
            statement = (
                update(event_keys)
                .where(event_keys.c.key == bindparam("row_key"))
                .values(seen=event_keys.c.seen + bindparam("times"))
            )
            times = Counter(key for key, _ in again)
            rows = [{"row_key": key, "times": count} for key, count in sorted(times.items())]
            self._connection.execute(statement, rows)

    def same_event_id(self, kind: str, event_ids: set[str]) -> set[str]:
        """Those of the senders' own ids that another event of this kind has already."""
        if not event_ids:
            return set()
        query = select(events.c.event_id).where(events.c.event_id.in_(event_ids), events.c.kind == kind)
        return set(self._connection.scalars(query))

    def add_event(self, row: dict[str, Any], body: bytes | None) -> None:
        """A new event; ``body`` is None when it is not to be kept."""
        self._new_events.append(row)
        if body is not None:
            self._new_bodies.append({"id": row["id"], "body": body})

    def settle_event(self, identifier: str, outcome: Mapping[str, Any]) -> None:
        """Write the new outcome of an event that is stored: `processed_at status error flags details`."""
        self._outcomes.append({"row_id": identifier, **outcome})

    def count(self, kind: str, event_type: str, outcome: str) -> None:
        self._counts[(kind, event_type, outcome)] += 1

    def take_locks(self, names: Iterable[str]) -> None:
        """Hold the locks of these serial numbers and users (state.locks) until the end."""
        take_locks(self._connection, names)

    def channel_ids_of(self, device_ids: Iterable[str]) -> list[str]:
        """Ids of the users of these devices, as commands are addressed to them."""
        return channel_ids_of(self._connection, device_ids)

    def licences_of(self, serial_keys: Iterable[str], adam_ids: Collection[str] | None) -> list[Licence]:
        """What Apple said of these serial numbers (of these apps only, unless None), what was flushed included."""
        return licences_of(self._connection, serial_keys, adam_ids)

    def enrolments_of(self, serial_keys: Iterable[str]) -> Mapping[str, Sequence[Enrolment]]:
        """The device that has each of these serial numbers now, what was flushed included."""
        return enrolments_of(self._connection, serial_keys)

    def take_unanswered(self, device_ids: Collection[str], *, pauses: Sequence[timedelta]) -> list[tuple[str, str]]:
        """Those of these enrolments that are to be pushed now, each with a sender; see state.unanswered."""
        return take_unanswered(self._connection, device_ids, now=self.now, pauses=pauses)

    def add_failure(self, row: dict[str, Any]) -> None:
        """Something that one of Apple's events could not do; see the table `assignment_failures`."""
        self._failures.append(row)

    def void(self, command_id: str, reason: str) -> None:
        """Nobody needs this command any more."""
        self._void[command_id] = reason

    def owe(self, action: NewAction) -> None:
        """Something is owed to the world once this transaction is committed."""
        self.owed.append(action)

    def flush_facts(self) -> None:
        """Write what is known of devices, licences and users, to be read together with what others wrote."""
        self.devices.flush()
        self.user_channels.flush()
        self.assignments.flush()
        self.assets.flush()
        self.users.flush()
        add_failures(self._connection, self._failures)
        self._failures = []

    def flush(self) -> None:
        """Write everything, in one order for all drains. What is left in `owed` was not owed before."""
        self.flush_facts()
        self.jamf.flush()
        self.inventory.flush()
        self.commands.flush()
        void_commands(self._connection, self._void)
        self.installs.flush()
        self.owed = add_actions(self._connection, self.owed)
        self._store_events()

    def _store_events(self) -> None:
        if self._new_events:
            self._connection.execute(events.insert(), self._new_events)
        if self._new_bodies:
            self._connection.execute(event_bodies.insert(), self._new_bodies)
        if self._outcomes:
            names = [name for name in self._outcomes[0] if name != "row_id"]
            statement = (
                update(events).where(events.c.id == bindparam("row_id")).values({n: bindparam(n) for n in names})
            )
            self._connection.execute(statement, self._outcomes)
        rows = [
            {"kind": kind, "type": event_type, "outcome": outcome, "count": count}
            for (kind, event_type, outcome), count in sorted(self._counts.items())
        ]
        if rows:
            add_to(self._connection, event_counts, rows, "count")


@contextmanager
def unit_of_work(engine: Engine, now: datetime) -> Iterator[UnitOfWork]:
    """A transaction that is flushed and committed when the block ends well, and leaves nothing behind otherwise."""
    with write_transaction(engine) as connection:
        uow = UnitOfWork(connection, now)
        yield uow
        uow.flush()
