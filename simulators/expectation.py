"""What a receiver must know in the end, worked out from the events it acknowledged, in whatever order it got them.

Written apart from the receiver's own rules: events are simply read in the order they happened.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from domain.json_types import JSON, JSONObject
from simulators.apple_notifications import Notification
from simulators.devices import Message
from simulators.jamf_events import JamfEvent

AUTHENTICATE_FACTS = frozenset(
    {"SerialNumber", "OSVersion", "BuildVersion", "ProductName", "DeviceName", "Model", "ModelName", "IMEI", "MEID"}
)
JAMF_FACTS = {"serialNumber": "SerialNumber", "deviceName": "DeviceName", "osVersion": "OSVersion"} | {
    "osBuild": "BuildVersion"
}


@dataclass(slots=True, kw_only=True)
class ExpectedDevice:
    """A device as its server last saw it. ``facts`` has Apple's key names; ``users`` the ids of its user channels.

    ``enrolled`` turns true with a TokenUpdate of the device and false with Authenticate or CheckOut. It stays None for
    a device that said neither, and for one known from Jamf alone.
    """

    device_id: str
    udid: str = ""
    enrollment_id: str = ""
    serial_number: str = ""
    enrolled: bool | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)
    last_seen_at: datetime | None = None

    def document(self) -> JSONObject:
        """For a JSON report."""
        seen = self.last_seen_at.isoformat() if self.last_seen_at else None
        return asdict(self) | {"users": sorted(self.users), "last_seen_at": seen}


def expected_devices(messages: Iterable[Message]) -> dict[str, ExpectedDevice]:
    """The devices after these messages, by UDID or EnrollmentID. Idle polls count for ``last_seen_at``."""
    devices: dict[str, ExpectedDevice] = {}
    for message in sorted(messages, key=lambda message: message.at):
        known = devices.setdefault(message.device_id, ExpectedDevice(device_id=message.device_id))
        known.udid = message.content.get("UDID", "")
        known.enrollment_id = message.content.get("EnrollmentID", "")
        known.last_seen_at = message.at
        if message.of_user:
            known.users.add(_user_of(message.content))
        else:
            _apply(message, known)
    return devices


def expected_jamf_devices(events: Iterable[JamfEvent]) -> dict[str, ExpectedDevice]:
    """The computers and mobile devices after these events, by UDID."""
    devices: dict[str, ExpectedDevice] = {}
    for event in sorted(events, key=lambda event: event.at):
        record = event.event.get("computer", event.event)
        if not isinstance(record, dict) or not {"udid", "deviceName", "jssID"} <= record.keys():
            continue
        known = devices.setdefault(record["udid"], ExpectedDevice(device_id=record["udid"], udid=record["udid"]))
        known.facts |= {ours: record[theirs] for theirs, ours in JAMF_FACTS.items() if record.get(theirs)}
        known.serial_number = known.facts.get("SerialNumber", "")
        known.last_seen_at = event.at
    return devices


def expected_assignments(notifications: Iterable[Notification]) -> dict[tuple[str, str, str, str], str]:
    """``assigned``, ``unassigned`` or ``failed`` by (uId, adamId, pricingParam, serialNumber).

    Apple's notifications have no order; this is meant for runs that touch each pair once.
    """
    states: dict[tuple[str, str, str, str], str] = {}
    for notification in notifications:
        if notification.notification_type != "ASSET_MANAGEMENT":
            continue
        body = notification.notification
        done = "assigned" if body["type"] == "ASSOCIATE" else "unassigned"
        for pair in body["assignments"]:
            key = (notification.u_id, pair["adamId"], pair["pricingParam"], pair["serialNumber"])
            states[key] = done if body["result"] == "SUCCESS" else "failed"
    return states


def expected_count_deltas(notifications: Iterable[Notification]) -> dict[tuple[str, str, str], int]:
    """The sum of the count deltas by (uId, adamId, pricingParam), each notification counted once however often sent."""
    deltas: dict[tuple[str, str, str], int] = {}
    for notification in {one.notification_id: one for one in notifications}.values():
        if notification.notification_type == "ASSET_COUNT":
            body = notification.notification
            key = (notification.u_id, body["adamId"], body["pricingParam"])
            deltas[key] = deltas.get(key, 0) + body["countDelta"]
    return deltas


def _apply(message: Message, known: ExpectedDevice) -> None:
    content = message.content
    told: Mapping[str, JSON] = {}
    match message.topic:
        case "mdm.Authenticate":
            known.enrolled = False
            told = {key: value for key, value in content.items() if key in AUTHENTICATE_FACTS}
        case "mdm.TokenUpdate":
            known.enrolled = True
        case "mdm.CheckOut":
            known.enrolled = False
        case "mdm.Connect":
            told = content.get("QueryResponses", {})
    known.facts |= told
    known.serial_number = known.facts.get("SerialNumber", "")


def _user_of(content: Mapping[str, Any]) -> str:
    """What tells the users of one device apart: on a Shared iPad the short name, as all share one UserID."""
    user_id = str(content.get("UserID") or content["EnrollmentUserID"])
    return str(content["UserShortName"]) if set(user_id) == {"F", "-"} else user_id
