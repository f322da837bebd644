"""One thing, several records: what MDM servers and Jamf Pro call the same device, and where they contradict each other.

Records with one serial number are of one thing; one that tells no serial number belongs to those with its UDID or
management id. Nothing is merged: records stand beside each other, and what cannot both be true is a conflict.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, or_, select

from domain.json_types import JSONObject
from domain.notification import serial_key
from state.queries.pages import ready, text_value
from state.queries.reading import reading
from state.schema import devices, jamf_devices

MDM_FIELDS = ("id", "sender", "udid", "serial_number", "enrolled", "last_seen_at")
JAMF_FIELDS = (
    "id", "sender", "family", "jamf_id", "serial_number", "udid", "management_id", "name", "model", "os_version",
    "enrolled", "checked_in_at", "inventory_at", "push_capability_changed_at", "first_seen_at", "last_seen_at",
)  # fmt: skip

MOST = 50
"""Records of one side that are looked at: a thing has a few, junk that is sent as a serial number may have more."""

_HOPS = 2
"""How far it is from a record by its UDID to another one, and on by that one's serial number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """The records of one thing, those heard last first, and what is wrong with them.

    A conflict is `{"field", "value", "other", "records"}`: records that share ``value`` of ``field`` (`serial_number`
    or `udid`) and differ in ``other``, each as `{"source", "id", "serial_number", "udid"}`. Values that merely differ,
    a name or a version, are none.
    """

    mdm: Sequence[JSONObject] = ()
    jamf: Sequence[JSONObject] = ()
    conflicts: Sequence[JSONObject] = ()


@dataclass(slots=True)
class _Found:
    mdm: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    jamf: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def all(self) -> list[tuple[str, Mapping[str, Any]]]:
        sides = (("mdm", self.mdm), ("jamf", self.jamf))
        return [(source, rows[identifier]) for source, rows in sides for identifier in sorted(rows)]

    def values(self, name: str) -> set[str]:
        return {row[name] for _, row in self.all() if row.get(name)}

    def take_out(self, apart: "_Found") -> None:
        self.mdm = {identifier: row for identifier, row in self.mdm.items() if identifier not in apart.mdm}
        self.jamf = {identifier: row for identifier, row in self.jamf.items() if identifier not in apart.jamf}


def same_device(
    engine: Engine, *, name: str | None = None, mdm_row: Any = None, jamf_row: Mapping[str, Any] | None = None
) -> Same:
    """All records of what is called ``name`` (a serial number, UDID or id), or of a record at hand, which is left out.

    Who names a UDID or id means no record with another UDID, be its serial number the same: that may be junk, which
    many devices have. Raises: DatabaseAway.
    """
    start = _Found(
        mdm={mdm_row["id"]: mdm_row} if mdm_row is not None else {},
        jamf={jamf_row["id"]: jamf_row} if jamf_row is not None else {},
    )
    with reading(engine) as connection:
        if name is not None:
            start = _named(connection, text_value(name))
        found = _Found(mdm=dict(start.mdm), jamf=dict(start.jamf))
        for _ in range(_HOPS):
            _widen(connection, found)
    strangers = _strangers(start, found) if name is not None and not _is_serial_number(name, start) else _Found()
    found.take_out(strangers)
    ours, others = _apart(start, found)
    at_hand = (("mdm", set(start.mdm)), ("jamf", set(start.jamf))) if name is None else ()
    left_out = {(source, identifier) for source, ids in at_hand for identifier in ids}
    shown = [(source, row) for source, row in ours if (source, row["id"]) not in left_out]
    return Same(
        mdm=_last_seen_first(ready({name: row[name] for name in MDM_FIELDS}) for of, row in shown if of == "mdm"),
        jamf=_last_seen_first(ready({name: row[name] for name in JAMF_FIELDS}) for of, row in shown if of == "jamf"),
        conflicts=_conflicts(ours, [*others, *strangers.all()]),
    )


def _is_serial_number(name: str, named: _Found) -> bool:
    return serial_key(text_value(name)) in named.values("serial_key")


def _strangers(start: _Found, found: _Found) -> _Found:
    """Those found with another UDID than the ones at hand; none where these tell no UDID."""
    known = {udid.upper() for udid in start.values("udid")}

    def others(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        return {key: row for key, row in rows.items() if known and row["udid"] and row["udid"].upper() not in known}

    return _Found(mdm=others(found.mdm), jamf=others(found.jamf))


def _last_seen_first(records: Iterable[JSONObject]) -> list[JSONObject]:
    """Those that nobody has heard last; of the same moment by id."""
    by_id = sorted(records, key=lambda record: record["id"])
    return sorted(by_id, key=lambda record: record["last_seen_at"] or "", reverse=True)


def _named(connection: Connection, name: str) -> _Found:
    found, key = _Found(), serial_key(name)
    mdm, jamf = devices.c, jamf_devices.c
    _read(connection, found.mdm, devices, or_(mdm.serial_key == key, mdm.id.in_(spellings([name]))))
    of_jamf = or_(jamf.serial_key == key, jamf.udid.in_(spellings([name])), jamf.management_id == name, jamf.id == name)
    _read(connection, found.jamf, jamf_devices, of_jamf)
    return found


def _widen(connection: Connection, found: _Found) -> None:
    """Take in what shares a serial number, UDID or management id with what was found."""
    serials, udids = found.values("serial_key"), spellings(found.values("udid"))
    mdm, jamf = devices.c, jamf_devices.c
    _read(connection, found.mdm, devices, or_(mdm.serial_key.in_(serials), mdm.id.in_(udids)))
    ids = found.values("management_id")
    shared = or_(jamf.serial_key.in_(serials), jamf.udid.in_(udids), jamf.management_id.in_(ids))
    _read(connection, found.jamf, jamf_devices, shared)


def _read(connection: Connection, rows: dict[str, Mapping[str, Any]], table: Any, condition: Any) -> None:
    for row in connection.execute(select(table).where(condition).order_by(table.c.id).limit(MOST)).mappings():
        rows.setdefault(row["id"], dict(row))


def spellings(udids: Iterable[str]) -> list[str]:
    """Servers write a UDID in either case; to look for all of them keeps the index of use."""
    return sorted({spelling for udid in udids for spelling in (udid, udid.upper(), udid.lower())})


Records = list[tuple[str, Mapping[str, Any]]]


def _apart(start: _Found, found: _Found) -> tuple[Records, Records]:
    """The records of the thing itself, and those that only share its UDID: another serial number is another thing."""
    serials = start.values("serial_key") or found.values("serial_key")
    at_hand = start.all()
    if not start.values("serial_key") and len(serials) > 1:
        serials = set()
    ours = [(source, row) for source, row in found.all() if row["serial_key"] in serials]
    known = {name: _upper([*ours, *at_hand], name) for name in ("udid", "management_id")}
    chosen = {(source, row["id"]) for source, row in [*ours, *at_hand]}
    for source, row in found.all():
        if not row["serial_key"] and any(_upper([(source, row)], name) & values for name, values in known.items()):
            chosen.add((source, row["id"]))
    everything = found.all()
    return (
        [one for one in everything if (one[0], one[1]["id"]) in chosen],
        [one for one in everything if (one[0], one[1]["id"]) not in chosen],
    )


def _upper(records: Records, name: str) -> set[str]:
    return {str(row[name]).upper() for _, row in records if row.get(name)}


def _conflicts(ours: Records, others: Records) -> list[JSONObject]:
    """Those in which a record of the thing itself takes part."""
    ids = {row["id"] for _, row in ours}
    records = sorted([*ours, *others], key=lambda one: (one[0] != "mdm", one[1]["id"]))
    found = [
        *_contradictions(records, "serial_number", "udid"),
        *_contradictions(records, "udid", "serial_number"),
    ]
    return [conflict for conflict in found if any(record["id"] in ids for record in conflict["records"])]


def _contradictions(records: Records, shared: str, other: str) -> Iterable[JSONObject]:
    groups: dict[str, Records] = defaultdict(list)
    for source, row in records:
        if _key(row, shared) and _key(row, other):
            groups[_key(row, shared)].append((source, row))
    for value, group in sorted(groups.items()):
        if len({_key(row, other) for _, row in group}) > 1:
            shown = [
                {"source": source, **{name: row[name] for name in ("id", "serial_number", "udid")}}
                for source, row in group
            ]
            yield {"field": shared, "value": value, "other": other, "records": shown}


def _key(row: Mapping[str, Any], name: str) -> str:
    return str(row["serial_key"] or "") if name == "serial_number" else str(row["udid"] or "").upper()
