"""The columns of Jamf Pro's tables that repeat facts: a fact may be anything that a server sent, a column may not."""

from collections.abc import Mapping
from typing import Any

from domain.clock import parse_time
from domain.facts import Facts, fact
from domain.notification import serial_key
from domain.text import clipped
from state.schema import LONGEST_ID

Row = Mapping[str, Any]

LONGEST_TEXT = 4_096


def of_server(facts: Facts) -> Row:
    return {
        "url": _text(facts, "jssUrl"),
        "institution": _text(facts, "institution"),
        "version": _short(facts, "version"),
        "started_at": _moment(facts, "started_at"),
        "stopped_at": _moment(facts, "stopped_at"),
    }


def of_node(facts: Facts) -> Row:
    return {
        "running": _boolean(facts, "running"),
        "is_cluster_master": _boolean(facts, "isClusterMaster"),
        "web_application_path": _text(facts, "webApplicationPath"),
        "started_at": _moment(facts, "started_at"),
        "stopped_at": _moment(facts, "stopped_at"),
    }


def of_device(facts: Facts) -> Row:
    """A name of a mobile device's model is better than its identifier."""
    serial_number = _key(facts, "serialNumber")
    return {
        "jamf_id": _key(facts, "jssID"),
        "serial_number": serial_number,
        "serial_key": serial_key(serial_number or "") or None,
        "udid": _key(facts, "udid"),
        "management_id": _key(facts, "managementId"),
        "name": _text(facts, "deviceName"),
        "model": _text(facts, "modelDisplay") or _text(facts, "model"),
        "os_version": _short(facts, "osVersion"),
        "enrolled": _boolean(facts, "enrolled"),
        "checked_in_at": _moment(facts, "checked_in_at"),
        "inventory_at": _moment(facts, "inventory_at"),
        "push_capability_changed_at": _moment(facts, "push_capability_changed_at"),
        "first_seen_at": _moment(facts, "first_seen_at"),
        "last_seen_at": _moment(facts, "last_seen_at"),
    }


def of_group(facts: Facts) -> Row:
    return {"name": _text(facts, "name"), "changed_at": _moment(facts, "changed_at")}


def of_policy(facts: Facts) -> Row:
    return {
        "name": _text(facts, "name"),
        "title_id": _key(facts, "softwareTitleId"),
        "finished_at": _moment(facts, "finished_at"),
    }


def of_policy_result(facts: Facts) -> Row:
    return {
        "successful": _boolean(facts, "successful"),
        "succeeded_at": _moment(facts, "succeeded_at"),
        "failed_at": _moment(facts, "failed_at"),
        "finished_at": _moment(facts, "finished_at"),
        "deployed_version": _short(facts, "deployedVersion"),
    }


def of_patch_title(facts: Facts) -> Row:
    return {
        "name": _text(facts, "name"),
        "latest_version": _short(facts, "latestVersion"),
        "last_update_at": _moment(facts, "lastUpdate"),
        "told_at": _moment(facts, "told_at"),
    }


def of_ade_device(facts: Facts) -> Row:
    return {
        "serial_number": _key(facts, "serialNumber"),
        "model": _text(facts, "model"),
        "description": _text(facts, "description"),
        "asset_tag": _short(facts, "assetTag"),
        "assigned_at": _moment(facts, "deviceAssignedDate"),
        "told_at": _moment(facts, "told_at"),
    }


def _text(facts: Facts, name: str, limit: int = LONGEST_TEXT) -> str | None:
    value = fact(facts, name)
    return None if value is None or isinstance(value, bool | dict | list) else clipped(str(value), limit)


def _short(facts: Facts, name: str) -> str | None:
    return _text(facts, name, LONGEST_ID)


def _key(facts: Facts, name: str) -> str | None:
    """Whole or not at all: half of an id is another one."""
    value = _text(facts, name)
    return value if value is not None and len(value) <= LONGEST_ID else None


def _boolean(facts: Facts, name: str) -> bool | None:
    value = fact(facts, name)
    return value if isinstance(value, bool) else None


def _moment(facts: Facts, name: str) -> Any:
    return parse_time(fact(facts, name))
