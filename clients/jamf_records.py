"""Device records as Jamf Pro tells them, in every shape of its two APIs, under the names that its webhooks use.

Building and department have names in the Classic API only; the other one tells numbers, which say nothing to people
but when there is none. Whose a device is and where, people fill in and take out again: a blank there says that nobody
is named. Any other blank is what the server does not know.

Source: https://developer.jamf.com/jamf-pro/reference/get_v3-computers-inventory,
https://developer.jamf.com/jamf-pro/reference/get_v2-mobile-devices-detail (checked 2026-11).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.clock import EARLIEST, parse_epoch, parse_time
from domain.json_types import JSON, JSONObject
from domain.text import clipped, storable

Family = Literal["computer", "mobile_device"]

LONGEST_ID = 255
LONGEST_FACT = 1_000
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JamfRecord:
    """One record. ``facts`` are under the webhooks' names; what the server did not say is absent or None.

    A field of user or place that the server has, and has empty, is `""`. ``last_contact_at`` and ``report_at`` are by
    the server's clock.
    """

    family: Family
    jamf_id: str
    serial_number: str | None = None
    udid: str | None = None
    management_id: str | None = None
    last_contact_at: datetime | None = None
    report_at: datetime | None = None
    facts: Mapping[str, JSON] = field(default_factory=dict)


_IDS = ("id", "general.id", "mobileDeviceId")
_SERIALS = ("serialNumber", "hardware.serialNumber", "serial_number", "general.serial_number")
_UDIDS = ("udid", "general.udid")
_MANAGEMENT_IDS = ("managementId", "general.managementId", "general.management_id")
_CONTACTS = ("general.lastContactTime", "general.last_contact_time_utc", "general.last_contact_time_epoch")
_REPORTS = (
    "general.reportDate",
    "general.report_date_utc",
    "general.report_date_epoch",
    "report_date_utc",
    "report_date_epoch",
    "general.lastInventoryUpdateDate",
    "lastInventoryUpdateTimestamp",
    "general.last_inventory_update_utc",
    "general.last_inventory_update_epoch",
)

_FACTS: Mapping[str, tuple[str, ...]] = {
    "deviceName": ("general.name", "general.displayName", "general.display_name", "name"),
    "model": ("hardware.model", "general.model", "ios.model", "model"),
    "modelIdentifier": (
        "hardware.modelIdentifier",
        "hardware.model_identifier",
        "general.model_identifier",
        "ios.modelIdentifier",
        "modelIdentifier",
        "model_identifier",
    ),
    "osVersion": (
        "operatingSystem.version",
        "hardware.os_version",
        "general.osVersion",
        "general.os_version",
        "osVersion",
    ),
    "osBuild": ("operatingSystem.build", "hardware.os_build", "general.osBuild", "general.os_build", "osBuild"),
    "macAddress": ("hardware.macAddress", "general.mac_address", "mac_address"),
    "wifiMacAddress": ("hardware.wifiMacAddress", "general.wifi_mac_address", "wifiMacAddress", "wifi_mac_address"),
    "ipAddress": ("general.lastIpAddress", "general.ipAddress", "general.ip_address", "ipAddress"),
    "reportedIpAddress": ("general.lastReportedIp", "general.last_reported_ip"),
    "username": ("userAndLocation.username", "location.username", "username"),
    "realName": ("userAndLocation.realname", "userAndLocation.realName", "location.realName", "location.real_name"),
    "emailAddress": (
        "userAndLocation.email",
        "userAndLocation.emailAddress",
        "location.emailAddress",
        "location.email_address",
    ),
    "position": ("userAndLocation.position", "location.position"),
    "phone": ("userAndLocation.phone", "userAndLocation.phoneNumber", "location.phoneNumber", "location.phone_number"),
    "room": ("userAndLocation.room", "location.room"),
    "building": ("location.building", "building"),
    "department": ("location.department", "department"),
    "managed": ("general.remoteManagement.managed", "general.remote_management.managed", "general.managed", "managed"),
    "supervised": ("general.supervised", "ios.supervised", "supervised"),
}

_USER_AND_PLACE = ("username", "realName", "emailAddress", "position", "phone", "room", "building", "department")

_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "building": ("userAndLocation.buildingId", "location.buildingId"),
    "department": ("userAndLocation.departmentId", "location.departmentId"),
}
_NO_NUMBER = ("-1", "0")


def read_record(family: Family, document: JSON) -> JamfRecord | None:
    """None for what has no id. Never raises for an odd document; of odd values it keeps none."""
    if not isinstance(document, dict):
        return None
    jamf_id = _identifier(document, _IDS)
    if jamf_id is None:
        return None
    facts = {name: _value(document, places) for name, places in _FACTS.items()}
    emptied = {name: "" for name in _USER_AND_PLACE if _is_empty(document, name)}
    return JamfRecord(
        family=family,
        jamf_id=jamf_id,
        serial_number=_identifier(document, _SERIALS),
        udid=_identifier(document, _UDIDS),
        management_id=_identifier(document, _MANAGEMENT_IDS),
        last_contact_at=_moment(document, _CONTACTS),
        report_at=_moment(document, _REPORTS),
        facts={name: value for name, value in facts.items() if value is not None} | emptied,
    )


def _at(document: JSONObject, place: str) -> JSON:
    value: JSON = document
    for key in place.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _value(document: JSONObject, places: Iterable[str]) -> JSON:
    """The first of these places that says something: text without blanks around it, a truth or a number."""
    for place in places:
        value = _at(document, place)
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip():
            return fit_to_keep(value)
    return None


def fit_to_keep(text: str) -> str:
    """What a server says, without blanks around it: Java writes characters into names that no database takes."""
    return clipped(storable(text.strip()), LONGEST_FACT)


def _is_empty(document: JSONObject, name: str) -> bool:
    """Whether a field is there, and nowhere more than a blank or the number of nothing.

    A part that was not asked for, or may not be seen, is null as a whole: its fields are not there.
    """
    found = []
    for place in (*_FACTS[name], *_NUMBERS.get(name, ())):
        path, _, last = place.rpartition(".")
        part = _at(document, path) if path else document
        if isinstance(part, dict) and last in part:
            value = "" if part[last] is None else str(part[last]).strip()
            found.append(not value or (last.endswith("Id") and value in _NO_NUMBER))
    return bool(found) and all(found)


def _identifier(document: JSONObject, places: Iterable[str]) -> str | None:
    for place in places:
        value = _at(document, place)
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if text and len(text) <= LONGEST_ID:
            return storable(text)
    return None


def _moment(document: JSONObject, places: Iterable[str]) -> datetime | None:
    """The first time there is; 0 milliseconds stand for none."""
    for place in places:
        value = _at(document, place)
        moment = parse_time(value) or parse_epoch(value)
        if moment is not None and moment >= EARLIEST:
            return moment
    return None
