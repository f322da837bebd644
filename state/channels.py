"""User channels of devices: who there is, and whom a command reaches."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from domain.clock import parse_time
from domain.facts import fact
from state.portions import portions
from state.records import ENROLMENT, OWN_QUEUE
from state.schema import devices, user_channels

RECENT = timedelta(days=7)
"""A user who was heard so long before the device was heard last is not asked by itself: who is logged out is silent."""

MOST_READ = 10_000
"""Channels that are read at once, those heard last; a Shared iPad has some 30."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A user of a device. Commands are addressed to ``id``, in which ``user_id`` follows the device's.

    ``is_enrolled``: it has told a push token since the device enrolled last, and not left. ``has_own_queue``: its
    server keeps commands for it alone; None: it has not said yet who it is. ``is_recent``: see `RECENT`.
    """

    id: str
    device_id: str
    user_id: str
    short_name: str | None
    long_name: str | None
    is_enrolled: bool
    has_own_queue: bool | None
    is_recent: bool

    @property
    def name(self) -> str:
        """What people call this user."""
        return self.short_name or self.user_id

    @property
    def obstacle(self) -> str | None:
        """Why no command can be addressed to this user alone; None: it can."""
        if self.has_own_queue is not False:
            return None
        return "MicroMDM keeps one queue for all users of all Shared iPads, and none for the user of a user enrolment"


def channels_of(connection: Connection, device_ids: Iterable[str]) -> Mapping[str, list[Channel]]:
    """The user channels of these devices, by device, those heard last first; none: an empty list."""
    found: dict[str, list[Channel]] = defaultdict(list)
    theirs = (devices.c[name].label(f"device_{name}") for name in ("sender", "generation", "last_seen_at"))
    query = select(user_channels, *theirs).join(devices, devices.c.id == user_channels.c.device_id)
    for portion in portions(sorted(set(device_ids))):
        ordered = query.where(user_channels.c.device_id.in_(portion)).order_by(*_newest_first()).limit(MOST_READ)
        for row in connection.execute(ordered).mappings():
            found[row["device_id"]].append(_channel(row))
    return found


def channel_ids_of(connection: Connection, device_ids: Iterable[str]) -> list[str]:
    """The ids alone."""
    found: list[str] = []
    for portion in portions(sorted(set(device_ids))):
        query = select(user_channels.c.id).where(user_channels.c.device_id.in_(portion))
        found += connection.scalars(query.order_by(*_newest_first()).limit(MOST_READ))
    return found


def _newest_first() -> tuple[Any, ...]:
    return (user_channels.c.last_seen_at.desc(), user_channels.c.id)


def _channel(row: Mapping[Any, Any]) -> Channel:
    facts = row["facts"]
    return Channel(
        id=row["id"],
        device_id=row["device_id"],
        user_id=row["id"].removeprefix(f"{row['device_id']}:"),
        short_name=_text(fact(facts, "UserShortName")),
        long_name=_text(fact(facts, "UserLongName")),
        is_enrolled=_is_enrolled(row),
        has_own_queue=fact(facts, OWN_QUEUE),
        is_recent=_is_recent(row["last_seen_at"], row["device_last_seen_at"]),
    )


def _is_enrolled(row: Mapping[Any, Any]) -> bool:
    """A device that enrols anew takes its users' enrolments with it, without a word of theirs."""
    begun, push_at = parse_time(row["device_generation"]), row["push_at"]
    is_there = row["enrolled"] is True and push_at is not None and (begun is None or push_at >= begun)
    return is_there and (fact(row["facts"], ENROLMENT) or {}).get("sender") == row["device_sender"]


def _is_recent(heard: datetime | None, device_heard: datetime | None) -> bool:
    return heard is not None and (device_heard is None or heard >= device_heard - RECENT)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
