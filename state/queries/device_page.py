"""What one page tells of a device beside its own row: the items of its lists, and what happened to it last."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Connection, Engine, Select, Table, func, select, union_all

from domain.json_types import JSONObject
from domain.notification import serial_key
from state.channels import channel_ids_of
from state.commands import OPEN
from state.queries.commands import FIELDS as COMMAND_FIELDS
from state.queries.events import FIELDS as EVENT_FIELDS
from state.queries.inventory import INVENTORY_LISTS
from state.queries.named_in_jamf import names_in_jamf
from state.queries.pages import ready
from state.queries.reading import reading
from state.schema import LISTS, assignments, commands, devices, events, installs

MOST_ITEMS = 1000
"""Of one list; a Mac has some hundred apps."""

LAST = 10
"""Events and commands."""

MOST_LICENCES = 100

_INNER = ("id", "device_id", "key", "listed")
_INSTALL_FIELDS = (
    "id", "adam_id", "state", "reason", "bundle_id", "tries", "command_id", "sent_at", "installed_at", "changed_at",
)  # fmt: skip
_ASSIGNMENT_FIELDS = ("u_id", "adam_id", "pricing_param", "state", "changed_at", "error_message")
_EVENT_FIELDS = tuple(name for name in EVENT_FIELDS if name != "seen")


def items_of(engine: Engine, device_id: str) -> Mapping[str, list[JSONObject]]:
    """The items of all lists that a device or a user on it answered, by the name of the list. Raises: DatabaseAway."""
    found: dict[str, list[JSONObject]] = {}
    with reading(engine) as connection:
        for name, table in LISTS.items():
            query = INVENTORY_LISTS[name].query().where(table.c.device_id == device_id)
            rows = connection.execute(query.order_by(table.c.id).limit(MOST_ITEMS)).mappings()
            items = [{key: value for key, value in ready(row).items() if key not in _INNER} for row in rows]
            found[name] = sorted(items, key=_name)
    return found


def doings_of(engine: Engine, device: JSONObject) -> Mapping[str, Any]:
    """Its newest events, commands (its users' too), installs and licences, newest first. Raises: DatabaseAway.

    And `enrolment_began_at`, when the enrolment began that it is in; None when nobody heard.
    ``device`` tells `id`, `udid` and `serial_number`, and its records in Jamf Pro as `jamf`.
    """
    # No row is anybody's with an empty id.
    device_id, key = device["id"] or "", serial_key(device["serial_number"] or "")
    with reading(engine) as connection:
        ordered = commands.c.device_id.in_([device_id, *channel_ids_of(connection, [device_id])])
        began = connection.scalar(select(devices.c.generation).where(devices.c.id == device_id))
        return {
            "enrolment_began_at": began,
            "installs": _newest(connection, installs, _INSTALL_FIELDS, installs.c.device_id == device_id),
            "assignments": _licences(connection, key) if key else [],
            "events": [ready(row) for row in connection.execute(_last_events(connection, device)).mappings()],
            "commands": _newest(connection, commands, COMMAND_FIELDS, ordered),
            "unfinished": _counted(connection, ordered & commands.c.state.in_(OPEN), commands.c.state),
        }


def _last_events(connection: Connection, device: JSONObject) -> "Select[Any]":
    """Those of its MDM server and those of Jamf Pro, each found by an index."""
    columns = events.c
    named = names_in_jamf(connection, device)
    conditions = [columns.device_id == (device["id"] or ""), *(columns.jamf_device_id == name for name in named)]
    last = (select(columns.id).where(one).order_by(columns.id.desc()).limit(LAST).subquery() for one in conditions)
    query = select(*(columns[name] for name in _EVENT_FIELDS)).where(
        columns.id.in_(union_all(*(select(each.c.id) for each in last)))
    )
    return query.order_by(columns.id.desc()).limit(LAST)


def _newest(connection: Connection, table: Table, names: tuple[str, ...], condition: Any) -> list[JSONObject]:
    most = MOST_LICENCES if table is installs else LAST
    query = select(*(table.c[name] for name in names)).where(condition).order_by(table.c.id.desc()).limit(most)
    return [ready(row) for row in connection.execute(query).mappings()]


def _licences(connection: Connection, serial_key: str) -> list[JSONObject]:
    table = assignments.c
    query = (
        select(*(table[name] for name in _ASSIGNMENT_FIELDS))
        .where(table.serial_key == serial_key)
        .order_by(table.adam_id, table.id)
        .limit(MOST_LICENCES)
    )
    return [ready(row) for row in connection.execute(query).mappings()]


def _counted(connection: Connection, condition: Any, column: "Column[Any]") -> JSONObject:
    query: Select[Any] = select(column, func.count(), func.min(commands.c.created_at).label("since"))
    rows = connection.execute(query.where(condition).group_by(column).order_by(column))
    return {state: ready({"count": count, "since": since}) for state, count, since in rows}


def _name(item: JSONObject) -> tuple[str, str]:
    """What people sort a list by."""
    names = ("name", "payload_display_name", "common_name", "identifier", "payload_identifier", "product_key")
    said = next((str(item[name]) for name in names if item.get(name)), "")
    return (said.casefold(), str(item.get("version") or ""))
