"""What a device told its MDM server, whichever server relayed it: one reading for MicroMDM, NanoMDM and NanoHUB.

Sources: https://github.com/micromdm/micromdm/blob/main/docs/user-guide/api-and-webhooks.md and
https://github.com/micromdm/nanomdm/blob/main/docs/webhook-event.json (checked 2026-11)
"""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from domain import plist
from domain.clock import believed, parse_time
from domain.errors import MalformedPayload
from domain.facts import Stamp
from domain.json_types import JSONObject
from domain.text import storable

CONNECT = "mdm.Connect"
_RANKS = {"mdm.Authenticate": 0, "mdm.CheckOut": 2}

LONGEST_ID = 255
_SHARED_IPAD_USER = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent:
    """One thing a device said. ``payload`` is its plist, ``{}`` when that says nothing.

    ``device_id`` is the device's own, also when a user of it speaks; ``channel_id`` is that user's, else None.
    An event that is not ``usable`` (no device, no readable payload, or two of them) is kept and changes nothing;
    ``flags`` say why. ``has_ids``: the server itself named who spoke, as NanoMDM does and MicroMDM does not.
    """

    sender: str
    topic: str
    device_id: str | None
    channel_id: str | None
    udid: str | None
    enrollment_id: str | None
    occurred_at: datetime
    key: str
    status: str | None = None
    command_uuid: str | None = None
    token_update_tally: int | None = None
    has_ids: bool = False
    payload: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        return bool(self.device_id and self.payload)

    @property
    def is_idle(self) -> bool:
        """A poll that reports nothing."""
        return self.usable and self.topic == CONNECT and self.status == "Idle" and not self.command_uuid

    @property
    def has_own_queue(self) -> bool:
        """Whether the server keeps commands for whoever spoke alone, and nobody else gets them.

        NanoMDM does for every id. MicroMDM's queues go by EnrollmentID, else UserID, else UDID: all users of all
        Shared iPads are in one queue, as their UserID is the same, and the user of a user enrolment is in the device's.
        Source: https://github.com/micromdm/micromdm/blob/v1.13.1/platform/queue/builtin/db.go (checked 2026-11)
        """
        if self.has_ids or self.channel_id is None:
            return True
        user_id = self.payload.get("UserID")
        return bool(user_id) and user_id != _SHARED_IPAD_USER and not self.payload.get("EnrollmentID")

    @property
    def stamp(self) -> Stamp:
        return Stamp(at=self.occurred_at, rank=_RANKS.get(self.topic, 1), by=self.key)


def read_device_event(document: JSONObject, *, sender: str, key: str, received_at: datetime) -> DeviceEvent:
    """Never raises for an odd document: what cannot be used is flagged."""
    flags: list[str] = []
    topic = str(document.get("topic"))
    message = _message(document, topic, flags)
    payload = _payload(message, flags)
    occurred_at, refused = believed(parse_time(document.get("created_at")), received_at)
    if refused:
        flags.append("clock_refused")
    named = _named(message)
    device_id, channel_id = named or _read_from(message, payload)
    if device_id is None:
        flags.append("no_device")
    tally = message.get("token_update_tally")
    return DeviceEvent(
        sender=sender,
        topic=topic,
        device_id=device_id,
        channel_id=channel_id,
        udid=_text(message, "udid") or _text(payload, "UDID"),
        enrollment_id=_text(message, "enrollment_id") or _text(payload, "EnrollmentID"),
        occurred_at=occurred_at,
        key=key,
        status=_text(message, "status") or _text(payload, "Status"),
        command_uuid=_text(message, "command_uuid") or _text(payload, "CommandUUID"),
        token_update_tally=tally if type(tally) is int and 0 <= tally < 2**31 else None,
        has_ids=named is not None,
        payload={} if "two_payloads" in flags else payload,
        flags=tuple(flags),
    )


def _message(document: JSONObject, topic: str, flags: list[str]) -> JSONObject:
    found = {name: document.get(name) for name in ("checkin_event", "acknowledge_event")}
    messages = {name: value for name, value in found.items() if isinstance(value, dict)}
    if len(messages) > 1:
        flags.append("two_payloads")
    wanted = "acknowledge_event" if topic == CONNECT else "checkin_event"
    if wanted not in messages:
        flags.append("no_payload")
    return messages.get(wanted, {})


def _payload(message: JSONObject, flags: list[str]) -> dict[str, Any]:
    encoded = message.get("raw_payload")
    if not message:
        return {}
    if not isinstance(encoded, str) or not encoded.strip():
        flags.append("empty_payload")
        return {}
    try:
        return plist.decode(base64.b64decode(encoded))
    except (MalformedPayload, binascii.Error, ValueError):
        flags.append("unreadable_payload")
        return {}


_Identity: TypeAlias = tuple[str | None, str | None]
"""Device and user channel."""


def _named(message: JSONObject) -> _Identity | None:
    """As NanoMDM's `ids` say; None when there are none."""
    ids = message.get("ids")
    if not isinstance(ids, dict):
        return None
    name = _text(ids, "id")
    if name is None:
        return None
    parent = _text(ids, "parent_id") or name.partition(":")[0]
    return _device(parent), name if parent != name else None


def _read_from(message: JSONObject, payload: dict[str, Any]) -> _Identity:
    """The same ids, made from the message and its plist."""
    device_id = _device(
        _text(message, "enrollment_id")
        or _text(message, "udid")
        or _text(payload, "EnrollmentID")
        or _text(payload, "UDID")
    )
    user = _text(payload, "UserID") or _text(payload, "EnrollmentUserID")
    if user == _SHARED_IPAD_USER:
        user = _text(payload, "UserShortName")
    return device_id, f"{device_id}:{user}" if device_id and user else None


def _device(name: str | None) -> str | None:
    """What has a colon in it is no device: commands for it would go to a user of another one."""
    return name if name and ":" not in name else None


def _text(fields: dict[str, Any], name: str) -> str | None:
    """A text that can be a key in SQL; None when it is missing, empty or absurdly long."""
    value = fields.get(name)
    if not isinstance(value, str) or not value or len(value) > LONGEST_ID:
        return None
    return storable(value)
