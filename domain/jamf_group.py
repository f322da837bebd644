"""Who entered and who left a smart group of Jamf Pro, as one event tells it."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.jamf_device import record_id
from domain.json_types import JSONObject

KINDS = {
    "SmartGroupComputerMembershipChange": "computers",
    "SmartGroupMobileDeviceMembershipChange": "mobile_devices",
    "SmartGroupUserMembershipChange": "users",
}
"""What a group is of; numbers of groups are unique in each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChange:
    """Numbers of records as text, each once. ``in_both`` are those in both lists: they left and came back, and are in.

    Jamf Pro tells what a group is after it was worked out anew, so who is named as added is a member then.
    """

    kind: str
    group_id: str
    name: str | None
    added: Sequence[str]
    removed: Sequence[str]
    in_both: Sequence[str] = ()


def read_group_change(topic: str, fields: JSONObject) -> GroupChange | None:
    """None when it is no such event, or does not say which group; what is no number in its lists is left out."""
    kind, group_id, name = KINDS.get(topic), record_id(fields.get("jssID")), fields.get("name")
    if kind is None or group_id is None:
        return None
    what = "UserIds" if kind == "users" else "DevicesIds"
    added, removed = (_numbers(fields, f"group{change}{what}") for change in ("Added", "Removed"))
    gone = set(removed)
    return GroupChange(
        kind=kind,
        group_id=group_id,
        name=name if isinstance(name, str) else None,
        added=added,
        removed=removed,
        in_both=tuple(number for number in added if number in gone),
    )


def _numbers(fields: JSONObject, name: str) -> tuple[str, ...]:
    listed = fields.get(name)
    items = listed if isinstance(listed, list) else []
    return tuple(dict.fromkeys(str(item) for item in items if type(item) is int and item > 0))
