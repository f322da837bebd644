"""One event on its way into state: its secrets redacted, its document read, what is odd about it noted."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from domain import plist
from domain.classification import Arrival, classify, document_of, reading_flags
from domain.clock import believed, parse_epoch
from domain.device_event import LONGEST_ID, DeviceEvent, read_device_event
from domain.envelope import Envelope
from domain.errors import MalformedEvent
from domain.jamf_details import jamf_details
from domain.jamf_device import UNKNOWN, JamfDevice
from domain.jamf_event import JamfEvent, read_jamf_event
from domain.json_body import duplicate_keys, may_repeat_keys
from domain.json_types import JSONObject
from domain.kinds import MDM_KINDS
from domain.notification import Notification, read_notification
from domain.redaction import redact
from domain.text import clipped, storable, storable_tree
from state.keys import jamf_device_id

LONGEST_ERROR = 20_000
NOT_KEPT = "body_not_kept"
UNREADABLE_AS_RECEIVED = "unreadable_as_received"
"""Nobody could read it as it was received, only what is left of it: nothing that anybody sent."""


@dataclass(slots=True, kw_only=True)
class Story:
    """``document`` is None for what is no event, then ``error`` says why; ``event`` is what handlers are given.

    ``id`` is that of its row, given when it is decided on.
    """

    envelope: Envelope
    id: str = ""
    document: JSONObject | None = None
    event: DeviceEvent | Notification | JamfEvent | None = None
    event_id: str | None = None
    occurred_at: datetime
    error: str | None = None
    flags: list[str] = field(default_factory=list)
    details: JSONObject = field(default_factory=dict)

    @property
    def device_event(self) -> DeviceEvent | None:
        return self.event if isinstance(self.event, DeviceEvent) else None

    @property
    def type(self) -> str:
        return storable(self.envelope.type) or "quarantine"

    def columns(self) -> dict[str, Any]:
        """What was read from the event, as columns; a replay writes these anew."""
        return {
            "type": self.type,
            "event_id": self.event_id,
            "device_id": self.device_event.device_id if self.device_event else None,
            "jamf_device_id": _jamf_device_id(self.event) if isinstance(self.event, JamfEvent) else None,
            "occurred_at": self.occurred_at,
            "error": clipped(storable(self.error), LONGEST_ERROR) if self.error else None,
            "flags": self.flags,
            "details": self.details,
        }

    @property
    def kept_body(self) -> bytes | None:
        return None if NOT_KEPT in self.flags else self.envelope.body

    def arrival_columns(self) -> dict[str, Any]:
        """What is known from the delivery alone and never changes."""
        envelope = self.envelope
        return {
            "key": bytes.fromhex(envelope.key),
            "sender": envelope.sender,
            "kind": envelope.kind,
            "received_at": envelope.received_at,
            "content_type": storable(envelope.content_type)[:200],
            "remote_addr": storable(envelope.remote_addr)[:100],
        }


def unread_story(envelope: Envelope) -> Story:
    """What is known of an event that nobody can read without harm."""
    return Story(envelope=replace(envelope, body=b""), occurred_at=envelope.received_at, flags=[NOT_KEPT])


def read_story(envelope: Envelope, fingerprint: Callable[[bytes], str]) -> Story:
    """Redact, then read: handlers never see a secret, and a replay of what was stored reads the same."""
    received, redacted = envelope, redact(envelope.body, fingerprint)
    if redacted.fields:
        envelope = replace(envelope, body=redacted.body)
    story = Story(envelope=envelope, error=envelope.error, occurred_at=envelope.received_at)
    if redacted.fields:
        story.flags.append("redacted")
    try:
        if not envelope.type:
            _judge(story, received)
            envelope = story.envelope
        story.document = document_of(envelope.kind, envelope.body, envelope.content_type)
    except MalformedEvent as exc:
        story.error = str(exc)
        return story
    _read_document(story, story.document)
    return story


def _judge(story: Story, received: Envelope) -> None:
    """What was quarantined is read anew: a later version may understand it, when people replay it.

    The bytes that were received decide: redaction may cut out just what broke them.
    Raises: MalformedEvent, whose words tell places, never content.
    """
    try:
        _type_of(received)
    except MalformedEvent:
        if story.envelope is not received and _is_event(story.envelope):
            story.flags.append(UNREADABLE_AS_RECEIVED)
        raise
    story.envelope = replace(story.envelope, type=_type_of(story.envelope), error=None)
    story.error = None


def _is_event(envelope: Envelope) -> bool:
    try:
        return bool(_type_of(envelope))
    except MalformedEvent:
        return False


def _type_of(envelope: Envelope) -> str:
    arrival = Arrival(
        delivery_id=envelope.delivery_id,
        sender=envelope.sender,
        kind=envelope.kind,
        content_type=envelope.content_type,
        remote_addr=envelope.remote_addr,
        body=envelope.body,
        received_at=envelope.received_at,
    )
    return classify(arrival).type


def _read_document(story: Story, document: JSONObject) -> None:
    envelope = story.envelope
    if envelope.kind in MDM_KINDS:
        event = read_device_event(document, sender=envelope.sender, key=envelope.key, received_at=envelope.received_at)
        story.event = event
        story.event_id = _identifier(document.get("event_id"))
        story.occurred_at = event.occurred_at
        story.flags += event.flags
        story.details = _connect_details(event)
    elif envelope.kind == "apps-and-books":
        notification = read_notification(
            document, sender=envelope.sender, key=envelope.key, received_at=envelope.received_at
        )
        story.event = notification
        story.event_id = _identifier(document.get("notificationId"))
        story.flags += notification.flags
        story.details = _notification_details(notification)
    else:
        webhook = document.get("webhook")
        timestamp = webhook.get("eventTimestamp") if isinstance(webhook, dict) else None
        story.occurred_at, refused = believed(parse_epoch(timestamp), envelope.received_at)
        story.flags += ["clock_refused"] if refused else []
        said = read_jamf_event(
            document, sender=envelope.sender, topic=envelope.type, key=envelope.key, occurred_at=story.occurred_at
        )
        story.event, story.details = said, jamf_details(said)
        story.flags += [*said.flags, *reading_flags(envelope.body, envelope.content_type)]
    if may_repeat_keys(envelope.body, document) and duplicate_keys(envelope.body):
        story.flags.append("duplicate_keys")


def _jamf_device_id(event: JamfEvent) -> str | None:
    """The record that it is about; a device that is not in Jamf Pro yet goes by its serial number."""
    device = event.device
    if device is None and event.topic == "DeviceAddedToDEP":
        device = JamfDevice(family=UNKNOWN, serial_number=event.text("serialNumber"))
    return jamf_device_id(event.sender, device.family, device) if device is not None else None


def _identifier(value: object) -> str | None:
    return storable(value)[:LONGEST_ID] if isinstance(value, str) and value else None


def _notification_details(notification: Notification) -> JSONObject:
    found: JSONObject = {
        "u_id": notification.u_id,
        "event_id": notification.event_id,
        "type": notification.change,
        "result": notification.result,
        "error_number": notification.error_number,
        "error_message": notification.error_message or None,
        "assignments": len(notification.assignments) or None,
        "users": len(notification.users) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _connect_details(event: DeviceEvent) -> JSONObject:
    found = {
        "status": event.status,
        "command_uuid": event.command_uuid,
        "channel_id": event.channel_id,
        "request_type": event.payload.get("RequestType"),
        "error_chain": event.payload.get("ErrorChain"),
    }
    return {name: storable_tree(plist.jsonable(value)) for name, value in found.items() if value is not None}
