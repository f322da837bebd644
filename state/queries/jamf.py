"""What Jamf Pro told, as people read it, list by list."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Engine, Table, and_, case

from domain.json_types import JSONObject
from state.queries.inventory import history_of
from state.queries.jamf_list import JamfList, serial_value, texts
from state.queries.pages import one_of, true_or_false
from state.queries.same_device import same_device
from state.schema import (
    jamf_ade_devices,
    jamf_api_operations,
    jamf_devices,
    jamf_groups,
    jamf_memberships,
    jamf_nodes,
    jamf_patch_titles,
    jamf_policies,
    jamf_policy_results,
    jamf_servers,
)

GROUP_KIND = one_of("computers", "mobile_devices", "users")
POLICY_KIND = one_of("policy", "patch_policy")
_MEMBERS_OF = {"computer": "computers", "mobile_device": "mobile_devices"}

_FAMILY = case({kind: family for family, kind in _MEMBERS_OF.items()}, value=jamf_memberships.c.kind)
"""Of the record that a membership is about; none for a user, whom no event describes."""


def _same(one: Table, other: Table, *names: str) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in names))


NODES = JamfList(table=jamf_nodes, filters=texts("sender", "host_address"))

SERVERS = JamfList(
    table=jamf_servers,
    filters=texts("sender", "version"),
    more=lambda engine, row: NODES.some(engine, "nodes", sender=row["sender"]),
)

MEMBERSHIPS = JamfList(
    table=jamf_memberships,
    filters={**texts("sender", "group_id", "member_id"), "kind": GROUP_KIND, "is_member": true_or_false},
    source=jamf_memberships.outerjoin(
        jamf_groups, _same(jamf_groups, jamf_memberships, "sender", "kind", "group_id")
    ).outerjoin(
        jamf_devices,
        (jamf_devices.c.sender == jamf_memberships.c.sender)
        & (jamf_devices.c.jamf_id == jamf_memberships.c.member_id)
        & (jamf_devices.c.family == _FAMILY),
    ),
    named={
        "group_name": jamf_groups.c.name,
        "serial_number": jamf_devices.c.serial_number,
        "device_name": jamf_devices.c.name,
    },
)

RESULTS = JamfList(
    table=jamf_policy_results,
    filters={**texts("sender", "policy_id", "device_id"), "kind": POLICY_KIND, "successful": true_or_false},
    source=jamf_policy_results.outerjoin(
        jamf_policies, _same(jamf_policies, jamf_policy_results, "sender", "kind", "policy_id")
    ).outerjoin(jamf_devices, jamf_devices.c.id == jamf_policy_results.c.device_id),
    named={
        "policy_name": jamf_policies.c.name,
        "serial_number": jamf_devices.c.serial_number,
        "device_name": jamf_devices.c.name,
    },
)


def _of_device(engine: Engine, row: Mapping[str, Any]) -> JSONObject:
    """The other records of the same thing, and what this one is in and had."""
    same = same_device(engine, jamf_row=row)
    found: JSONObject = {"mdm": same.mdm, "jamf": same.jamf, "conflicts": same.conflicts}
    found["history"] = history_of(engine, [row["id"]])
    if row["family"] in _MEMBERS_OF and row["jamf_id"] is not None:
        member = {"sender": row["sender"], "kind": _MEMBERS_OF[row["family"]], "member_id": row["jamf_id"]}
        found |= MEMBERSHIPS.some(engine, "memberships", **member)
    return found | RESULTS.some(engine, "results", device_id=row["id"])


def _of_group(engine: Engine, row: Mapping[str, Any]) -> JSONObject:
    """Those that are in it now."""
    group = {name: row[name] for name in ("sender", "kind", "group_id")}
    return MEMBERSHIPS.some(engine, "members", **group, is_member=True)


def _of_policy(engine: Engine, row: Mapping[str, Any]) -> JSONObject:
    return RESULTS.some(engine, "results", **{name: row[name] for name in ("sender", "kind", "policy_id")})


DEVICES = JamfList(
    table=jamf_devices,
    filters={
        **texts("sender", "jamf_id", "udid", "management_id", "name"),
        "family": one_of("computer", "mobile_device", "unknown"),
        "serial_number": serial_value,
        "enrolled": true_or_false,
    },
    columns={"serial_number": jamf_devices.c.serial_key},
    more=_of_device,
)

GROUPS = JamfList(
    table=jamf_groups, filters={**texts("sender", "group_id", "name"), "kind": GROUP_KIND}, more=_of_group
)

POLICIES = JamfList(
    table=jamf_policies,
    filters={**texts("sender", "policy_id", "name", "title_id"), "kind": POLICY_KIND},
    more=_of_policy,
)

PATCH_TITLES = JamfList(table=jamf_patch_titles, filters=texts("sender", "title_id", "name", "latest_version"))

ADE_DEVICES = JamfList(
    table=jamf_ade_devices,
    filters={**texts("sender", "instance_id", "asset_tag"), "serial_number": serial_value},
    columns={"serial_number": jamf_ade_devices.c.serial_key},
)

API_OPERATIONS = JamfList(
    table=jamf_api_operations,
    filters={
        **texts("sender", "authorized_username", "operation_type", "object_type_name", "object_id"),
        "operation": one_of("create", "read", "update", "delete"),
        "successful": true_or_false,
    },
    newest_first=True,
)

LISTS: Mapping[str, JamfList] = {
    "servers": SERVERS,
    "devices": DEVICES,
    "groups": GROUPS,
    "memberships": MEMBERSHIPS,
    "policies": POLICIES,
    "policy-results": RESULTS,
    "patch-titles": PATCH_TITLES,
    "ade-devices": ADE_DEVICES,
    "api-operations": API_OPERATIONS,
}
"""By their names; the API's begin with `jamf-`."""
