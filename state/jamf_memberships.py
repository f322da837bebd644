"""Who is in which group of Jamf Pro. Of all entries and exits the last ones count, so the database keeps the later.

An event may name ten thousands: each is one row of one statement, and no map of facts.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from state.keys import jamf_id
from state.portions import portions
from state.schema import jamf_memberships
from state.upsert import raise_to

_TIMES = ("entered_at", "left_at")


class Memberships:
    """What a batch says of groups and their members."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told: dict[str, dict[str, Any]] = {}

    def entered(self, group: tuple[str, str, str], members: Iterable[str], at: datetime) -> None:
        """These numbers are in a group (sender, kind, number) from then on."""
        self._tell(group, members, "entered_at", at)

    def left(self, group: tuple[str, str, str], members: Iterable[str], at: datetime) -> None:
        """These are not; who entered and left at the same time is in."""
        self._tell(group, members, "left_at", at)

    def _tell(self, group: tuple[str, str, str], members: Iterable[str], name: str, at: datetime) -> None:
        sender, kind, group_id = group
        for member_id in members:
            identifier = jamf_id(sender, kind, group_id, member_id)
            row = self._told.get(identifier)
            if row is None:
                row = {"id": identifier, "sender": sender, "kind": kind, "group_id": group_id, "member_id": member_id}
                self._told[identifier] = row | dict.fromkeys(_TIMES)
                row = self._told[identifier]
            if row[name] is None or row[name] < at:
                row[name] = at

    def flush(self) -> None:
        for portion in portions(sorted(self._told)):
            raise_to(self._connection, jamf_memberships, [self._told[identifier] for identifier in portion], _TIMES)
        self._told = {}
