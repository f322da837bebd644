"""How one device record looks: in the Jamf Pro API, in the Classic API, and in its lists.

Source: https://developer.jamf.com/jamf-pro/reference/get_v3-computers-inventory
Source: https://developer.jamf.com/jamf-pro/reference/get_v2-mobile-devices-detail
Source: https://developer.jamf.com/jamf-pro/reference/findcomputersbyid
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.json_types import JSON, JSONObject

SECTIONS = ("GENERAL", "HARDWARE", "OPERATING_SYSTEM", "USER_AND_LOCATION", "SECURITY", "APPLICATIONS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """``fields`` are the record as webhooks have it (simulators.jamf_events)."""

    fields: Mapping[str, Any]
    contact_at: datetime
    report_at: datetime
    managed: bool = True

    @property
    def number(self) -> int:
        return int(self.fields["jssID"])


def computer(record: Record, sections: Container[str]) -> JSONObject:
    """Of the Jamf Pro API: ids are texts, and what was not asked for is null."""
    fields = record.fields
    parts: JSONObject = {
        "general": _general(record),
        "hardware": {
            "make": "Apple",
            "model": fields["model"],
            "modelIdentifier": "Mac15,12",
            "serialNumber": fields["serialNumber"],
            "macAddress": fields["macAddress"],
            "appleSilicon": True,
        },
        "operatingSystem": {"name": "macOS", "version": fields["osVersion"], "build": fields["osBuild"]},
        "userAndLocation": {
            "username": fields["username"],
            "realname": fields["realName"],
            "email": fields["emailAddress"],
            "position": fields["position"],
            "phone": None,
            "departmentId": "6" if fields["department"] else None,
            "buildingId": "2" if fields["building"] else "-1",
            "room": fields["room"],
        },
        "security": {"gatekeeperStatus": "APP_STORE_AND_IDENTIFIED_DEVELOPERS"},
        "applications": [],
    }
    asked = {_section(name) for name in SECTIONS if name in sections}
    shown: JSONObject = {name: part if name in asked else None for name, part in parts.items()}
    return {"id": str(record.number), "udid": fields["udid"], **shown}


def _general(record: Record) -> JSONObject:
    fields = record.fields
    return {
        "name": fields["deviceName"],
        "lastIpAddress": fields["ipAddress"],
        "lastReportedIp": fields["reportedIpAddress"],
        "jamfBinaryVersion": "11.14.1-t1740408745",
        "platform": "Mac",
        "assetTag": None,
        "remoteManagement": {"managed": record.managed, "managementUsername": "svcadmin"},
        "supervised": True,
        "reportDate": _iso(record.report_at),
        "lastContactTime": _iso(record.contact_at),
        "site": {"id": "-1", "name": "None"},
        "managementId": fields["managementId"],
    }


def _section(name: str) -> str:
    first, *others = name.lower().split("_")
    return first + "".join(other.capitalize() for other in others)


def classic_computer(record: Record) -> JSONObject:
    """Of the Classic API: ids are numbers, and times come in threes."""
    fields = record.fields
    return {
        "general": _classic_general(record),
        "location": {
            "username": fields["username"],
            "realname": fields["realName"],
            "real_name": fields["realName"],
            "email_address": fields["emailAddress"],
            "department": fields["department"],
            "building": fields["building"],
            "room": fields["room"],
        },
        "hardware": {
            "model": fields["model"],
            "model_identifier": "Mac15,12",
            "os_name": "macOS",
            "os_version": fields["osVersion"],
            "os_build": fields["osBuild"],
        },
        "extension_attributes": [],
    }


def _classic_general(record: Record) -> JSONObject:
    fields = record.fields
    return {
        "id": record.number,
        "name": fields["deviceName"],
        "mac_address": fields["macAddress"],
        "ip_address": fields["ipAddress"],
        "last_reported_ip": fields["reportedIpAddress"],
        "serial_number": fields["serialNumber"],
        "udid": fields["udid"],
        "platform": "Mac",
        "remote_management": {"managed": record.managed},
        **_threefold("report_date", record.report_at),
        **_threefold("last_contact_time", record.contact_at),
        "site": {"id": -1, "name": "None"},
    }


def basic_computer(record: Record) -> JSONObject:
    """An entry of the Classic API's list."""
    fields = record.fields
    named = {name: fields[name] for name in ("model", "department", "building", "udid", "username")}
    return {
        "id": record.number,
        "name": fields["deviceName"],
        "managed": record.managed,
        "mac_address": fields["macAddress"],
        "serial_number": fields["serialNumber"],
        **_threefold("report_date", record.report_at),
        **named,
    }


def mobile_entry(record: Record, sections: Container[str]) -> JSONObject:
    """An entry of the Jamf Pro API's detailed list."""
    fields = record.fields
    parts: JSONObject = {
        "general": {
            "udid": fields["udid"],
            "displayName": fields["deviceName"],
            "osVersion": fields["osVersion"],
            "osBuild": fields["osBuild"],
            "lastInventoryUpdateDate": _iso(record.report_at),
            "ipAddress": fields["ipAddress"],
            "managed": record.managed,
            "supervised": True,
            "managementId": fields["managementId"],
        },
        "hardware": {
            "model": fields["model"],
            "modelIdentifier": fields["product"],
            "serialNumber": fields["serialNumber"],
            "wifiMacAddress": fields["wifiMacAddress"],
        },
        "userAndLocation": {"username": fields["username"], "realName": "", "room": fields["room"]},
    }
    asked = {_section(name) for name in SECTIONS if name in sections}
    shown: JSONObject = {name: part if name in asked else None for name, part in parts.items()}
    return {"mobileDeviceId": str(record.number), "deviceType": "iOS", **shown}


def mobile_summary(record: Record) -> JSONObject:
    """An entry of the Jamf Pro API's short list, which is also the record itself."""
    fields = record.fields
    same = ("serialNumber", "wifiMacAddress", "udid", "model", "username", "managementId")
    named = {
        "id": str(record.number),
        "name": fields["deviceName"],
        "modelIdentifier": fields["product"],
        "type": "ios",
    }
    return {**named, **{name: fields[name] for name in same}}


def mobile_detail(record: Record) -> JSONObject:
    """One record of the Jamf Pro API."""
    fields = record.fields
    summary = {name: value for name, value in mobile_summary(record).items() if name != "modelIdentifier"}
    return {
        **summary,
        "osVersion": fields["osVersion"],
        "osBuild": fields["osBuild"],
        "ipAddress": fields["ipAddress"],
        "managed": record.managed,
        "lastInventoryUpdateTimestamp": _iso(record.report_at),
        "location": {"username": fields["username"], "realName": "", "room": fields["room"], "departmentId": "6"},
        "ios": {"model": fields["model"], "modelIdentifier": fields["product"], "supervised": True},
    }


def classic_mobile(record: Record) -> JSONObject:
    """One record of the Classic API."""
    fields = record.fields
    return {
        "general": {
            "id": record.number,
            "name": fields["deviceName"],
            "serial_number": fields["serialNumber"],
            "udid": fields["udid"],
            "os_type": "iOS",
            "os_version": fields["osVersion"],
            "os_build": fields["osBuild"],
            "model": fields["model"],
            "model_identifier": fields["product"],
            "wifi_mac_address": fields["wifiMacAddress"],
            "ip_address": fields["ipAddress"],
            **_threefold("last_inventory_update", record.report_at),
        },
        "location": {"username": fields["username"], "room": fields["room"]},
        "mobile_device_groups": [{"id": 58, "name": "Kiosks without passcode"}],
    }


def basic_mobile(record: Record) -> JSONObject:
    """An entry of the Classic API's list."""
    fields = record.fields
    return {
        "id": record.number,
        "name": fields["deviceName"],
        "udid": fields["udid"],
        "serial_number": fields["serialNumber"],
        "wifi_mac_address": fields["wifiMacAddress"],
        "managed": record.managed,
        "model": fields["model"],
        "model_identifier": fields["product"],
        "username": fields["username"],
    }


def _iso(moment: datetime, zone: str = "Z") -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + zone


def _threefold(name: str, moment: datetime) -> Mapping[str, JSON]:
    epoch = int(moment.timestamp() * 1000)
    return {name: f"{moment:%Y-%m-%d %H:%M:%S}", f"{name}_epoch": epoch, f"{name}_utc": _iso(moment, "+0000")}
