"""One device as a help desk wants it: what MDM and Jamf Pro know, what it answered, what stands out, what happened."""

from collections.abc import Mapping
from datetime import datetime

from console.device_apps import failed_installs
from console.device_health import MOST_NAMED, points
from console.inquiring import progress
from domain.clock import parse_time
from domain.json_types import JSONObject
from domain.notification import serial_key
from state.queries import Engine
from state.queries.device_page import doings_of, items_of
from state.queries.devices import FIELDS, device_ids, one_device
from state.queries.inventory import history_of
from state.queries.jamf import LISTS as JAMF_LISTS
from state.queries.same_device import same_device
from tasks.retrying import verdict_of
from tasks.setup import Setup


def device_page(engine: Engine, setup: Setup, name: str, now: datetime) -> JSONObject | None:
    """The device with this id, UDID or serial number; of several the one heard last. None when nobody knows it.

    What `one_device` tells, and `health` (see `points`), `items` by list, `installs assignments events commands
    unfinished` (of events `answers`: to which command), `inventory` (see `progress`), and as `ade` what Automated
    Device Enrollment lists with its serial number. A device that only Jamf Pro or that list knows has no `id`, and
    None and empty lists for the rest. Of `lists`, `before_enrolment` says whether all of it was told before the present
    enrolment began; of `installs`, `retry_id` which action another try takes, where that helps. Raises: DatabaseAway.
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
    page |= _in_its_light(page, _retries(engine, setup, page, now))
    return {"health": points(page, now), **page}


def _in_its_light(page: JSONObject, retries: Mapping[str, str]) -> JSONObject:
    """Events, lists and installs with what the rest of the page says about each."""
    asked = {command["command_uuid"]: command["request_type"] for command in page["commands"]}
    return {
        "events": [{**one, "answers": asked.get((one["details"] or {}).get("command_uuid"))} for one in page["events"]],
        "lists": [{**head, "before_enrolment": _is_before(page, head)} for head in page["lists"]],
        "installs": [{**one, "retry_id": retries.get(one["id"])} for one in page["installs"]],
    }


def _is_before(page: JSONObject, head: JSONObject) -> bool:
    """False under an enrolment of which nobody heard the beginning. What was told in part is as new as its items."""
    items = page["items"].get(head["list"], ())
    told = [head["at"], *(item["at"] for item in items if item["channel_id"] == head["channel_id"])]
    moments, began_at = [at for at in map(parse_time, told) if at is not None], parse_time(page["enrolment_began_at"])
    return bool(moments) and began_at is not None and max(moments) < began_at


def _retries(engine: Engine, setup: Setup, page: JSONObject, now: datetime) -> Mapping[str, str]:
    """By install that failed, of those that are named: the action whose other try has the app sent again.

    Nothing is sent to who has left.
    """
    found = {}
    for install in failed_installs(page)[:MOST_NAMED] if page["enrolled"] is not False else ():
        last = install["command_id"]
        verdict = verdict_of(engine, setup, last, now=now) if last is not None else None
        if verdict is not None and verdict.refusal is None:
            found[install["id"]] = last
    return found


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
