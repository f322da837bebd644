"""Deliveries for tests: what a sender posts, as the envelope that the front door makes of it."""

import base64
import itertools
import json
import plistlib
from collections.abc import Sequence
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
SERIAL = "C02EXAMPLE01"

LOCATION, OTHER_LOCATION = "2049025000431439", "2049025000439999"
APP = "361309726"
BUNDLE_ID = "com.example.app"

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
    content_type = more.pop("content_type", "application/json")
    arrival = Arrival(
        delivery_id=f"{next(_numbers):032x}",
        sender=sender or kind,
        kind=kind,
        content_type=content_type,
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


def said_by_apple(
    notification_type: str,
    content: dict[str, Any],
    *,
    at: datetime = NOON,
    u_id: str = LOCATION,
    notification_id: str | None = None,
) -> Envelope:
    """Any notification of Apple's, received then; without an id under a new one."""
    body = {
        "notificationId": notification_id or f"notification-{next(_numbers)}",
        "notificationType": notification_type,
        "uId": u_id,
        "notification": content,
    }
    return envelope(body, kind="apps-and-books", received_at=at)


def managed(
    *serial_numbers: str,
    change: str = "ASSOCIATE",
    adam_ids: Sequence[str] = (APP,),
    client_user_ids: Sequence[str] = (),
    event_id: str | None = None,
    error: tuple[int, str] | None = None,
    **more: Any,
) -> Envelope:
    """How it went to assign or take back these apps, for each of these devices and users; ``error``: it failed."""
    targets = [{"serialNumber": serial_number} for serial_number in serial_numbers]
    targets += [{"clientUserId": client_user_id} for client_user_id in client_user_ids]
    pairs = [{"adamId": adam_id, "pricingParam": "STDQ", **target} for adam_id in adam_ids for target in targets]
    outcome = {"assignments": pairs, "type": change, "result": "FAILURE" if error else "SUCCESS"}
    told = {"error": {"errorNumber": error[0], "errorMessage": error[1]}} if error else {}
    named = {"eventId": event_id or f"request-{next(_numbers)}"}
    return said_by_apple("ASSET_MANAGEMENT", {**outcome, **named, **told}, **more)


def counted(delta: int, *, adam_id: str = APP, pricing_param: str = "STDQ", **more: Any) -> Envelope:
    """Licences were bought, transferred or refunded."""
    content = {"adamId": adam_id, "pricingParam": pricing_param, "countDelta": delta}
    return said_by_apple("ASSET_COUNT", content, **more)


def users_managed(*users: dict[str, str], change: str, error: tuple[int, str] | None = None, **more: Any) -> Envelope:
    """How it went to create, update or retire these users."""
    outcome = {"users": list(users), "type": change, "result": "FAILURE" if error else "SUCCESS", "eventId": "request"}
    told = {"error": {"errorNumber": error[0], "errorMessage": error[1]}} if error else {}
    return said_by_apple("USER_MANAGEMENT", {**outcome, **told}, **more)


def replayed(first: Envelope, identifier: str) -> Envelope:
    """A stored event on its way through its inbox once more, as people order it."""
    return replace(again(first), replay_of=identifier)


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
