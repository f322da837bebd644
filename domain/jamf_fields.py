"""The fields of a Jamf Pro event in one form, whether they came as JSON or as XML, from an old server or a new one.

XML knows no numbers, no lists of one and no empty lists. So JSON is first said as XML would say it; then both are typed
alike, by what Jamf documents of each name. What does not fit its type stays as text, and is flagged.

Source: https://developer.jamf.com/developer-guide/docs/webhooks (checked 2026-11)
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from domain.clock import parse_epoch, parse_time, rfc3339
from domain.json_body import compact
from domain.json_types import JSON, JSONObject
from domain.text import clipped, storable

MOST_NAMES = 200
"""Fields of one object that are kept; the documented ones first."""

LONGEST_NAME, LONGEST_TEXT = 100, 4_096
"""Characters of a name, and of a text or of what an unknown object says; the rest is cut off."""

MOST_ITEMS = 250_000
"""Items of one list, as many as an XML document may have elements."""

MOST_FLAGS = 20

_LONGEST_INTEGER = 2**63
_INTEGER = re.compile(r"-?[0-9]{1,19}\Z")


@dataclass(slots=True, kw_only=True)
class Reading:
    """What was odd so far: ``odd_field:<name>`` for a value of another type, ``cut_field:<name>`` for a long one."""

    flags: dict[str, None] = field(default_factory=dict)

    def flag(self, word: str, name: str) -> None:
        if len(self.flags) < MOST_FLAGS:
            self.flags[f"{word}:{name}"] = None


def read_fields(event: JSON, topic: str) -> tuple[JSONObject, tuple[str, ...]]:
    """The `event` object with its blanks left out and its values typed, and what was odd about it.

    Known names have their documented spelling, whatever case they came in, and `jssid` is `jssID`. Lists that belong
    to an event are there even when empty. Unknown fields are kept as text, or as objects and lists of it.
    Nothing in it, or no object at all, gives ``{}``.
    """
    said = _said(event)
    if not isinstance(said, dict):
        return {}, ("no_event",)
    reading = Reading()
    fields = _typed_object(said, reading)
    return {**{name: [] for name in LISTS.get(topic, ())}, **fields}, tuple(sorted(reading.flags))


def _said(value: JSON) -> JSON:
    """As XML would say it: text, a list of two or more, an object; None for what says nothing. At most 32 deep."""
    if isinstance(value, dict):
        members = {clipped(storable(name), LONGEST_NAME): _said(child) for name, child in value.items()}
        return {name: child for name, child in members.items() if child is not None} or None
    if isinstance(value, list):
        items: list[JSON] = []
        for item in map(_said, value):
            items += item if isinstance(item, list) else [] if item is None else [item]
        return items if len(items) > 1 else items[0] if items else None
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return None
    text = storable(str(value)).replace("\r\n", "\n").replace("\r", "\n").strip()
    return text or None


def _typed_object(said: Mapping[str, JSON], reading: Reading) -> JSONObject:
    """Where two spellings of a name are there, the documented one counts; which came first never does."""
    order = sorted(said, key=lambda name: (name.lower() not in _SPELLING, name not in _TYPES, name))
    if len(order) > MOST_NAMES:
        reading.flag("cut_field", "event")
    typed: JSONObject = {}
    for name in order[:MOST_NAMES]:
        known = _SPELLING.get(name.lower(), name)
        if known not in typed:
            typed[known] = _TYPES.get(known, _unknown)(known, said[name], reading)
    return typed


def _text(name: str, value: JSON, reading: Reading) -> str:
    if not isinstance(value, str):
        reading.flag("odd_field", name)
        value = compact(value).decode()
    if len(value) > LONGEST_TEXT:
        reading.flag("cut_field", name)
    return clipped(value, LONGEST_TEXT)


def _integer(name: str, value: JSON, reading: Reading) -> int | str:
    if isinstance(value, str) and _INTEGER.match(value) and -_LONGEST_INTEGER <= int(value) < _LONGEST_INTEGER:
        return int(value)
    reading.flag("odd_field", name)
    return _text(name, value, reading)


def _boolean(name: str, value: JSON, reading: Reading) -> bool | str:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    reading.flag("odd_field", name)
    return _text(name, value, reading)


def _moment(name: str, value: JSON, reading: Reading) -> str:
    """RFC 3339 UTC, of milliseconds or seconds since 1970, or of such a text."""
    moment = (parse_epoch(value) or parse_time(value)) if isinstance(value, str) else None
    if moment is not None:
        return rfc3339(moment)
    reading.flag("odd_field", name)
    return _text(name, value, reading)


def _list_of(type_of_item: Callable[[str, JSON, Reading], JSON]) -> Callable[[str, JSON, Reading], list[JSON]]:
    """A row of elements, one element, or one wrapper around elements of any name."""

    def read(name: str, value: JSON, reading: Reading) -> list[JSON]:
        items = value if isinstance(value, list) else [value]
        if len(items) == 1 and isinstance(items[0], dict) and _is_wrapper(items[0], type_of_item is _unknown):
            items = [item for child in items[0].values() for item in (child if isinstance(child, list) else [child])]
        if len(items) > MOST_ITEMS:
            reading.flag("cut_field", name)
        return [type_of_item(name, item, reading) for item in items[:MOST_ITEMS]]

    return read


def _is_wrapper(value: JSONObject, around_objects: bool) -> bool:
    """Around plain values any object is one; around objects, one that has nothing but objects in it."""
    items = [item for child in value.values() for item in (child if isinstance(child, list) else [child])]
    return not around_objects or all(isinstance(item, dict) for item in items)


def _unknown(name: str, value: JSON, reading: Reading) -> JSON:
    if isinstance(value, str):
        return _text(name, value, reading)
    if len(text := compact(value).decode()) <= LONGEST_TEXT:
        return value
    reading.flag("cut_field", name)
    return clipped(text, LONGEST_TEXT)


def _object(name: str, value: JSON, reading: Reading) -> JSON:
    return _typed_object(value, reading) if isinstance(value, dict) else _text(name, value, reading)


def _computer(name: str, value: JSON, reading: Reading) -> JSON:
    """The computer itself, or in smart-group events whether the group is one of computers."""
    return _typed_object(value, reading) if isinstance(value, dict) else _boolean(name, value, reading)


def _actions(name: str, value: JSON, reading: Reading) -> JSONObject:
    """`{"action": [text]}`; an old server sends the texts alone."""
    inner = value.get("action", value) if isinstance(value, dict) else value
    return {"action": _list_of(_text)(name, inner, reading)}


_NAMES: Mapping[Callable[[str, JSON, Reading], JSON], str] = {
    _integer: """
        jssID policyId patchPolicyId softwareTitleId deviceEnrollmentProgramInstanceId objectID buildingID departmentID
    """,
    _boolean: "successful operationSuccessful isClusterMaster smartGroup",
    _moment: "deviceAssignedDate lastUpdate",
    _list_of(_integer): "groupAddedDevicesIds groupRemovedDevicesIds groupAddedUserIds groupRemovedUserIds",
    _list_of(_text): "groupAddedUsers groupRemovedUsers reportUrls payloadTypes",
    # Their keys may be labels of display fields: free maps.
    _list_of(_unknown): "groupAddedDevices groupRemovedDevices",
    _computer: "computer",
    _actions: "eventActions",
    _object: "targetDevice targetUser",
    _text: """
        alternateMacAddress assetTag authorizedUsername bluetoothMacAddress building department deployedVersion
        description deviceName emailAddress hostAddress icciID imei institution ipAddress jssUrl latestVersion
        macAddress managementId mdmCommand mdmCommandUUID model modelDisplay name objectName objectTypeName osBuild
        osVersion patchPolicyName payloadIdentifier phone position product realName reportUrl reportedIpAddress
        restAPIOperationType room scepServerUrl serialNumber softwareTitleName trigger type udid userDirectoryID
        username version webApplicationPath wifiMacAddress
    """,
}

_TYPES = {name: read for read, names in _NAMES.items() for name in names.split()}
_SPELLING = {name.lower(): name for name in _TYPES}

_OF_GROUPS = ("groupAddedDevices", "groupAddedDevicesIds", "groupRemovedDevices", "groupRemovedDevicesIds")

LISTS: Mapping[str, tuple[str, ...]] = {
    "PatchSoftwareTitleUpdated": ("reportUrls",),
    "SCEPChallenge": ("payloadTypes",),
    "SmartGroupComputerMembershipChange": _OF_GROUPS,
    "SmartGroupMobileDeviceMembershipChange": _OF_GROUPS,
    "SmartGroupUserMembershipChange": ("groupAddedUserIds", "groupRemovedUserIds"),
}
"""Lists that an event has, and that XML leaves out when they are empty."""
