"""Apple's side of an Apps and Books notification: a bearer token, up to three attempts, and then it is dropped.

Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from simulators.apple_notifications import Notification
from simulators.delivery import Delivery, Result
from simulators.sending import Manner, Sender

ATTEMPTS = 3
MANNER = Manner(workers=16, window=16, timeout=10.0)
"""Apple names no timeout and no limit to its parallel deliveries; within an event there is no order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Apple spreads its attempts over one to five minutes, and says a share (0-1) of its notifications twice."""

    interval_s: float = 60.0
    duplicate_share: float = 0.0


class Apple(Sender[Notification]):
    """Any 2xx is delivered; after any other answer, or none, it tries again.

    ``send`` the same notification twice for a duplicate at a moment of your choosing.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str,
        habits: Habits | None = None,
        rng: random.Random | None = None,
        on_result: Callable[[Result], None] | None = None,
    ) -> None:
        super().__init__(MANNER, rng=rng, on_result=on_result)
        self._url = url
        self._habits = habits or Habits()
        self._headers = {
            "User-Agent": "windfall-simulator",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
        }

    def make(self, notification: Notification) -> Delivery:
        return Delivery(
            identifier=notification.notification_id,
            event_type=notification.notification_type,
            url=self._url,
            headers=self._headers,
            body=json.dumps(notification.document(), ensure_ascii=False, separators=(",", ":")).encode(),
        )

    def send(self, notification: Notification) -> str | None:
        if self.rng.random() < self._habits.duplicate_share:
            super().send(notification)
        return super().send(notification)

    def accepts(self, status: int) -> bool:
        return 200 <= status < 300

    def pause_before_retry(self, result: Result) -> float | None:
        return self._habits.interval_s if result.attempt < ATTEMPTS else None
