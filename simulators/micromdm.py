"""MicroMDM's webhook, as version 1.13 sends it: one POST at a time, in no order, once.

Source: https://github.com/micromdm/micromdm/blob/main/docs/user-guide/api-and-webhooks.md
Source: https://github.com/micromdm/micromdm/tree/v1.13.1/workflow/webhook
"""

import base64
import random
import uuid
from collections.abc import Callable

from domain.json_types import JSONObject
from simulators.delivery import Delivery, Result, split_credentials
from simulators.devices import Message
from simulators.golang import USER_AGENT, go_json, go_time, utc
from simulators.sending import Manner, Sender

TOPICS = frozenset(
    "mdm." + name
    for name in ("Authenticate", "TokenUpdate", "CheckOut", "Connect", "SetBootstrapToken", "GetBootstrapToken")
)
"""The six topics, each with a channel of its own inside the server."""

TIMEOUT_S = 30.0
OVERTAKING = 2
"""Within a channel goroutines wait in line, but two that come together may swap."""


class MicroMDM(Sender[Message]):
    """Credentials in ``url`` become a Basic header; a secret path segment is simply part of it. There is no signature.

    A status below 400 counts as delivered (a redirect is not followed). Everything else is lost: there is no retry.
    """

    def __init__(
        self,
        url: str,
        *,
        rng: random.Random | None = None,
        timeout: float = TIMEOUT_S,
        on_result: Callable[[Result], None] | None = None,
    ) -> None:
        super().__init__(Manner(workers=1, window=OVERTAKING, timeout=timeout), rng=rng, on_result=on_result)
        self._url, credentials = split_credentials(url)
        self._headers = {
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json; charset=utf-8",
            "Accept-Encoding": "gzip",
            **credentials,
        }

    def make(self, message: Message) -> Delivery | None:
        """The event under a new id, also for a message sent before; None for topics MicroMDM has no webhook for."""
        if message.topic not in TOPICS:
            return None
        event_id = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        event = {
            "topic": message.topic,
            "event_id": event_id,
            "created_at": go_time(utc(message.at), nanoseconds=self.rng.randrange(1000)),
        } | _payload(message)
        body = go_json(event, indent=2)
        return Delivery(identifier=event_id, event_type=message.topic, url=self._url, headers=self._headers, body=body)

    def accepts(self, status: int) -> bool:
        return status < 400

    def channel(self, delivery: Delivery) -> str:
        return delivery.event_type


def _payload(message: Message) -> JSONObject:
    """``url_params`` is null in a check-in without any, and left out of an acknowledgement."""
    content = message.content
    ids = {"udid": content.get("UDID", ""), "enrollment_id": content.get("EnrollmentID", "")}
    event: JSONObject = {key: value for key, value in ids.items() if value}
    params = dict(message.url_params) or None
    raw_payload = base64.b64encode(message.raw).decode()
    if "MessageType" in content:
        return {"checkin_event": {**event, "url_params": params, "raw_payload": raw_payload}}
    event["status"] = content["Status"]
    if "CommandUUID" in content:
        event["command_uuid"] = content["CommandUUID"]
    if params:
        event["url_params"] = params
    return {"acknowledge_event": {**event, "raw_payload": raw_payload}}
