"""What devices answered about themselves, in a unit of work: lists that replace each other, facts that are joined."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from domain.clock import parse_time
from domain.facts import Facts, Stamp, fact
from domain.inventory.answers import ListAnswer
from domain.inventory.columns import LONGEST_STR
from domain.inventory.location import LOCATION
from domain.inventory.security import security_columns
from domain.json_types import JSON, JSONObject
from domain.text import clipped, storable
from state.device_history import DeviceHistory
from state.gathered import Gathered
from state.inventory_lists import InventoryLists
from state.keys import inventory_id
from state.schema import device_locations, device_security

PLACE = "Place"
"""The one fact of a location: its parts belong together."""

LONGEST_NAME = 40


class Inventory:
    """The answers of a batch. Only told about: nothing is read before the end."""

    def __init__(self, connection: Connection) -> None:
        self._lists = InventoryLists(connection)
        self._security = Gathered(connection, device_security, security_columns)
        self._locations = Gathered(connection, device_locations, _place)
        self._history = DeviceHistory(connection)

    def tell_list(self, device_id: str, channel_id: str | None, answer: ListAnswer, stamp: Stamp) -> None:
        """A list, or some of it, as a device or a user channel answered it."""
        self._lists.tell(device_id, channel_id or "", answer, stamp)

    def tell_security(self, device_id: str, channel_id: str | None, news: Mapping[str, JSON], stamp: Stamp) -> None:
        """Facts of SecurityInfo, as domain.inventory.security reads them."""
        identity = {"device_id": device_id, "channel_id": channel_id or ""}
        self._security.tell(inventory_id(device_id, channel_id or ""), identity, news, stamp)

    def tell_location(self, device_id: str, place: JSONObject, stamp: Stamp) -> None:
        """Where a device was, as domain.inventory.location reads it."""
        self._locations.tell(inventory_id(device_id), {"device_id": device_id}, {PLACE: place}, stamp)

    def saw(self, device_id: str, name: str, value: str, at: datetime) -> None:
        """A fact had this value then; for facts whose history is worth keeping. An empty value says nothing."""
        if value and len(name) <= LONGEST_NAME:
            self._history.saw(device_id, name, clipped(storable(value), LONGEST_STR), at)

    def flush(self) -> None:
        """Write what was answered, table by table in one order."""
        self._lists.flush()
        self._security.flush()
        self._locations.flush()
        self._history.flush()


def _place(facts: Facts) -> Mapping[str, Any]:
    place = fact(facts, PLACE) or {}
    columns = {field.column: place.get(field.column) for field in LOCATION.values()}
    return {**columns, "timestamp": parse_time(columns["timestamp"])}
