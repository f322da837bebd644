"""What MicroMDM and NanoMDM relay: a device's own plist in base64, and around it what the server adds.

Sources: https://github.com/micromdm/micromdm/blob/main/docs/user-guide/api-and-webhooks.md and
https://github.com/micromdm/nanomdm/blob/main/docs/webhook-event.json (checked 2026-11)
"""

import base64
import secrets
import uuid
from typing import Any

from console.samples.subject import Subject
from domain import plist
from domain.clock import rfc3339
from domain.device_event import CONNECT
from domain.json_types import JSONObject

_PUSH_TOPIC = "com.apple.mgmt.External.5f1c2b80-0000-4000-8000-77696e646661"

_FACTS = {
    "DeviceName": "A sample Mac",
    "Model": "MC7C4LL/A",
    "ModelName": "MacBook Air",
    "ProductName": "Mac15,12",
    "OSVersion": "26.1",
    "BuildVersion": "25B78",
}


def micromdm_event(topic: str, subject: Subject) -> JSONObject:
    content = _content(topic, subject)
    message = {"udid": subject.udid, "raw_payload": _encoded(content)}
    if topic == CONNECT:
        answer = {"status": content["Status"], "command_uuid": content["CommandUUID"]}
        return _event(topic, subject, str(uuid.uuid4())) | {"acknowledge_event": {**message, **answer}}
    return _event(topic, subject, str(uuid.uuid4())) | {"checkin_event": {**message, "url_params": None}}


def nanomdm_event(topic: str, subject: Subject) -> JSONObject:
    content = _content(topic, subject)
    message: JSONObject = {
        "udid": subject.udid,
        "ids": {"id": subject.udid, "type": "Device"},
        "raw_payload": _encoded(content),
    }
    if "UserID" in content:
        message["ids"] = {"id": f"{subject.udid}:{content['UserID']}", "parent_id": subject.udid, "type": "User"}
    if topic == CONNECT:
        message |= {"status": content["Status"], "command_uuid": content["CommandUUID"]}
    if topic == "mdm.TokenUpdate":
        message["token_update_tally"] = 1
    name = "acknowledge_event" if topic == CONNECT else "checkin_event"
    return _event(topic, subject, secrets.token_hex(8)) | {name: message}


def _event(topic: str, subject: Subject, event_id: str) -> JSONObject:
    return {"topic": topic, "event_id": event_id, "created_at": rfc3339(subject.at)}


def _content(topic: str, subject: Subject) -> dict[str, Any]:
    """The plist of the device: an answer to DeviceInformation, or a check-in."""
    if topic == CONNECT:
        told = {**_FACTS, "UDID": subject.udid, "SerialNumber": subject.serial_number, "IsSupervised": True}
        return {
            "Status": "Acknowledged",
            "CommandUUID": str(uuid.uuid4()).upper(),
            "UDID": subject.udid,
            "QueryResponses": told,
        }
    check_in = {"MessageType": topic.removeprefix("mdm."), "Topic": _PUSH_TOPIC, "UDID": subject.udid}
    return check_in | _own_keys(topic, subject)


def _own_keys(topic: str, subject: Subject) -> dict[str, Any]:
    """The keys of one type of check-in. Source: https://developer.apple.com/documentation/devicemanagement/check-in"""
    keys: dict[str, dict[str, Any]] = {
        "mdm.Authenticate": {**_FACTS, "SerialNumber": subject.serial_number},
        "mdm.TokenUpdate": {
            "Token": secrets.token_bytes(32),
            "PushMagic": str(uuid.uuid4()).upper(),
            "AwaitingConfiguration": False,
            "NotOnConsole": False,
        },
        "mdm.SetBootstrapToken": {"BootstrapToken": secrets.token_bytes(64), "AwaitingConfiguration": False},
        "mdm.UserAuthenticate": {
            "UserID": str(uuid.uuid5(uuid.NAMESPACE_DNS, subject.udid)).upper(),
            "UserShortName": "sample",
            "UserLongName": "A Sample User",
            "NotOnConsole": False,
        },
        "mdm.DeclarativeManagement": {"Endpoint": "tokens"},
        "mdm.GetToken": {"TokenServiceType": "com.apple.maid"},
    }
    return keys.get(topic, {})


def _encoded(content: dict[str, Any]) -> str:
    return base64.b64encode(plist.encode(content)).decode()
