"""The event that is sent: an Apps and Books notification of about 1 kB with ten assignments; only its id changes."""

import json

U_ID = "8a1c5b52-8d3c-4c11-9b0e-7d6f3f0a2b91"
_PLACE = "00000000-0000-4000-8000-000000000000"
_ID_FORMAT = "00000000-0000-4000-8000-{:012x}"


def notification_id(number: int) -> str:
    """The `notificationId` of the event with this number."""
    return _ID_FORMAT.format(number)


def body(number: int) -> bytes:
    """The whole body, as Apple writes it.

    Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications (checked 2026-11)
    """
    pairs = [{"adamId": "361309726", "pricingParam": "STDQ", "serialNumber": f"C02BENCH{n:04d}"} for n in range(10)]
    document = {
        "notificationId": notification_id(number),
        "notificationType": "ASSET_MANAGEMENT",
        "uId": U_ID,
        "notification": {
            "assignments": pairs,
            "eventId": "2f3a9f5e-50f6-4a0e-9a6c-1d2b7c9e4f10",
            "type": "ASSOCIATE",
            "result": "SUCCESS",
        },
    }
    return json.dumps(document, separators=(",", ":")).encode()


def request_around_id(*, host: str, path: str, token: str) -> tuple[bytes, bytes]:
    """A complete HTTP request in two parts; the id of the event goes between them."""
    content = body(0)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nUser-Agent: bench\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    before, _, after = (head.encode() + content).partition(_PLACE.encode())
    return before, after
