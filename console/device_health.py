"""What stands out about a device, in words: problems that somebody should solve, and notices worth knowing."""

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from console.device_apps import call_app, failed_installs, names_of_apps
from console.device_in_jamf import heard_in_jamf, left_jamf_at
from console.device_newest import version_of
from console.telling_time import ago, day, days_until
from domain.clock import parse_time
from domain.json_types import JSONObject
from domain.questions import is_over, read_version

EXPIRES_SOON = timedelta(days=30)
SILENT = timedelta(days=14)
UNANSWERED = timedelta(days=1)
STALE = timedelta(days=30)

LITTLE_STORAGE = 0.1
LITTLE_BATTERY = 0.1
MOST_NAMED = 5
"""Things of one kind that are named one by one."""

PROBLEM, NOTICE = "problem", "notice"

Found = Iterator[tuple[str, str]]


def points(page: JSONObject, now: datetime) -> list[JSONObject]:
    """Each as `{"level": "problem" or "notice", "what": …}`, problems first. What is not known is no problem."""
    checks = (_management, _records, _expiring, _security, _device, _apps, _commands, _inventory)
    found = [point for check in checks for point in check(page, now)]
    levels = (PROBLEM, NOTICE)
    return [{"level": level, "what": what} for level, what in sorted(found, key=lambda point: levels.index(point[0]))]


def _management(page: JSONObject, now: datetime) -> Found:
    if page["id"] is None and not page["jamf"]:
        yield NOTICE, "it is assigned in ADE (Automated Device Enrollment) and was never seen to enrol"
        return
    if page["id"] is None:
        yield from _only_in_jamf(page, now)
        return
    if page["enrolled"] is None:
        yield NOTICE, "no check-in was heard of it, so nobody knows whether it is enrolled"
    elif not page["enrolled"]:
        yield PROBLEM, f"it is not enrolled, since {_since(page['enrolment_at'], now)}"
    elif page["push_at"] is None:
        yield PROBLEM, "it has no push token, so nothing reaches it before it asks by itself"
    seen = parse_time(page["last_seen_at"])
    if seen is not None and now - seen > SILENT:
        yield PROBLEM, f"it was heard last {_since(page['last_seen_at'], now)}"
    if _fact(page, "AwaitingConfiguration") is True:
        yield PROBLEM, "it waits in Setup Assistant until it gets the command DeviceConfigured"
    if page["location"] is not None:
        yield NOTICE, "it was in Lost Mode: its place is told below"


def _only_in_jamf(page: JSONObject, now: datetime) -> Found:
    elsewhere = (one for one in page["conflicts"] if any(record["source"] == "mdm" for record in one["records"]))
    conflict, what = next(elsewhere, None), "it"
    if conflict is not None:
        what = f"this {word_of(conflict['other'])}, but its {word_of(conflict['field'])}, with another one"
    yield NOTICE, f"no MDM server here knows {what}; all there is comes from Jamf Pro"
    left_at, heard_at = left_jamf_at(page), heard_in_jamf(page)
    if left_at is not None:
        yield PROBLEM, "it is not enrolled in Jamf Pro" + (f", since {_since(left_at, now)}" if left_at else "")
    seen = parse_time(heard_at)
    if seen is not None and now - seen > SILENT:
        yield PROBLEM, f"Jamf Pro heard it last {_since(heard_at, now)}"


def _records(page: JSONObject, now: datetime) -> Found:  # noqa: ARG001 - all checks look alike
    for conflict in page["conflicts"][:MOST_NAMED]:
        field, other = conflict["field"], conflict["other"]
        yield PROBLEM, f"records with the {word_of(field)} {conflict['value']} have several {word_of(other)}s"


def _expiring(page: JSONObject, now: datetime) -> Found:
    for items, what, name, ends in (
        ("certificates", "certificate", "common_name", "not_after"),
        ("provisioning_profiles", "provisioning profile", "name", "expiry_date"),
    ):
        soon = sorted(
            (item[ends], f"{item[name] or 'without a name'}{' of a user' if item['channel_id'] else ''}")
            for item in page["items"].get(items, ())
            if _is_soon(item[ends], now)
        )
        for end, called in soon[:MOST_NAMED]:
            yield PROBLEM, f"{what} {called} {_end(end, now)}"
        if len(soon) > MOST_NAMED:
            yield PROBLEM, f"{len(soon) - MOST_NAMED} more {what}s have expired or expire within 30 days"


def _is_soon(text: Any, now: datetime) -> bool:
    end = parse_time(text)
    return end is not None and end - now <= EXPIRES_SOON


def _end(text: str, now: datetime) -> str:
    days = days_until(text, now)
    if days is None:
        return f"has expired, on {day(text)}"
    return f"expires {'today' if days == 0 else f'in {days} days' if days > 1 else 'tomorrow'}, on {day(text)}"


_WRONG = {
    "passcode_present": (False, PROBLEM, "it has no passcode"),
    "passcode_compliant": (False, PROBLEM, "its passcode is not what its profiles demand"),
    "filevault_enabled": (False, PROBLEM, "FileVault is off: its disk is not encrypted"),
    "sip_enabled": (False, PROBLEM, "System Integrity Protection is off"),
    "authenticated_root_volume_enabled": (False, PROBLEM, "its system volume is not sealed"),
    "firewall_enabled": (False, NOTICE, "the firewall is off"),
    "user_approved_enrollment": (False, NOTICE, "its user has not approved the enrolment"),
    "remote_desktop_enabled": (True, NOTICE, "Remote Desktop is on"),
}
"""Column of device_security → the value that stands out."""


def _security(page: JSONObject, now: datetime) -> Found:  # noqa: ARG001
    said = page["security"] or {}
    for column, (value, level, what) in _WRONG.items():
        if said.get(column) is value:
            yield level, what


def _device(page: JSONObject, now: datetime) -> Found:
    capacity, free = (_number(page, name) for name in ("DeviceCapacity", "AvailableDeviceCapacity"))
    if capacity and free is not None and free / capacity < LITTLE_STORAGE:
        yield PROBLEM, f"its storage is nearly full: {free:.1f} of {capacity:.0f} GB are free"
    battery = _number(page, "BatteryLevel")
    if battery is not None and 0 <= battery < LITTLE_BATTERY:
        told = page["facts"]["BatteryLevel"]["at"]
        yield NOTICE, f"its battery was at {battery:.0%}, {ago(told, now)}"
    if _fact(page, "IsActivationLockEnabled") is True:
        yield NOTICE, "Activation Lock is on"
    updates = [update for update in page["items"].get("os_updates", ()) if _waits(update, page)]
    critical = [update for update in updates if update["is_critical"] is True]
    if critical:
        name = critical[0]["human_readable_name"] or critical[0]["product_key"]
        yield PROBLEM, f"a critical update waits: {name}"
    elif updates:
        yield NOTICE, f"{_count(len(updates), 'update')} of its system can be installed"


def _waits(update: JSONObject, page: JSONObject) -> bool:
    """Whether an update that was listed once is not installed yet; none is known where no new list is asked for.

    Data and firmware have versions of their own, which say nothing beside that of the system.
    """
    has, brings = (read_version(str(said or "").partition(" ")[0]) for said in (version_of(page), update["version"]))
    if is_over("AvailableOSUpdates", has):
        return False
    if not has or not brings or update["is_config_data_update"] or update["is_firmware_update"]:
        return True
    extra = update["supplemental_os_version_extra"]
    return brings > has or (brings == has and bool(extra) and extra != _fact(page, "SupplementalOSVersionExtra"))


def _apps(page: JSONObject, now: datetime) -> Found:  # noqa: ARG001
    names = names_of_apps(page)
    failed = failed_installs(page)
    for install in failed[:MOST_NAMED]:
        called = call_app(names, install["adam_id"])
        retry = f" (`windfall actions retry {install['retry_id']}` has it tried again)" if install["retry_id"] else ""
        yield PROBLEM, f"{called} is not installed{retry}: {install['reason'] or install['state']}"
    if len(failed) > MOST_NAMED:
        yield PROBLEM, f"{len(failed) - MOST_NAMED} more apps are not installed"
    for state, level, what in (
        ("failed", PROBLEM, "failed"),
        ("uncertain", NOTICE, "uncertain, as Apple told both that they came and that they went"),
    ):
        apps = [call_app(names, one["adam_id"]) for one in page["assignments"] if one["state"] == state]
        if apps:
            yield level, f"{_count(len(apps), 'licence')} {what}: {', '.join(apps[:MOST_NAMED])}{_more(apps)}"


def _commands(page: JSONObject, now: datetime) -> Found:
    waiting = page["unfinished"].values()
    count, since = sum(one["count"] for one in waiting), min((one["since"] for one in waiting), default=None)
    asked = parse_time(since)
    if asked is not None and now - asked > UNANSWERED:
        yield NOTICE, f"{_count(count, 'command')} without an answer, the oldest from {_since(since, now)}"


def _inventory(page: JSONObject, now: datetime) -> Found:
    state = page["inventory"]
    if state is None or page["enrolled"] is False:
        return
    if state["asked_at"] is None:
        yield NOTICE, f"it was never asked for everything: `windfall devices inventory {short_name(page)}` does"
    elif now - (parse_time(state["asked_at"]) or now) > STALE:
        yield NOTICE, f"it was asked for everything last {_since(state['asked_at'], now)}"


def short_name(page: JSONObject) -> str:
    """What to call it in a command."""
    return shlex.quote(identity_of(page))


def identity_of(page: JSONObject) -> str:
    """By what it is found again; of a record in Jamf Pro that tells neither serial number nor UDID, what it does."""
    known = page["serial_number"] or page["udid"] or page["id"]
    return str(known or next((one["management_id"] or one["id"] for one in page["jamf"]), ""))


def _since(text: Any, now: datetime) -> str:
    return f"{ago(text, now)}, on {day(text)}" if text else "an unknown time"


def _fact(page: JSONObject, name: str) -> Any:
    return page["facts"].get(name, {}).get("value")


def _number(page: JSONObject, name: str) -> float | None:
    value = _fact(page, name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def word_of(field: str) -> str:
    """What people call a field that tells devices apart."""
    return "UDID" if field == "udid" else "serial number"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _more(found: list[Any]) -> str:
    return f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
