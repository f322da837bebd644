"""Slack's end of an incoming webhook: a secret path that takes messages, and says little.

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
Source: https://docs.slack.dev/apis/web-api/rate-limits
"""

import json
import threading
from typing import Any

from simulators.http_server import Answer, HttpServer, Request

HOOK = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"


class Slack(HttpServer):
    """200 ``ok`` and the message is in ``messages``; 404 ``no_service`` for any path but its hook's."""

    def __init__(self, *, port: int = 0, hook: str = HOOK) -> None:
        super().__init__(port=port)
        self.messages: list[dict[str, Any]] = []
        self._hook = hook
        self._lock = threading.Lock()
        self._refusals = 0
        self._retry_after_s = 1

    @property
    def hook_url(self) -> str:
        """Where to post. The path is the secret."""
        return self.url + self._hook

    def limit(self, calls: int = 1, *, retry_after_s: int = 1) -> None:
        """The next ``calls`` come too fast: 429 with ``Retry-After``."""
        with self._lock:
            self._refusals, self._retry_after_s = calls, retry_after_s

    def answer(self, request: Request) -> Answer:
        if request.path != self._hook:
            return Answer(status=404, body=b"no_service")
        with self._lock:
            if self._refusals:
                self._refusals -= 1
                return Answer(status=429, body=b"rate_limited", headers={"Retry-After": str(self._retry_after_s)})
        try:
            message = json.loads(request.body)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            return Answer(status=400, body=b"invalid_payload")
        if not any(message.get(key) for key in ("text", "blocks", "attachments")):
            return Answer(status=400, body=b"no_text")
        self.messages.append(message)
        return Answer(status=200, body=b"ok")
