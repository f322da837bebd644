"""What Jamf Pro says: the ``event`` object of each of its 23 webhook events, as a table.

Source: https://developer.jamf.com/developer-guide/docs/webhooks
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.json_types import JSONObject
from simulators.identities import Identity

BASE_URL = "https://mdm.quillfeather.example:8443/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom an event is about. ``computer`` and ``mobile`` are Jamf's two forms of a device record."""

    computer: Mapping[str, Any]
    mobile: Mapping[str, Any]
    at: datetime
    rng: random.Random


@dataclass(frozen=True, slots=True, kw_only=True)
class JamfEvent:
    """One event before it is written as JSON or XML; ``webhook_id`` is the definition's number, not the event's."""

    name: str
    webhook_id: int
    event: JSONObject
    at: datetime


def computer(identity: Identity, *, name: str, os_version: str, os_build: str, jss_id: int) -> JSONObject:
    """A computer record, in the order of Jamf's XML. Empty strings stand for what is not known."""
    return {
        "udid": identity.udid,
        "deviceName": name,
        "model": identity.model_name,
        "macAddress": f"5E:0C:91:A4:{jss_id >> 8 & 255:02X}:{jss_id & 255:02X}",
        "alternateMacAddress": "",
        "serialNumber": identity.serial_number,
        "osVersion": os_version,
        "osBuild": os_build,
        "userDirectoryID": "-1",
        "username": identity.user.get("UserShortName", ""),
        "realName": identity.user.get("UserLongName", ""),
        "emailAddress": "",
        "phone": "",
        "position": "",
        "department": "Cartography",
        "building": "Quayside",
        "room": "Q2.07",
        "jssID": jss_id,
        "ipAddress": "2001:db8:4:8::17",
        "reportedIpAddress": "10.44.9.2",
        "managementId": f"c9a1c7b2-6a54-4c55-9d0f-{jss_id:012x}",
    }


def mobile(identity: Identity, *, name: str, os_version: str, os_build: str, jss_id: int) -> JSONObject:
    """A mobile device record, in the order of Jamf's XML."""
    return {
        "udid": identity.udid,
        "deviceName": name,
        "version": os_version,
        "model": identity.model_name,
        "bluetoothMacAddress": "8A:21:0F:3C:5B:E1",
        "wifiMacAddress": "8A:21:0F:3C:5B:E0",
        "imei": identity.imei,
        "icciID": "",
        "product": identity.product_name,
        "serialNumber": identity.serial_number,
        "userDirectoryID": "-1",
        "room": "Pier",
        "osVersion": os_version,
        "osBuild": os_build,
        "modelDisplay": identity.model_name,
        "username": "kiosk",
        "jssID": jss_id,
        "ipAddress": "198.51.100.77",
        "managementId": f"f2d43c90-7c1e-4d0b-a9f7-{jss_id:012x}",
    }


def _computer(subject: Subject) -> JSONObject:
    return dict(subject.computer)


def _mobile(subject: Subject) -> JSONObject:
    return dict(subject.mobile)


def _check_in(subject: Subject) -> JSONObject:
    return {"computer": _computer(subject), "trigger": "CLIENT_CHECKIN", "username": "soren"}


def _policy(subject: Subject) -> JSONObject:
    successful = subject.rng.random() < 0.9
    return {"computer": _computer(subject), "policyId": subject.rng.randrange(1, 900), "successful": successful}


def _patch_policy(subject: Subject) -> JSONObject:
    return {
        "computer": _computer(subject),
        "patchPolicyId": 63,
        "patchPolicyName": "Inkwell ring 1",
        "softwareTitleId": 240,
        "deployedVersion": "8.12.4",
        "eventActions": {"action": ["download finished", "installed"]},
        "successful": True,
    }


def _added_to_dep(subject: Subject) -> JSONObject:
    return {
        "assetTag": "",
        "description": "MBA 13.6 MDN/8CG/256",
        "deviceAssignedDate": int(subject.at.timestamp()) * 1000,
        "deviceEnrollmentProgramInstanceId": 3,
        "model": subject.computer["model"],
        "serialNumber": subject.computer["serialNumber"],
    }


def _rate_limited(subject: Subject) -> JSONObject:
    """Undocumented: as little as could be sent."""
    return {"serialNumber": subject.mobile["serialNumber"], "udid": subject.mobile["udid"]}


def _server(_: Subject) -> JSONObject:
    return {
        "institution": "Quillfeather Press",
        "hostAddress": "10.44.0.11",
        "webApplicationPath": "/opt/jamf/webapps/ROOT",
        "isClusterMaster": True,
        "jssUrl": BASE_URL,
    }


def _patch_title(subject: Subject) -> JSONObject:
    return {
        "name": "Inkwell",
        "latestVersion": f"8.12.{subject.rng.randrange(100)}",
        "lastUpdate": int(subject.at.timestamp() - 260) * 1000,
        "jssID": 240,
        "reportUrls": [f"{BASE_URL}/patch.html?id=240&o=r"],
    }


def _push(subject: Subject) -> JSONObject:
    return {"managementId": subject.rng.randrange(1, 5000), "type": "PushSent"}


def _api_operation(subject: Subject) -> JSONObject:
    return {
        "operationSuccessful": True,
        "objectID": subject.rng.randrange(1, 900),
        "objectName": "Deploy Inkwell; ring 1",
        "objectTypeName": "Policy",
        "authorizedUsername": "svc-courier",
        "restAPIOperationType": subject.rng.choice(["GET", "PUT", "POST", "DELETE"]),
    }


def _scep_challenge(subject: Subject) -> JSONObject:
    return {
        "payloadIdentifier": "6c0e2b41-quay-wifi",
        "payloadTypes": ["com.apple.security.scep", "com.apple.wifi.managed"],
        "scepServerUrl": "https://ca.quillfeather.example/scep/wifi",
        "targetDevice": {key: value for key, value in subject.mobile.items() if key != "jssID"},
        "targetUser": {"username": "kiosk", "realname": "", "email": "", "password": "", "buildingID": -1},
    }


def _computer_group(subject: Subject) -> JSONObject:
    ids = [subject.computer["jssID"], subject.rng.randrange(10_000, 20_000)]
    return _group("FileVault off", 14, added=ids, removed=[]) | {"computer": True}


def _mobile_group(subject: Subject) -> JSONObject:
    shown = {key: subject.mobile[key] for key in ("deviceName", "serialNumber")} | {"Asset Tag": "P-0093"}
    group = _group("Kiosks without passcode", 58, added=[subject.mobile["jssID"]], removed=[377, 390])
    return group | {"groupAddedDevices": [shown], "computer": False}


def _group(name: str, jssid: int, *, added: list[int], removed: list[int]) -> JSONObject:
    return {
        "name": name,
        "smartGroup": True,
        "groupAddedDevices": [],
        "groupAddedDevicesIds": added,
        "groupRemovedDevices": [],
        "groupRemovedDevicesIds": removed,
        "jssid": jssid,
    }


def _user_group(subject: Subject) -> JSONObject:
    added = [subject.rng.randrange(1, 900)]
    return {"name": "Leavers", "smartGroup": True, "groupAddedUserIds": added, "groupRemovedUserIds": [], "jssid": 9}


EVENTS: Mapping[str, Callable[[Subject], JSONObject]] = {
    "ComputerAdded": _computer,
    "ComputerCheckIn": _check_in,
    "ComputerInventoryCompleted": _computer,
    "ComputerPolicyFinished": _policy,
    "ComputerPatchPolicyCompleted": _patch_policy,
    "ComputerPushCapabilityChanged": _computer,
    "DeviceAddedToDEP": _added_to_dep,
    "DeviceRateLimited": _rate_limited,
    "JSSStartup": _server,
    "JSSShutdown": _server,
    "MobileDeviceCheckIn": _mobile,
    "MobileDeviceCommandCompleted": _mobile,
    "MobileDeviceEnrolled": _mobile,
    "MobileDeviceInventoryCompleted": _mobile,
    "MobileDevicePushSent": _mobile,
    "MobileDeviceUnEnrolled": _mobile,
    "PatchSoftwareTitleUpdated": _patch_title,
    "PushSent": _push,
    "RestAPIOperation": _api_operation,
    "SCEPChallenge": _scep_challenge,
    "SmartGroupComputerMembershipChange": _computer_group,
    "SmartGroupMobileDeviceMembershipChange": _mobile_group,
    "SmartGroupUserMembershipChange": _user_group,
}
"""Every event Jamf Pro can send, by the name it has on the wire. One webhook definition carries one of them."""


def event(name: str, subject: Subject) -> JamfEvent:
    """The event ``name`` about ``subject``, from the definition that carries it (numbered 21 and up)."""
    body = EVENTS[name](subject)
    return JamfEvent(name=name, webhook_id=21 + list(EVENTS).index(name), event=body, at=subject.at)
