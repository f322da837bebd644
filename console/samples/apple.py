"""What Apple says about apps and books.

Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications (checked 2026-11)
"""

import secrets
import uuid

from console.samples.subject import Subject
from domain.json_types import JSONObject

_LOCATION = "2049025000431439"
_APP = {"adamId": "361309726", "pricingParam": "STDQ"}
_SUBSCRIPTION = 1_500_000_001
_USER = "sample-user"


def apple_event(notification_type: str, subject: Subject) -> JSONObject:
    return {
        "notificationId": str(uuid.uuid4()),
        "notificationType": notification_type,
        "uId": _LOCATION,
        "notification": _notification(notification_type, subject),
    }


def _notification(notification_type: str, subject: Subject) -> JSONObject:
    """The part of one type; what Apple does not document (UNLIMITED_ASSET) is a guess."""
    done = {"eventId": str(uuid.uuid4()), "type": "ASSOCIATE", "result": "SUCCESS"}
    user = {"clientUserId": _USER, "email": "sample@school.example", "idHash": secrets.token_hex(20)}
    seats = {"renewing": 7, "expiring": 0}
    forms: dict[str, JSONObject] = {
        "ASSET_MANAGEMENT": {**done, "assignments": [{**_APP, "serialNumber": subject.serial_number}]},
        "ASSET_COUNT": {**_APP, "countDelta": 10},
        "USER_MANAGEMENT": {**done, "type": "CREATE", "users": [{**user, "status": "Registered"}]},
        "USER_ASSOCIATED": {"associatedUsers": [{**user, "inviteCode": secrets.token_hex(16), "status": "Associated"}]},
        "TEST_NOTIFICATION": {},
        "SUBSCRIPTION_MANAGEMENT": {
            **done,
            "assignments": [{"adamId": _SUBSCRIPTION, "clientUserId": _USER, "renewing": True}],
        },
        "SUBSCRIPTION_COUNT": {
            "parentAdamId": _SUBSCRIPTION - 1,
            "adamId": _SUBSCRIPTION,
            "counts": {"available": seats, "total": {**seats, "renewing": 10}},
        },
        "UNLIMITED_ASSET": dict(_APP),
    }
    return forms.get(notification_type, {"sample": True})
