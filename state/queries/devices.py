"""Devices as people read them: lists by id, and one with its facts and the users on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, or_, select

from domain.facts import Facts
from domain.json_types import JSON, JSONObject
from domain.notification import serial_key
from state.channels import Channel, channels_of
from state.queries.inventory import history_of, inventory_of
from state.queries.pages import Filters, Page, Question, page, ready, text_value, true_or_false
from state.queries.reading import reading
from state.queries.same_device import same_device
from state.records import OURS
from state.schema import devices, user_channels

FILTERS: Filters = {
    "id": text_value,
    "udid": text_value,
    "enrollment_id": text_value,
    "serial_number": text_value,
    "sender": text_value,
    "enrolled": true_or_false,
}

FIELDS = (
    "id", "udid", "enrollment_id", "serial_number", "sender", "enrolled", "enrolment_at", "push_at", "first_seen_at",
    "last_seen_at", "idle_polls",
)  # fmt: skip
"""What is told of every device, in this order."""


def list_devices(engine: Engine, question: Question) -> Page:
    """Devices by id. Raises: BadQuery, DatabaseAway."""
    values = question.values(FILTERS)
    query = select(*(devices.c[name] for name in FIELDS)).where(
        *(devices.c[name] == value for name, value in values.items())
    )
    if question.after is not None:
        query = query.where(devices.c.id > question.after)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(devices.c.id).limit(question.limit + 1)).mappings()
        return page([ready(row) for row in rows], question)


def one_device(engine: Engine, identifier: str) -> JSONObject | None:
    """A device with what is known of it, of the users that spoke on it, and what Jamf Pro calls the same device."""
    wanted = text_value(identifier)
    with reading(engine) as connection:
        row = connection.execute(select(devices).where(devices.c.id == wanted)).mappings().first()
        users = select(user_channels).where(user_channels.c.device_id == wanted).order_by(user_channels.c.id)
        channels = connection.execute(users).mappings().all() if row is not None else []
        inventory = inventory_of(connection, wanted)
    if row is None:
        return None
    same = same_device(engine, mdm_row=row)
    return {
        **_shown(row, FIELDS),
        "jamf": same.jamf,
        "conflicts": same.conflicts,
        **inventory,
        "history": history_of(engine, [wanted, *(record["id"] for record in same.jamf)]),
        "user_channels": [_shown(channel, tuple(user_channels.c.keys())) for channel in channels],
    }


def device_ids(engine: Engine, name: str) -> list[str]:
    """Ids of the devices that people may mean: by id, UDID or serial number, last seen first."""
    wanted = text_value(name)
    columns = devices.c
    named = (columns.id == wanted) | (columns.udid == wanted) | (columns.serial_number == wanted)
    newest = columns.last_seen_at.desc()
    with reading(engine) as connection:
        return list(connection.scalars(select(columns.id).where(named).order_by(newest, columns.id).limit(5)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A device as a command is addressed to it; ``enrolled`` is None when no check-in was heard."""

    id: str
    sender: str | None
    enrolled: bool | None
    facts: Facts = field(repr=False)


NAMES = ("device_id", "udid", "serial_number")
"""What a device may be called by; a serial number in any case."""


def addressees(engine: Engine, name: str, *, by: Collection[str] = NAMES) -> list[Addressee]:
    """Devices that people may mean, last seen first; those that have left only where there are no others."""
    wanted, columns = text_value(name), devices.c
    # Most UDIDs are ids as well, and only those two have an index.
    indexed = {"device_id": columns.id == wanted, "serial_number": columns.serial_key == serial_key(wanted)}
    indexed["udid"] = (columns.id == wanted) & (columns.udid == wanted)
    query = select(*(columns[field] for field in Addressee.__slots__))
    order = (columns.last_seen_at.desc(), columns.id)
    with reading(engine) as connection:
        found = (
            connection.execute(query.where(or_(*(indexed[way] for way in by))).order_by(*order).limit(5))
            .mappings()
            .all()
        )
        if not found and "udid" in by:
            found = connection.execute(query.where(columns.udid == wanted).order_by(*order).limit(5)).mappings().all()
    meant = [Addressee(**row) for row in found]
    return [device for device in meant if device.enrolled is not False] or meant


def users_of(engine: Engine, device_id: str) -> list[Channel]:
    """The users of a device, those heard last first. Raises: DatabaseAway."""
    with reading(engine) as connection:
        return list(channels_of(connection, [device_id])[device_id])


def devices_with_user(engine: Engine, user: Channel, sender: str) -> list[str]:
    """Other devices of this sender that have the user too, as network accounts are on many; a few of them.

    Looks through all user channels: for what people order one by one. Raises: DatabaseAway.
    """
    channels = user_channels.c
    same = channels.id.endswith(f":{user.user_id}", autoescape=True) & (channels.device_id != user.device_id)
    query = (
        select(devices.c.id)
        .join(user_channels, channels.device_id == devices.c.id)
        .where(same, devices.c.sender == sender, devices.c.enrolled.is_not(False))
    )
    with reading(engine) as connection:
        return list(connection.scalars(query.order_by(devices.c.id).limit(5)))


def _shown(row: Mapping[Any, Any], names: tuple[str, ...]) -> JSONObject:
    """The named columns, and the facts last."""
    return ready({name: row[name] for name in names if name != "facts"}) | {"facts": _facts(row["facts"])}


def _facts(facts: Facts) -> JSON:
    """Under the vendor's names; those of our own making are shown as fields."""
    return {name: {"value": known[0], "at": known[1]} for name, known in sorted(facts.items()) if name not in OURS}
