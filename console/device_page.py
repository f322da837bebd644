"""One device as a help desk wants it: what MDM and Jamf Pro know, what it answered, what stands out, what happened."""

from datetime import datetime

from console.device_health import points
from console.inquiring import progress
from domain.json_types import JSONObject
from domain.notification import serial_key
from state.queries import Engine
from state.queries.device_page import doings_of, items_of
from state.queries.devices import FIELDS, device_ids, one_device
from state.queries.inventory import history_of
from state.queries.jamf import LISTS as JAMF_LISTS
from state.queries.same_device import same_device


def device_page(engine: Engine, name: str, now: datetime) -> JSONObject | None:
    """The device with this id, UDID or serial number; of several the one heard last. None when nobody knows it.

    What `one_device` tells, and `health` (see `points`), `items` by list, `installs assignments events commands
    unfinished` (of events `answers`: to which command), `inventory` (see `progress`), and as `ade` what Automated
    Device Enrollment lists with its serial number. A device that only Jamf Pro or that list knows has no `id`, and
    None and empty lists for the rest. Raises: DatabaseAway.
    """
    found = device_ids(engine, name)
    same = None if found else same_device(engine, name=name)
    if same is not None:
        found = [record["id"] for record in same.mdm]
    device = one_device(engine, found[0]) if found else None
    if device is None:
        records = list(same.jamf) if same else []
        listed = _listed(engine, name)
        if not records and not listed:
            return None
        device = _unmanaged(engine, records, listed, list(same.conflicts) if same else [])
    device["ade"] = _listed(engine, device["serial_number"])
    device["jamf"] = [JAMF_LISTS["devices"].one(engine, record["id"]) or record for record in device["jamf"]]
    page = {**device, **_what_it_did(engine, device)}
    asked = {command["command_uuid"]: command["request_type"] for command in page["commands"]}
    page["events"] = [
        {**one, "answers": asked.get((one["details"] or {}).get("command_uuid"))} for one in page["events"]
    ]
    return {"health": points(page, now), **page}


def _what_it_did(engine: Engine, device: JSONObject) -> JSONObject:
    if device["id"] is None:
        return {"items": {}, **doings_of(engine, device), "inventory": None}
    return {
        "items": dict(items_of(engine, device["id"])),
        **doings_of(engine, device),
        "inventory": progress(engine, device["id"]),
    }


def _listed(engine: Engine, serial_number: str | None) -> list[JSONObject]:
    """What Automated Device Enrollment lists with this serial number, the newest word first."""
    if not serial_number:
        return []
    found = JAMF_LISTS["ade-devices"].some(engine, "ade", serial_key=serial_key(serial_number))["ade"]
    return sorted(found, key=lambda one: one["told_at"] or "", reverse=True)


def _unmanaged(
    engine: Engine, records: list[JSONObject], listed: list[JSONObject], conflicts: list[JSONObject]
) -> JSONObject:
    """The fields of a device that no MDM server has, as far as its ``records`` in Jamf Pro or else ADE tell them.

    Not every record tells each: one of a push has neither.
    """
    known = {
        name: next((one[name] for one in [*records, *listed] if one.get(name)), None)
        for name in ("udid", "serial_number")
    }
    empty: JSONObject = {"security": None, "location": None, "lists": [], "facts": {}}
    return {
        **dict.fromkeys(FIELDS), **known, **empty, "jamf": records, "conflicts": conflicts, "user_channels": [],
        "history": history_of(engine, [record["id"] for record in records]),
    }  # fmt: skip
