"""What Jamf Pro says: an `event` of one of its types, and the `webhook` definition it comes from.

Source: https://developer.jamf.com/developer-guide/docs/webhooks (checked 2026-11)
"""

import secrets
from collections.abc import Callable

from console.samples.subject import Subject
from domain.json_types import JSONObject

_SERVER = "https://jamf.example:8443/"
_JSS_ID = 7731


def jamf_event(name: str, subject: Subject) -> JSONObject:
    milliseconds = int(subject.at.timestamp() * 1000)
    webhook = {"id": 21, "name": f"windfall {name}", "webhookEvent": name, "eventTimestamp": milliseconds}
    build = _FORMS.get(name)
    return {"webhook": webhook, "event": build(subject) if build else {"sample": secrets.token_hex(4)}}


def _computer(subject: Subject) -> JSONObject:
    return {
        "alternateMacAddress": "",
        "building": "Quayside",
        "department": "Cartography",
        "deviceName": "A sample Mac",
        "emailAddress": "sample@school.example",
        "ipAddress": "198.51.100.23",
        "jssID": _JSS_ID,
        "macAddress": "5E:0C:91:A4:77:12",
        "managementId": "c9a1c7b2-6a54-4c55-9d0f-1f0f2b7b6e11",
        "model": "MacBook Air (M4, 2025)",
        "osBuild": "25B78",
        "osVersion": "26.1",
        "phone": "",
        "position": "",
        "realName": "A Sample User",
        "reportedIpAddress": "10.44.8.190",
        "room": "Q2.07",
        "serialNumber": subject.serial_number,
        "udid": subject.udid,
        "userDirectoryID": "-1",
        "username": "sample",
    }


def _mobile(subject: Subject) -> JSONObject:
    return {
        "bluetoothMacAddress": "8A:21:0F:3C:5B:E1",
        "deviceName": "A sample iPad",
        "icciID": "",
        "imei": "",
        "ipAddress": "198.51.100.77",
        "jssID": _JSS_ID,
        "managementId": "f2d43c90-7c1e-4d0b-a9f7-1f0f2b7b6e11",
        "model": "iPad14,9",
        "modelDisplay": "iPad Air",
        "osBuild": "23B85",
        "osVersion": "26.1",
        "product": "",
        "room": "Pier",
        "serialNumber": subject.serial_number,
        "udid": subject.udid,
        "userDirectoryID": "-1",
        "username": "sample",
        "version": "26.1",
        "wifiMacAddress": "8A:21:0F:3C:5B:E0",
    }


def _with_computer(**more: object) -> Callable[[Subject], JSONObject]:
    return lambda subject: {"computer": _computer(subject), **more}


def _plain(**fields: object) -> Callable[[Subject], JSONObject]:
    return lambda _: dict(fields)


def _group(id_field: str, **more: object) -> Callable[[Subject], JSONObject]:
    """``id_field`` ends the names of the two lists of members."""
    members = {f"groupAdded{id_field}": [_JSS_ID], f"groupRemoved{id_field}": []}
    return _plain(name="A sample group", jssid=14, smartGroup=True, **members, **more)


def _added_to_dep(subject: Subject) -> JSONObject:
    return {
        "assetTag": "",
        "description": "MBA 13.6 MDN/8CG/256",
        "deviceAssignedDate": int(subject.at.timestamp()) * 1000,
        "deviceEnrollmentProgramInstanceId": 3,
        "model": "MacBook Air",
        "serialNumber": subject.serial_number,
    }


def _rate_limited(subject: Subject) -> JSONObject:
    """Jamf does not document this one."""
    return {"serialNumber": subject.serial_number, "udid": subject.udid}


def _scep_challenge(subject: Subject) -> JSONObject:
    return {
        "payloadIdentifier": "6c0e2b41-sample-wifi",
        "payloadTypes": ["com.apple.security.scep", "com.apple.wifi.managed"],
        "scepServerUrl": "https://ca.example/scep/wifi",
        "targetDevice": {name: value for name, value in _mobile(subject).items() if name != "jssID"},
        "targetUser": {"username": "sample", "realname": "", "email": "", "password": "", "buildingID": -1},
    }


_JSS = _plain(
    hostAddress="10.44.0.11",
    institution="A Sample School",
    isClusterMaster=True,
    jssUrl=_SERVER,
    webApplicationPath="/opt/jamf/webapps/ROOT",
)

_FORMS: dict[str, Callable[[Subject], JSONObject]] = {
    "ComputerAdded": _computer,
    "ComputerCheckIn": _with_computer(trigger="CLIENT_CHECKIN", username="sample"),
    "ComputerInventoryCompleted": _computer,
    "ComputerPatchPolicyCompleted": _with_computer(
        patchPolicyId=63,
        patchPolicyName="Inkwell ring 1",
        softwareTitleId=240,
        deployedVersion="8.12.4",
        eventActions={"action": ["installed"]},
        successful=True,
    ),
    "ComputerPolicyFinished": _with_computer(policyId=41, successful=True),
    "ComputerPushCapabilityChanged": _computer,
    "DeviceAddedToDEP": _added_to_dep,
    "DeviceRateLimited": _rate_limited,
    "JSSShutdown": _JSS,
    "JSSStartup": _JSS,
    "MobileDeviceCheckIn": _mobile,
    "MobileDeviceCommandCompleted": _mobile,
    "MobileDeviceEnrolled": _mobile,
    "MobileDeviceInventoryCompleted": _mobile,
    "MobileDevicePushSent": _mobile,
    "MobileDeviceUnEnrolled": _mobile,
    "PatchSoftwareTitleUpdated": _plain(
        name="Inkwell",
        latestVersion="8.12.4",
        lastUpdate=1774012400031,
        jssID=240,
        reportUrls=[f"{_SERVER}patch.html?id=240"],
    ),
    "PushSent": _plain(managementId=_JSS_ID, type="PushSent"),
    "RestAPIOperation": _plain(
        authorizedUsername="svc-sample",
        objectID=41,
        objectName="Deploy Inkwell",
        objectTypeName="Policy",
        operationSuccessful=True,
        restAPIOperationType="PUT",
    ),
    "SCEPChallenge": _scep_challenge,
    "SmartGroupComputerMembershipChange": _group(
        "DevicesIds", groupAddedDevices=[], groupRemovedDevices=[], computer=True
    ),
    "SmartGroupMobileDeviceMembershipChange": _group("DevicesIds", groupAddedDevices=[], computer=False),
    "SmartGroupUserMembershipChange": _group("UserIds"),
}
