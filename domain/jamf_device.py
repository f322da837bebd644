"""The computer or mobile device that a Jamf Pro event is about, as its record there."""

from dataclasses import dataclass, field

from domain.device_event import LONGEST_ID
from domain.json_types import JSON, JSONObject

COMPUTER, MOBILE_DEVICE, UNKNOWN = "computer", "mobile_device", "unknown"
"""Families; numbers of records are unique in each. Some events do not tell it (see `read_jamf_device`)."""

OURS = (
    "checked_in_at", "console_username", "enrolled", "enrolled_at", "first_seen_at", "inventory_at", "last_command_at",
    "last_seen_at", "push_capability_changed_at", "push_sent_at", "rate_limited_at", "trigger", "un_enrolled_at",
)  # fmt: skip
"""Facts of our own making, which no field of a server may be taken for."""

_OF_THE_EVENT = (
    "computer", "trigger", "policyId", "successful", "deployedVersion", "eventActions", "patchPolicyId",
    "patchPolicyName", "softwareTitleId", "softwareTitleName",
)  # fmt: skip
"""Fields that older servers put beside those of the computer."""

_NO_DEVICE = ("DeviceAddedToDEP", "JSSStartup", "JSSShutdown", "PatchSoftwareTitleUpdated", "RestAPIOperation")


@dataclass(frozen=True, slots=True, kw_only=True)
class JamfDevice:
    """At least one of the ids is there. ``facts`` are what the event says of it, under Jamf's names.

    ``jamf_id`` is the number of its record (`jssID`) as text; numbers below 1 name none.
    """

    family: str
    jamf_id: str | None = None
    serial_number: str | None = None
    udid: str | None = None
    management_id: str | None = None
    facts: JSONObject = field(default_factory=dict)


def read_jamf_device(topic: str, fields: JSONObject) -> JamfDevice | None:
    """The device of an event whose ``fields`` were read; None when it names none.

    A computer lies in `computer`, or, in some events and in all of old servers, in the event itself. The family is
    that of the event's name; a push is of a computer or of a mobile device where its `type` says so, and of an
    unknown family else, as is whatever was rate-limited.
    """
    if topic.startswith("SmartGroup") or topic in _NO_DEVICE:
        return None
    found = fields.get("targetDevice" if topic == "SCEPChallenge" else "computer")
    if not isinstance(found, dict):
        found = {} if topic == "SCEPChallenge" else _flat(topic, fields)
    device = JamfDevice(
        family=_family(topic, fields),
        jamf_id=record_id(found.get("jssID")),
        serial_number=_identifier(found.get("serialNumber")),
        udid=_identifier(found.get("udid")),
        management_id=_identifier(found.get("managementId")),
        facts={name: value for name, value in found.items() if name not in OURS},
    )
    is_named = device.jamf_id or device.serial_number or device.udid or device.management_id
    return device if is_named else None


def record_id(value: JSON) -> str | None:
    """The number of a record as text; junk stays what it is, but 0 and below are no number of any."""
    if isinstance(value, int) and value < 1:
        return None
    return _identifier(value)


def _flat(topic: str, fields: JSONObject) -> JSONObject:
    """The user of a flat check-in is the one at the console; who the computer is assigned to has no place in it."""
    others = {"ComputerCheckIn": "username", "PushSent": "type"}.get(topic)
    return {name: value for name, value in fields.items() if name not in _OF_THE_EVENT and name != others}


def _family(topic: str, fields: JSONObject) -> str:
    if topic.startswith("Computer"):
        return COMPUTER
    if topic.startswith("MobileDevice") or topic == "SCEPChallenge":
        return MOBILE_DEVICE
    said = str(fields.get("type", "")).lower() if topic == "PushSent" else ""
    if "mobile" in said:
        return MOBILE_DEVICE
    return COMPUTER if "computer" in said else UNKNOWN


def _identifier(value: JSON) -> str | None:
    """A text that can be a key in SQL; None when it is missing or absurdly long."""
    if value is None or isinstance(value, dict | list) or len(str(value)) > LONGEST_ID:
        return None
    return str(value)
