"""Who is in which group of Jamf Pro. Of all entries and exits the last ones count, so the database keeps the later.

An event may name hundreds of thousands, all with the same times: their numbers go to the database as one value, which
writes only the rows that become later.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, case, literal, or_, select

from state.keys import jamf_ids
from state.portions import portions
from state.schema import jamf_memberships
from state.upsert import entries, insert

Group: TypeAlias = tuple[str, str, str]
"""Sender, kind and number."""

_TIMES = ("entered_at", "left_at")
_Times: TypeAlias = tuple[datetime | None, datetime | None]


class Memberships:
    """What a batch says of groups and their members. Who writes it holds the groups' own rows (see state.jamf)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._entered: dict[Group, dict[str, datetime]] = defaultdict(dict)
        self._left: dict[Group, dict[str, datetime]] = defaultdict(dict)

    def entered(self, group: Group, members: Iterable[str], at: datetime) -> None:
        """These numbers are in a group from then on."""
        _raise(self._entered[group], members, at)

    def left(self, group: Group, members: Iterable[str], at: datetime) -> None:
        """These are not; who entered and left at the same time is in."""
        _raise(self._left[group], members, at)

    def flush(self) -> None:
        for group in sorted(self._entered.keys() | self._left.keys()):
            for times, members in _by_times(self._entered[group], self._left[group]).items():
                told = sorted(zip(jamf_ids(*group, lasts=members), members, strict=True))
                for portion in portions(told):
                    self._write(group, dict(portion), times)
        self._entered.clear()
        self._left.clear()

    def _write(self, group: Group, members: Mapping[str, str], times: _Times) -> None:
        """Insert these rows, id → number, or make their times later."""
        named = dict(zip(("sender", "kind", "group_id"), group, strict=True))
        told = {name: at for name, at in zip(_TIMES, times, strict=True) if at is not None}
        statement = insert(self._connection, jamf_memberships).from_select(
            ["id", "member_id", *named, *told], self._later(members, {**named, **told}, told)
        )
        new, known = statement.excluded, jamf_memberships.c
        values = {name: case((_is_later(name, new[name]), new[name]), else_=known[name]) for name in told}
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id"], set_=values, where=or_(*(_is_later(name, new[name]) for name in told))
            )
        )

    def _later(
        self, members: Mapping[str, str], columns: Mapping[str, Any], told: Mapping[str, datetime]
    ) -> Select[Any]:
        """The rows that are not there yet, or that one of these times is news for."""
        each = entries(self._connection, members)
        known = jamf_memberships.c
        same = (literal(value, known[name].type) for name, value in columns.items())
        return (
            select(each.c.key, each.c.value, *same)
            .select_from(each.outerjoin(jamf_memberships, known.id == each.c.key))
            .where(
                known.id.is_(None) | or_(*(_is_later(name, literal(at, known[name].type)) for name, at in told.items()))
            )
            .order_by(each.c.key)
        )


def _raise(known: dict[str, datetime], members: Iterable[str], at: datetime) -> None:
    if not known:
        known.update(dict.fromkeys(members, at))
        return
    for member in members:
        if member not in known or known[member] < at:
            known[member] = at


def _by_times(entered: Mapping[str, datetime], left: Mapping[str, datetime]) -> Mapping[_Times, Sequence[str]]:
    """The members that have the same times: of one event there are two or three kinds."""
    found: dict[_Times, list[str]] = defaultdict(list)
    for member, at in entered.items():
        found[at, left.get(member)].append(member)
    for member, at in left.items():
        if member not in entered:
            found[None, at].append(member)
    return found


def _is_later(name: str, at: ColumnElement[Any]) -> ColumnElement[bool]:
    column = jamf_memberships.c[name]
    return column.is_(None) | (column < at)
