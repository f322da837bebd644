"""Who, what and where: the short facts of a device's page, each under a label; what nobody told is `unknown`."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from console.device_in_jamf import records_in_jamf
from console.device_newest import build_of, model_of, supervised_of, user_in_jamf, version_of
from console.telling_time import ago, minute, when
from domain.json_types import JSONObject
from domain.questions import INFORMATION

Fields: TypeAlias = Sequence[tuple[str, str]]
"""Label and value."""

UNKNOWN = "unknown"

_IN_JAMF = {True: ", enrolled", False: ", not enrolled", None: ""}
"""As an event told; of None nobody did."""

_ON_OR_OFF = {"filevault_enabled", "firewall_enabled", "sip_enabled", "is_recovery_lock_enabled"}
_SECURITY = {
    "FileVault": "filevault_enabled",
    "Firewall": "firewall_enabled",
    "SIP": "sip_enabled",
    "Passcode": "passcode_present",
    "Passcode is good": "passcode_compliant",
    "Secure Boot": "secure_boot",
    "Recovery Lock": "is_recovery_lock_enabled",
    "Automated (ADE)": "enrolled_via_dep",
    "User approved": "user_approved_enrollment",
}


def sections_of(page: JSONObject, now: datetime) -> Iterator[tuple[str, Fields]]:
    """Heading and fields."""
    yield "Who", list(_who(page, now))
    yield "What", list(_what(page))
    yield "Where", list(_where(page, now))
    if page["id"] is not None:
        yield "Security", list(_security(page, now))


def _who(page: JSONObject, now: datetime) -> Iterator[tuple[str, str]]:
    users = [channel for channel in page["user_channels"] if channel["facts"]]
    for channel in users:
        names = [_fact(channel, name) for name in ("UserShortName", "UserLongName")]
        called = ", ".join(str(name) for name in names if name) or channel["id"]
        yield "User", f"{called}; heard {when(channel['last_seen_at'], now)}"
    for account in page["items"].get("device_accounts", ()):
        state = "logged in" if account["is_logged_in"] else "an account on it"
        named = [account["user_name"], account["full_name"]]
        yield "Account", f"{', '.join(str(name) for name in named if name) or UNKNOWN}; {state}"
    named_there = [said for record in page["jamf"] if (said := user_in_jamf(record))]
    for said in named_there:
        yield "In Jamf Pro", ", ".join(said)
    if not users and not page["items"].get("device_accounts") and not named_there:
        yield "User", UNKNOWN


def _what(page: JSONObject) -> Iterator[tuple[str, str]]:
    yield "Model", model_of(page) or UNKNOWN
    system, build = f"{_system(page)} {version_of(page) or UNKNOWN}".strip(), build_of(page)
    yield "System", f"{system} ({build})" if build else system
    if page["enrollment_id"] and not page["udid"]:
        yield "Enrolled as", "a private device (User Enrollment), which tells neither serial number nor UDID"
        yield "Enrollment ID", str(page["enrollment_id"])
    else:
        yield "Serial number", str(page["serial_number"] or UNKNOWN)
        yield "UDID", str(page["udid"] or UNKNOWN)
    for label, name in (("Asset tag", "asset_tag"), ("Described as", "description")):
        said = next((one[name] for one in page["ade"] if one[name]), None)
        if said:
            yield label, str(said)
    yield "Supervised", _yes(supervised_of(page))
    capacity, free = _fact(page, "DeviceCapacity"), _fact(page, "AvailableDeviceCapacity")
    if _is_number(capacity) and _is_number(free):
        yield "Storage", f"{free:.1f} of {capacity:.0f} GB are free"
    else:
        yield "Storage", UNKNOWN


def _where(page: JSONObject, now: datetime) -> Iterator[tuple[str, str]]:
    if page["id"] is not None:
        enrolled = {True: "enrolled", False: "not enrolled", None: "nobody knows whether enrolled"}[page["enrolled"]]
        since = f" since {minute(page['enrolment_at'])} UTC" if page["enrolment_at"] else ""
        yield "MDM server", f"{page['sender'] or UNKNOWN}: {enrolled}{since}"
        yield "Heard", when(page["last_seen_at"], now)
    else:
        yield "MDM server", "none"
    for record, heard_at in records_in_jamf(page):
        number = f" number {record['jamf_id']}" if record.get("jamf_id") else ""
        family = str(record["family"]).replace("_", " ")
        kind = "a record of unknown kind" if family == UNKNOWN else family
        enrolled = _IN_JAMF[record["enrolled"]]
        yield "Jamf Pro", f"{record['sender']}: {kind}{number}{enrolled}; heard {when(heard_at, now)}"
    for one in page["ade"]:
        instance = f", instance {one['instance_id']}" if one["instance_id"] else ""
        assigned = f"assigned {when(one['assigned_at'], now)}" if one["assigned_at"] else "assigned"
        yield "ADE", f"{one['sender']}{instance}: {assigned}; told {when(one['told_at'], now)}"
    for label, name in (("Address", "ipAddress"), ("Its own address", "reportedIpAddress")):
        told: dict[str, str] = {}
        for row in page["history"]:
            if row["name"] == name:
                # Of several records with one address, the one that told it last.
                told.setdefault(row["value"], f"{row['value']}, {when(row['last_at'], now)}")
        if told:
            yield label, "; before: ".join(list(told.values())[:2])
    place = page["location"]
    if place is not None:
        accuracy = place["horizontal_accuracy"]
        about = f" (within {accuracy:.0f} m)" if _is_number(accuracy) and accuracy >= 0 else ""
        yield "Place", f"{place['latitude']}, {place['longitude']}{about}, {when(place['timestamp'], now)}"


def _security(page: JSONObject, now: datetime) -> Iterator[tuple[str, str]]:
    said = page["security"]
    if said is None:
        yield "SecurityInfo", asked_words(page, "SecurityInfo", now)
        return
    for label, column in _SECURITY.items():
        value = said[column]
        if value is not None:
            words = {True: "on", False: "off"} if column in _ON_OR_OFF else {True: "yes", False: "no"}
            yield label, words[value] if isinstance(value, bool) else str(value)


def name_of(channel: JSONObject) -> str:
    """What people call the user of a channel."""
    return str(_fact(channel, "UserShortName") or channel["id"].partition(":")[2] or channel["id"])


def asked_words(page: JSONObject, request_type: str, now: datetime) -> str:
    """Why nothing was told: never asked, asked and not answered, refused; and since when."""
    items = page["inventory"]["items"] if page["inventory"] else []
    asked = next((item for item in items if item["request_type"] == request_type and not item["user"]), None)
    if page["id"] is None:
        return "unknown: no MDM server here can ask it"
    if asked is None:
        return _unplanned(page, items)
    if asked["state"] is None:
        return "never asked"
    return f"unknown: {_became(asked, now)}"


def _unplanned(page: JSONObject, items: Sequence[JSONObject]) -> str:
    """Why a question is not among those of a device: one that has not said enough has a single one, what it is."""
    if not _platform(page):
        return "unknown: it has not said what it is"
    planned = {item["request_type"]: item for item in items if not item["user"]}
    if set(planned) != {INFORMATION.request_type}:
        return "unknown: such a device is not asked that"
    is_asked = planned[INFORMATION.request_type]["state"] is not None
    return "unknown: it is asked that once it has said what it is" if is_asked else "never asked"


def _became(asked: JSONObject, now: datetime) -> str:
    when, answered = ago(asked["asked_at"], now), ago(asked["answered_at"], now)
    words = {
        "pending": f"asked {when}, not sent yet",
        "sent": f"asked {when}, not answered yet",
        "NotNow": f"asked {when}; the device is busy (NotNow) and will be asked again",
        "Acknowledged": f"answered {answered}, and told nothing",
    }
    if asked["state"] in ("Error", "CommandFormatError"):
        return f"the device refused {answered}: {asked['error'] or 'it did not say why'}"
    return words.get(asked["state"], f"asked {when}, in vain: {asked['error'] or asked['state']}")


def _platform(page: JSONObject) -> str:
    return str((page["inventory"] or {}).get("platform") or "")


def _system(page: JSONObject) -> str:
    """What its system is called, empty when nobody said; Jamf Pro calls Macs computers, and nothing else."""
    is_computer = any(record["family"] == "computer" for record in page["jamf"])
    return _platform(page) or ("macOS" if is_computer else "")


def _yes(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, UNKNOWN) if isinstance(value, bool) else UNKNOWN


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fact(item: JSONObject, name: str) -> Any:
    return (item.get("facts") or {}).get(name, {}).get("value")
