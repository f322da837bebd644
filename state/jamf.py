"""What Jamf Pro said, in a unit of work: told by its events, joined with what is stored.

Facts keep the vendor's names; what is searched by is repeated in columns (see state.jamf_columns).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from domain.clock import EARLIEST, rfc3339
from domain.facts import Stamp
from domain.jamf_device import JamfDevice
from domain.json_types import JSON
from domain.notification import serial_key
from state import jamf_columns, schema
from state.gathered import Gathered
from state.jamf_memberships import Memberships
from state.keys import jamf_device_id, jamf_id
from state.portions import portions
from state.upsert import insert_missing

_FAR = datetime(2500, 1, 1, tzinfo=UTC)


class Jamf:
    """Everything of Jamf Pro's that a batch tells about. ``sender`` is the server: ours of it, as it is configured.

    ``news`` are facts of the moment of ``stamp``; absent (None) ones say nothing. Every one may be told by any number
    of events in any order.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._servers = Gathered(connection, schema.jamf_servers, jamf_columns.of_server)
        self._nodes = Gathered(connection, schema.jamf_nodes, jamf_columns.of_node)
        self._devices = Gathered(connection, schema.jamf_devices, jamf_columns.of_device)
        self._groups = Gathered(connection, schema.jamf_groups, jamf_columns.of_group)
        self.memberships = Memberships(connection)
        self._policies = Gathered(connection, schema.jamf_policies, jamf_columns.of_policy)
        self._results = Gathered(connection, schema.jamf_policy_results, jamf_columns.of_policy_result)
        self._titles = Gathered(connection, schema.jamf_patch_titles, jamf_columns.of_patch_title)
        self._ade_devices = Gathered(connection, schema.jamf_ade_devices, jamf_columns.of_ade_device)
        self._operations: dict[str, dict[str, Any]] = {}

    def tell_server(self, sender: str, news: Mapping[str, JSON], stamp: Stamp) -> None:
        self._servers.tell(jamf_id(sender), {"sender": sender}, news, stamp)

    def tell_node(self, sender: str, host_address: str, news: Mapping[str, JSON], stamp: Stamp) -> None:
        identity = {"sender": sender, "host_address": host_address}
        self._nodes.tell(jamf_id(sender, host_address), identity, news, stamp)

    def tell_device(self, sender: str, family: str, device: JamfDevice, news: Mapping[str, JSON], stamp: Stamp) -> None:
        """News of a record, which the ids of ``device`` name; its own facts are told only where ``news`` has them.

        With a `last_seen_at` of None in ``news`` it was read of, not heard.
        """
        identifier = jamf_device_id(sender, family, device)
        ids = {
            "jssID": device.jamf_id,
            "serialNumber": device.serial_number,
            "udid": device.udid,
            "managementId": device.management_id,
        }
        told = {**news, **{name: value for name, value in ids.items() if value is not None}}
        identity = {"sender": sender, "family": family}
        seen = rfc3339(stamp.at)
        self._devices.tell(identifier, identity, {"last_seen_at": seen, **told}, stamp)
        # In the mirror the oldest is the newest, and stays.
        mirrored = replace(stamp, at=_FAR - (stamp.at - EARLIEST))
        self._devices.tell(identifier, identity, {"first_seen_at": seen}, mirrored)

    def tell_group(self, sender: str, kind: str, group_id: str, news: Mapping[str, JSON], stamp: Stamp) -> None:
        identity = {"sender": sender, "kind": kind, "group_id": group_id}
        self._groups.tell(jamf_id(sender, kind, group_id), identity, news, stamp)

    def tell_policy(self, sender: str, kind: str, policy_id: str, news: Mapping[str, JSON], stamp: Stamp) -> None:
        identity = {"sender": sender, "kind": kind, "policy_id": policy_id}
        self._policies.tell(jamf_id(sender, kind, policy_id), identity, news, stamp)

    def tell_policy_result(
        self, sender: str, policy: tuple[str, str], device: JamfDevice, news: Mapping[str, JSON], stamp: Stamp
    ) -> None:
        """How a policy, given by kind and number, ended on a computer."""
        kind, policy_id = policy
        device_id = jamf_device_id(sender, device.family, device)
        identity = {"sender": sender, "kind": kind, "policy_id": policy_id, "device_id": device_id}
        self._results.tell(jamf_id(*identity.values()), identity, news, stamp)

    def tell_patch_title(self, sender: str, title_id: str, news: Mapping[str, JSON], stamp: Stamp) -> None:
        identity = {"sender": sender, "title_id": title_id}
        self._titles.tell(jamf_id(sender, title_id), identity, news, stamp)

    def tell_ade_device(
        self, sender: str, instance_id: str | None, serial_number: str, news: Mapping[str, JSON], stamp: Stamp
    ) -> None:
        """A device that an Automated Device Enrollment instance (None: it was not said which) lists."""
        key = serial_key(serial_number)
        identity = {"sender": sender, "instance_id": instance_id, "serial_key": key}
        told = {**news, "serialNumber": serial_number}
        self._ade_devices.tell(jamf_id(sender, instance_id or "", key), identity, told, stamp)

    def add_api_operation(self, row: Mapping[str, Any]) -> None:
        """A call of the server's API; a row of `jamf_api_operations`, whose id is made from its event."""
        self._operations[row["id"]] = dict(row)

    def flush(self) -> None:
        """Write what was told, table by table in one order."""
        for told in (
            self._servers,
            self._nodes,
            self._devices,
            self._groups,
            self.memberships,
            self._policies,
            self._results,
            self._titles,
            self._ade_devices,
        ):
            told.flush()
        for portion in portions([row for _, row in sorted(self._operations.items())]):
            insert_missing(self._connection, schema.jamf_api_operations, list(portion))
        self._operations = {}
