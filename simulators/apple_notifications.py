"""What Apple says about apps and books: the body of each notification type, one location's at a time.

Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications
"""

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.json_types import JSON, JSONObject

MAX_ELEMENTS = 100
"""Assignments in one notification, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing Apple has to say. Sent twice, it keeps its id: that is what a duplicate is."""

    notification_id: str
    notification_type: str
    u_id: str
    notification: JSONObject

    def document(self) -> JSONObject:
        """The whole body. There is no timestamp, sequence number or signature in it."""
        return {
            "notificationId": self.notification_id,
            "notificationType": self.notification_type,
            "uId": self.u_id,
            "notification": self.notification,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One accepted request to assign or take back an app; ``error_number`` is 0 when it went well."""

    event_id: str
    type: str = "ASSOCIATE"
    adam_id: str = "361309726"
    pricing_param: str = "STDQ"
    error_number: int = 0
    error_message: str = ""


class Location:
    """A location's notifications, numbered from a seeded generator."""

    def __init__(self, u_id: str, *, rng: random.Random) -> None:
        self.u_id = u_id
        self._rng = rng

    def draw_id(self) -> str:
        """A new eventId or notificationId."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def notify(self, notification_type: str, notification: JSONObject) -> Notification:
        """Any notification under a new id."""
        return Notification(
            notification_id=self.draw_id(),
            notification_type=notification_type,
            u_id=self.u_id,
            notification=notification,
        )

    def asset_management(self, work: Work, serial_numbers: Sequence[str]) -> Iterator[Notification]:
        """The result of ``work`` for these devices, a hundred in each; the listed pairs all succeeded or all failed."""
        for first in range(0, len(serial_numbers), MAX_ELEMENTS):
            some = serial_numbers[first : first + MAX_ELEMENTS]
            pairs = [
                {"adamId": work.adam_id, "pricingParam": work.pricing_param, "serialNumber": serial} for serial in some
            ]
            yield self.notify("ASSET_MANAGEMENT", {"assignments": pairs, **_outcome(work)})

    def asset_count(self, delta: int, *, adam_id: str = "361309726", pricing_param: str = "STDQ") -> Notification:
        """Licences were bought (positive), transferred or refunded (negative)."""
        body = {"adamId": adam_id, "pricingParam": pricing_param, "countDelta": delta}
        return self.notify("ASSET_COUNT", body)

    def user_management(self, work: Work, users: Sequence[Mapping[str, str]]) -> Notification:
        """Users were created, updated or retired (``work.type``)."""
        return self.notify("USER_MANAGEMENT", {"users": [dict(user) for user in users], **_outcome(work)})

    def user_associated(self, client_user_id: str, *, email: str = "") -> Notification:
        """A person accepted the invitation."""
        user = {
            "clientUserId": client_user_id,
            "email": email,
            "idHash": f"{self._rng.getrandbits(160):040x}",
            "inviteCode": f"{self._rng.getrandbits(128):032x}",
            "status": "Associated",
        }
        return self.notify("USER_ASSOCIATED", {"associatedUsers": [user]})

    def test_notification(self) -> Notification:
        """Sent when notifications are set; the settings are refused unless it is delivered."""
        return self.notify("TEST_NOTIFICATION", {})

    def subscription_management(self, work: Work, client_user_ids: Sequence[str]) -> Notification:
        """Seats of a subscription were assigned or taken back. Here ``adamId`` is an integer."""
        seats = [
            {"adamId": int(work.adam_id), "clientUserId": user, "renewing": work.type == "ASSOCIATE"}
            for user in client_user_ids
        ]
        return self.notify("SUBSCRIPTION_MANAGEMENT", {"assignments": seats, **_outcome(work)})

    def subscription_count(self, adam_id: int, *, available: int, total: int) -> Notification:
        """Seats there are: absolute numbers, not deltas."""
        counts = {
            "available": {"renewing": available, "expiring": 0},
            "total": {"renewing": total, "expiring": 0},
        }
        return self.notify("SUBSCRIPTION_COUNT", {"parentAdamId": adam_id - 1, "adamId": adam_id, "counts": counts})

    def unlimited_asset(self, adam_id: str = "361309726") -> Notification:
        """An allowed type whose body Apple does not document; this one is a guess."""
        return self.notify("UNLIMITED_ASSET", {"adamId": adam_id, "pricingParam": "STDQ"})

    def unknown(self) -> Notification:
        """A type that Apple may bring tomorrow."""
        return self.notify("ORCHARD_RIPENED", {"orchard": {"trees": 3}})

    def one_of_each(self, serial_numbers: Sequence[str]) -> list[Notification]:
        """Every type once."""
        associate = Work(event_id=self.draw_id())
        create = Work(event_id=self.draw_id(), type="CREATE")
        return [
            *self.asset_management(associate, serial_numbers),
            self.asset_count(-12),
            self.user_management(
                create, [{"clientUserId": "u-1", "email": "u1@school.example", "status": "Registered"}]
            ),
            self.user_associated("u-1", email="u1@school.example"),
            self.test_notification(),
            self.subscription_management(associate, ["u-1"]),
            self.subscription_count(1_500_000_001, available=7, total=10),
            self.unlimited_asset(),
            self.unknown(),
        ]


def _outcome(work: Work) -> dict[str, JSON]:
    outcome: dict[str, JSON] = {"eventId": work.event_id, "type": work.type, "result": "SUCCESS"}
    if work.error_number:
        error = {"errorNumber": work.error_number, "errorMessage": work.error_message}
        outcome |= {"result": "FAILURE", "error": error}
    return outcome
