"""Just enough reading of a body to name its type and tell it from every other event.

The forms of the keys are frozen: changing one would let events that were seen before in once more.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.envelope import Envelope
from domain.errors import MalformedEvent
from domain.form_body import begins_as_xml, form_payload, is_form
from domain.json_body import canonical, is_latin1, parse_object
from domain.json_types import JSONObject
from domain.kinds import canonical_type
from domain.redaction import redact
from domain.scrubbing import WHOLE
from domain.xml_body import LATIN1, may_be_flagged, parse_jss_event

WINDOW = 30
"""Seconds in which the same bytes are the same event, where nothing in them identifies it. For Jamf Pro's, whose
secrets may be passwords, those are left aside."""

LONGEST_TYPE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery before it is understood. ``body`` is decompressed."""

    delivery_id: str
    sender: str
    kind: str
    content_type: str
    remote_addr: str
    body: bytes
    received_at: datetime

    def envelope(self, classified: "Classified", *, error: str | None = None) -> Envelope:
        """The delivery as it is stored, with what was learned of it."""
        return Envelope(
            delivery_id=self.delivery_id,
            sender=self.sender,
            kind=self.kind,
            type=classified.type,
            key=classified.key,
            also=classified.also,
            received_at=self.received_at,
            content_type=self.content_type,
            remote_addr=self.remote_addr,
            body=self.body,
            error=error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """The vendor's name of the type, and the keys (see Envelope)."""

    type: str
    key: str
    also: str | None = None


def classify(arrival: Arrival) -> Classified:
    """What kind of event this is. Raises: MalformedEvent, when it is none."""
    return _CLASSIFIERS[arrival.kind](arrival)


def document_of(kind: str, body: bytes, content_type: str = "") -> JSONObject:
    """The body as one JSON object: JSON itself, and for Jamf also XML or a form with a `payload` field.

    The Content-Type is only a hint, the first byte decides. Raises: MalformedEvent.
    """
    if kind != "jamf":
        return parse_object(body)
    if begins_as_xml(body):
        return parse_jss_event(body, _charset(content_type)).document
    if is_form(body):
        return document_of(kind, form_payload(body), "")
    return parse_object(body)


def reading_flags(body: bytes, content_type: str = "") -> tuple[str, ...]:
    """What had to be guessed to read a Jamf body that `document_of` reads: `latin1`, `characters_replaced`."""
    if is_form(body):
        return reading_flags(form_payload(body))
    charset, guessed = _charset(content_type), is_latin1(body)
    if begins_as_xml(body):
        return parse_jss_event(body, charset).flags if guessed or may_be_flagged(body) else ()
    return () if not guessed or (charset or "").lower() in ("iso-8859-1", "latin1") else (LATIN1,)


def quarantine_key(arrival: Arrival) -> str:
    """The key under which something that is no event is kept: the same bytes are kept once in a window."""
    return _window_keys(arrival)[0]


def digest(*parts: str | bytes) -> str:
    """sha256 over the parts, each preceded by its length, so that no two lists of parts give the same text."""
    return hashlib.sha256(b"".join(map(_measured, parts))).hexdigest()


def digests(*parts: str, lasts: Iterable[str]) -> list[str]:
    """`digest` of many lists of parts that differ in the last one only."""
    begun = hashlib.sha256(b"".join(map(_measured, parts)))
    found = []
    for last in lasts:
        state = begun.copy()
        state.update(_measured(last))
        found.append(state.hexdigest())
    return found


def _measured(part: str | bytes) -> bytes:
    raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
    return b"%d:%b" % (len(raw), raw)


def _mdm(arrival: Arrival) -> Classified:
    document = document_of(arrival.kind, arrival.body)
    topic = _type(document.get("topic"), "topic")
    event_id = document.get("event_id")
    if isinstance(event_id, str) and event_id:
        return Classified(type=topic, key=digest("mdm", arrival.sender, event_id))
    if isinstance(document.get("created_at"), str):
        return Classified(type=topic, key=digest("mdm", arrival.sender, arrival.body))
    return _windowed(topic, arrival)


def _apps_and_books(arrival: Arrival) -> Classified:
    document = document_of(arrival.kind, arrival.body)
    name = _type(document.get("notificationType"), "notificationType")
    notification_id, location = document.get("notificationId"), document.get("uId")
    if not isinstance(notification_id, str) or not notification_id:
        return _windowed(name, arrival)
    return Classified(type=name, key=digest("apple", str(location), notification_id, canonical(document)))


def _jamf(arrival: Arrival) -> Classified:
    document = document_of(arrival.kind, arrival.body, arrival.content_type)
    webhook = document.get("webhook")
    if not isinstance(webhook, dict):
        raise MalformedEvent("there is no object `webhook`, so nothing says which event this is")
    name = canonical_type("jamf", _type(webhook.get("webhookEvent"), "webhook.webhookEvent"))
    timestamp = webhook.get("eventTimestamp")
    if timestamp in (None, ""):
        return _windowed(name, arrival)
    event = canonical(_without_passwords(document.get("event")))
    return Classified(
        type=name, key=digest("jamf", arrival.sender, name, str(webhook.get("id")), str(timestamp), event)
    )


_CLASSIFIERS: dict[str, Callable[[Arrival], Classified]] = {
    "micromdm": _mdm,
    "nanomdm": _mdm,
    "apps-and-books": _apps_and_books,
    "jamf": _jamf,
}


def _type(value: object, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise MalformedEvent(f"there is no text in `{field}`, so nothing says which event this is")
    return value.strip()[:LONGEST_TYPE]


def _windowed(name: str, arrival: Arrival) -> Classified:
    key, previous = _window_keys(arrival)
    return Classified(type=name, key=key, also=previous)


def _window_keys(arrival: Arrival) -> tuple[str, str]:
    window = int(arrival.received_at.timestamp()) // WINDOW
    body = _without_secrets(arrival) if arrival.kind == "jamf" else arrival.body
    now, before = (digest("bytes", arrival.sender, body, str(number)) for number in (window, window - 1))
    return now, before


def _without_secrets(arrival: Arrival) -> bytes:
    """Where no more than that there is a secret may be kept, nobody knows whether two are the same: each counts."""
    redacted = redact(arrival.body, _unsaid)
    hides_all = any(path.rpartition(".")[2] in WHOLE for path in redacted.fields)
    return arrival.received_at.isoformat().encode() if hides_all else redacted.body


def _unsaid(_secret: bytes) -> str:
    return "-"


def _without_passwords(event: object) -> object:
    """A weak password can be guessed from a digest, and the digest is kept: a challenge's password is left out."""
    if isinstance(event, dict) and isinstance(event.get("targetUser"), dict):
        user = {name: value for name, value in event["targetUser"].items() if name != "password"}
        return {**event, "targetUser": user}
    return event


def _charset(content_type: str) -> str | None:
    found = re.search(r"charset=\"?([\w.:-]{1,40})", content_type, re.IGNORECASE)
    return found[1] if found else None
