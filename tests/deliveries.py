"""Deliveries for tests: what a sender posts, as the envelope that the front door makes of it."""

import base64
import itertools
import json
import plistlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.classification import Arrival, classify
from domain.envelope import Envelope
from simulators.devices import Message
from simulators.micromdm import MicroMDM
from simulators.nanomdm import NanoMDM

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

UDID = "A1B2C3D4-0000-5000-8000-00000000AAAA"

_numbers = itertools.count(1)


def envelope(
    body: bytes | dict[str, Any],
    *,
    kind: str = "micromdm",
    sender: str | None = None,
    received_at: datetime = NOON,
    **more: Any,
) -> Envelope:
    """What the door would store for ``body``; each call is a delivery of its own."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    arrival = Arrival(
        delivery_id=f"{next(_numbers):032x}",
        sender=sender or kind,
        kind=kind,
        content_type="application/json",
        remote_addr="127.0.0.1",
        body=raw,
        received_at=received_at,
    )
    return replace(arrival.envelope(classify(arrival)), **more)


def again(first: Envelope) -> Envelope:
    """The same event delivered once more."""
    return replace(first, delivery_id=f"{next(_numbers):032x}")


def check_in(
    message_type: str, *, at: datetime = NOON, udid: str = UDID, binary: bool = False, **content: Any
) -> dict[str, Any]:
    """A MicroMDM check-in event."""
    plist = {"MessageType": message_type, "Topic": "com.apple.mgmt.External.1", "UDID": udid, **content}
    return {
        "topic": f"mdm.{message_type}",
        "event_id": f"event-{next(_numbers)}",
        "created_at": at.isoformat(),
        "checkin_event": {"udid": udid, "url_params": None, "raw_payload": encoded(plist, binary=binary)},
    }


def answer(
    status: str,
    *,
    at: datetime = NOON,
    udid: str = UDID,
    command_uuid: str | None = None,
    binary: bool = False,
    **content: Any,
) -> dict[str, Any]:
    """A MicroMDM acknowledge event."""
    plist = {"Status": status, "UDID": udid, **({"CommandUUID": command_uuid} if command_uuid else {}), **content}
    event = {"udid": udid, "status": status, "command_uuid": command_uuid, "raw_payload": encoded(plist, binary=binary)}
    return {
        "topic": "mdm.Connect",
        "event_id": f"event-{next(_numbers)}",
        "created_at": at.isoformat(),
        "acknowledge_event": {name: value for name, value in event.items() if value is not None},
    }


def encoded(plist: dict[str, Any], *, binary: bool = False) -> str:
    form = plistlib.FMT_BINARY if binary else plistlib.FMT_XML
    return base64.b64encode(plistlib.dumps(plist, fmt=form)).decode()


def relayed(messages: list[Message], *, through_nanomdm: list[bool]) -> list[Envelope]:
    """Messages of simulated devices as MicroMDM or NanoMDM relays them, in the order of their events."""
    with MicroMDM("http://127.0.0.1:9/") as micromdm, NanoMDM("http://127.0.0.1:9/") as nanomdm:
        found = []
        for message, is_nano in zip(messages, through_nanomdm, strict=True):
            made = None if is_nano else micromdm.make(message)
            kind = "micromdm" if made else "nanomdm"
            delivery = made or nanomdm.make(message)
            found.append(envelope(delivery.body, kind=kind, received_at=message.at))
        return found
