"""What Apple says of an organization's apps, licences and users: one reading for every Apps and Books notification.

Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications (checked 2026-11)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from domain.device_event import LONGEST_ID
from domain.facts import Stamp
from domain.json_types import JSON, JSONObject
from domain.text import clipped, storable

STANDARD = "STDQ"
"""The pricing of what is said without one."""

MOST_ELEMENTS = 10_000
"""Of one notification; Apple sends 100."""

LONGEST_ADAM_ID = 18
"""Digits, so that it fits a signed integer of 64 bits; Apple's have 9 or 10."""

LONGEST_TYPE = 100
LONGEST_ERROR = 500

_NO_NOTIFICATION = "no_notification"
_NOTHING = (None, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An app or book, and the one device or user it is for. The serial number is as sent: join by `serial_key`."""

    adam_id: str
    pricing_param: str
    serial_number: str | None = None
    client_user_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppleUser:
    """A registered user as one notification tells of it; None is what it did not say."""

    client_user_id: str
    status: str | None = None
    email: str | None = None
    id_hash: str | None = None
    invite_code: str | None = None
    managed_apple_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing Apple said of a location. ``topic`` is its `notificationType`; words of Apple's are as sent.

    ``event_id`` names the request it answers, ``change`` is that request's `type` and ``result`` how it went.
    Of an `ASSET_COUNT` all three of ``adam_id``, ``pricing_param`` and ``count_delta`` are there, or none.
    One that is not ``usable`` (of no location, or without an object `notification`) is kept and changes nothing;
    ``flags`` say what could not be used. Apple has no clock: it ``occurred_at`` the moment we received it.
    """

    sender: str
    topic: str
    u_id: str | None
    occurred_at: datetime
    key: str
    event_id: str | None = None
    change: str | None = None
    result: str | None = None
    error_number: int | None = None
    error_message: str = ""
    assignments: tuple[Pair, ...] = ()
    users: tuple[AppleUser, ...] = ()
    adam_id: str | None = None
    pricing_param: str | None = None
    count_delta: int | None = None
    flags: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        return self.u_id is not None and _NO_NOTIFICATION not in self.flags

    @property
    def stamp(self) -> Stamp:
        return Stamp(at=self.occurred_at, rank=1, by=self.key)


def serial_key(serial_number: str) -> str:
    """By what a licence's serial number and a device's are the same: trimmed, upper case, never longer.

    Apple checks no serial number and repeats what was sent to it; devices report theirs in upper case. One that is
    not ASCII is no device's, and is only trimmed. Twice is the same as once.
    """
    trimmed = serial_number.strip()
    return trimmed.upper() if trimmed.isascii() else trimmed


def read_notification(document: JSONObject, *, sender: str, key: str, received_at: datetime) -> Notification:
    """Never raises for an odd document: what cannot be used is flagged, and the rest is read all the same."""
    flags: list[str] = []
    content = document.get("notification")
    if not isinstance(content, dict):
        flags.append(_NO_NOTIFICATION)
        content = {}
    u_id = _number(document, "uId", LONGEST_ID) or _text(document, "uId")
    if u_id is None:
        flags.append("no_location")
    topic = document.get("notificationType")
    topic = storable(topic.strip())[:LONGEST_TYPE] if isinstance(topic, str) else ""
    adam_id, pricing_param, count_delta = _count(content, flags) if topic == "ASSET_COUNT" else (None, None, None)
    error_number, error_message = _error(content.get("error"), flags)
    return Notification(
        sender=sender,
        topic=topic,
        u_id=u_id,
        occurred_at=received_at,
        key=key,
        event_id=_word(content, "eventId", flag="unusable_event_id", flags=flags),
        change=_word(content, "type", flag="unusable_change", flags=flags),
        result=_word(content, "result", flag="unusable_result", flags=flags),
        error_number=error_number,
        error_message=error_message,
        assignments=_assignments(content, flags),
        users=_users(content, flags),
        adam_id=adam_id,
        pricing_param=pricing_param,
        count_delta=count_delta,
        flags=tuple(dict.fromkeys(flags)),
    )


def _assignments(content: JSONObject, flags: list[str]) -> tuple[Pair, ...]:
    found: dict[Pair, None] = {}
    for element in _elements(content, "assignments", "unusable_assignment", flags):
        found.update(dict.fromkeys(_pairs(element, flags)))
    if len(found) > MOST_ELEMENTS:
        flags.append("too_many_assignments")
    return tuple(found)[:MOST_ELEMENTS]


def _pairs(element: JSONObject, flags: list[str]) -> Iterator[Pair]:
    """One, or one for each target where a device and a user are named together: each of them is told of."""
    adam_id, pricing_param = _asset(element)
    word = partial(_word, element, flag="unusable_assignment", flags=flags)
    serial_number, client_user_id = word("serialNumber"), word("clientUserId")
    if adam_id is None or pricing_param is None or not (serial_number or client_user_id):
        flags.append("unusable_assignment")
        return
    if serial_number and client_user_id:
        flags.append("two_targets")
    if serial_number:
        yield Pair(adam_id=adam_id, pricing_param=pricing_param, serial_number=serial_number)
    if client_user_id:
        yield Pair(adam_id=adam_id, pricing_param=pricing_param, client_user_id=client_user_id)


def _users(content: JSONObject, flags: list[str]) -> tuple[AppleUser, ...]:
    found = [
        user
        for name in ("users", "associatedUsers")
        for element in _elements(content, name, "unusable_user", flags)
        if (user := _user(element, flags))
    ]
    if len(found) > MOST_ELEMENTS:
        flags.append("too_many_users")
    return tuple(found[:MOST_ELEMENTS])


def _user(element: JSONObject, flags: list[str]) -> AppleUser | None:
    word = partial(_word, element, flag="unusable_user", flags=flags)
    client_user_id = word("clientUserId")
    if client_user_id is None:
        flags.append("unusable_user")
        return None
    return AppleUser(
        client_user_id=client_user_id,
        status=word("status"),
        email=word("email"),
        id_hash=word("idHash"),
        invite_code=word("inviteCode"),
        managed_apple_id=word("managedAppleId"),
    )


def _elements(content: JSONObject, name: str, flag: str, flags: list[str]) -> Iterator[JSONObject]:
    """The objects of a list that may be missing."""
    value = content.get(name)
    elements = value if isinstance(value, list) else []
    objects = [element for element in elements if isinstance(element, dict)]
    if len(objects) < len(elements) or not isinstance(value, list | None):
        flags.append(flag)
    yield from objects


def _count(content: JSONObject, flags: list[str]) -> tuple[str | None, str | None, int | None]:
    (adam_id, pricing_param), delta = _asset(content), content.get("countDelta")
    if adam_id and pricing_param and _is_integer(delta):
        return adam_id, pricing_param, delta
    flags.append("unusable_count")
    return None, None, None


def _error(error: JSON, flags: list[str]) -> tuple[int | None, str]:
    fields = error if isinstance(error, dict) else {}
    number, message = fields.get("errorNumber"), fields.get("errorMessage")
    if error is not None and not _is_integer(number):
        flags.append("unusable_error")
    text = clipped(storable(message), LONGEST_ERROR) if isinstance(message, str) else ""
    return number if _is_integer(number) else None, text


def _asset(fields: JSONObject) -> tuple[str | None, str | None]:
    pricing_param = _text(fields, "pricingParam")
    if pricing_param is None and fields.get("pricingParam") in _NOTHING:
        pricing_param = STANDARD
    return _number(fields, "adamId", LONGEST_ADAM_ID), pricing_param


def _number(fields: JSONObject, name: str, most_digits: int) -> str | None:
    """The digits of an id that Apple writes as text here and as a number there."""
    value = fields.get(name)
    if type(value) is int and 0 <= value < 10**most_digits:
        return str(value)
    digits = value.strip() if isinstance(value, str) else ""
    return digits if digits.isascii() and digits.isdigit() and len(digits) <= most_digits else None


def _word(fields: JSONObject, name: str, *, flag: str, flags: list[str]) -> str | None:
    """`_text`, flagged where something else is said."""
    text = _text(fields, name)
    if text is None and fields.get(name) not in _NOTHING:
        flags.append(flag)
    return text


def _text(fields: JSONObject, name: str) -> str | None:
    """A text that can be a key in SQL; None when it is missing, blank or absurdly long."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_ID:
        return None
    return storable(value)


def _is_integer(value: Any) -> bool:
    return type(value) is int and -(2**31) <= value < 2**31
