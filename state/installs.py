"""Installs in a unit of work, and both sides they come from: licences and enrolments of the same serial number."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, true

from state.changes import write_changes
from state.portions import portions
from state.schema import assignments, devices, installs

_MOST_VALUES = 1000

UNDECIDED = ("waiting", "command_sent", "acknowledged")
"""States that something is still expected to end."""


@dataclass(slots=True, kw_only=True)
class Install:
    """One app on one enrolment of one device; see the table."""

    id: str
    device_id: str
    serial_number: str
    adam_id: str
    generation: str
    state: str
    reason: str | None = None
    command_id: str | None = None
    tries: int = 0
    bundle_id: str | None = None
    licensed_by: str | None = None
    sent_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    installed_at: datetime | None = None
    installed_by: str | None = None
    installed_command_uuid: str | None = None
    next_check_at: datetime | None = None
    checks: int = 0
    created_at: datetime
    changed_at: datetime
    changes: dict[str, Any] = field(default_factory=dict)

    def change(self, now: datetime, **values: Any) -> None:
        """Set columns; written by flush, and only those."""
        for name, value in {**values, "changed_at": now}.items():
            setattr(self, name, value)
            self.changes[name] = value


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """An app that a location has assigned to a serial number, or takes or took away."""

    serial_key: str
    adam_id: str
    u_id: str
    state: str
    event_id: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A device with a serial number. ``enrolled`` is None when no check-in was heard, and still it speaks."""

    device_id: str
    serial_key: str
    serial_number: str
    sender: str | None
    enrolled: bool | None
    enrolment_at: datetime | None
    generation: str | None


class Installs:
    """The installs that a batch touches. Hold the locks of their serial numbers first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[str, Install] = {}
        self._new: dict[str, Install] = {}
        self._by_device: dict[str, dict[str, Install]] = defaultdict(dict)
        self._bundle_ids: dict[str, str | None] = {}

    def load_of_commands(self, command_ids: Iterable[str]) -> None:
        self._load(installs.c.command_id, command_ids)

    def load_of_devices(self, device_ids: Iterable[str]) -> None:
        self._load(installs.c.device_id, device_ids)

    def load_apps(self, device_ids: Iterable[str], adam_ids: "Collection[str] | None") -> None:
        """Those of these devices; with ``adam_ids`` only of these apps."""
        self._load(installs.c.device_id, device_ids, _among(installs.c.adam_id, adam_ids))

    def _load(self, column: Any, values: Iterable[str], also: Any = None) -> None:
        columns = [installs.c[name] for name in Install.__slots__ if name != "changes"]
        for portion in portions(sorted(set(values))):
            query = select(*columns).where(column.in_(portion)).order_by(installs.c.id)
            for row in self._connection.execute(query if also is None else query.where(also)).mappings():
                if row["id"] not in self._found:
                    self._keep(Install(**row))

    def add(self, install: Install) -> None:
        self._new[install.id] = install
        self._keep(install)

    def _keep(self, install: Install) -> None:
        self._found[install.id] = self._by_device[install.device_id][install.id] = install

    def of_command(self, command_id: str, device_id: str) -> Install | None:
        """The install of a device that a command is for, while no later one took its place."""
        return next((i for i in self._by_device[device_id].values() if i.command_id == command_id), None)

    def of_device(self, device_id: str) -> list[Install]:
        """Oldest first."""
        return sorted(self._by_device[device_id].values(), key=lambda install: (install.generation, install.id))

    def bundle_id_of(self, adam_id: str) -> str | None:
        """What any device called this app, in what is stored; None when none did."""
        if adam_id not in self._bundle_ids:
            named = (installs.c.adam_id == adam_id) & installs.c.bundle_id.is_not(None)
            query = select(installs.c.bundle_id).where(named).limit(1)
            self._bundle_ids[adam_id] = self._connection.scalar(query)
        return self._bundle_ids[adam_id]

    def flush(self) -> None:
        changed = {i.id: i.changes for i in self._found.values() if i.changes and i.id not in self._new}
        write_changes(self._connection, installs, changed)
        rows = [_row(self._new[identifier]) for identifier in sorted(self._new)]
        if rows:
            self._connection.execute(installs.insert(), rows)
        self._new = {}
        for install in self._found.values():
            install.changes = {}


def _row(install: Install) -> dict[str, Any]:
    return {name: getattr(install, name) for name in Install.__slots__ if name != "changes"}


def _among(column: Any, values: "Collection[str] | None") -> Any:
    """A condition that spares reading; for very many values it would cost more, and is left out."""
    return true() if values is None or len(values) > _MOST_VALUES else column.in_(values)


def licences_of(
    connection: Connection, serial_keys: Iterable[str], adam_ids: "Collection[str] | None"
) -> list[Licence]:
    """All that Apple said of these serial numbers; with ``adam_ids`` only of these apps."""
    found = []
    columns = [assignments.c[name] for name in Licence.__slots__]
    for portion in portions(sorted(set(serial_keys))):
        query = select(*columns).where(assignments.c.serial_key.in_(portion))
        query = query.where(_among(assignments.c.adam_id, adam_ids))
        found += [Licence(**row) for row in connection.execute(query.order_by(assignments.c.id)).mappings()]
    return found


def enrolments_of(connection: Connection, serial_keys: Iterable[str]) -> Mapping[str, Sequence[Enrolment]]:
    """Serial key → the device that has it; of several the one that enrolled last is the first."""
    found: dict[str, list[Enrolment]] = defaultdict(list)
    columns = [
        devices.c.id.label("device_id"),
        *(devices.c[name] for name in Enrolment.__slots__ if name != "device_id"),
    ]
    for portion in portions(sorted(set(serial_keys))):
        query = select(*columns).where(devices.c.serial_key.in_(portion))
        for row in connection.execute(query.order_by(devices.c.id)).mappings():
            found[row["serial_key"]].append(Enrolment(**row))
    return {key: sorted(enrolments, key=_rank, reverse=True) for key, enrolments in found.items()}


def _rank(enrolment: Enrolment) -> tuple[bool, float]:
    at = enrolment.enrolment_at
    return enrolment.enrolled is not False, at.timestamp() if at else 0.0
