"""The webhook of NanoMDM and of NanoHUB: every event in parallel, in no order, once, signed when a key is set.

Source: https://github.com/micromdm/nanomdm/blob/main/docs/operations-guide.md
Source: https://github.com/micromdm/nanomdm/tree/main/service/webhook
Source: https://github.com/micromdm/nanohub
"""

import base64
import hashlib
import hmac
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Any

from domain.json_types import JSONObject
from simulators.delivery import Delivery, Result, sha256_hex, split_credentials
from simulators.devices import Message
from simulators.golang import USER_AGENT, go_json, go_time
from simulators.identities import SHARED_IPAD_USER_ID
from simulators.sending import Manner, Sender

SIGNATURE_HEADER = "X-Hmac-Signature"
MANNER = Manner(workers=32, window=32, timeout=60.0)
"""The server bounds neither its POSTs at once nor its patience; a simulator bounds both, as it must come to an end."""


class Flavour(StrEnum):
    """Which server it is; NanoHUB's events have no ``event_id``."""

    NANOMDM = "nanomdm"
    NANOHUB = "nanohub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How the server was started; ``zone`` is its own, and ``created_at`` carries that offset. No key, no signature."""

    flavour: Flavour = Flavour.NANOMDM
    hmac_key: str = ""
    zone: tzinfo = timezone(timedelta(hours=1))


class NanoMDM(Sender[Message]):
    """All nine topics. Exactly 200 counts as delivered; nothing is tried twice. Credentials in ``url`` become Basic.

    A NanoHUB event, which has no id, is identified by its body's SHA-256.
    """

    def __init__(
        self,
        url: str,
        *,
        setup: Setup | None = None,
        rng: random.Random | None = None,
        manner: Manner = MANNER,
        on_result: Callable[[Result], None] | None = None,
    ) -> None:
        super().__init__(manner, rng=rng, on_result=on_result)
        self._url, credentials = split_credentials(url)
        self._headers = {
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json; charset=utf-8",
            "Accept-Encoding": "gzip",
            **credentials,
        }
        self._setup = setup or Setup()
        self._tallies: dict[str, dict[str, int]] = {}

    def make(self, message: Message) -> Delivery:
        """The event under a new id, also for a message sent before."""
        event: JSONObject = {
            "topic": message.topic,
            "created_at": go_time(message.at.astimezone(self._setup.zone), nanoseconds=self.rng.randrange(1000)),
        }
        if self._setup.flavour is Flavour.NANOMDM:
            event["event_id"] = f"{self.rng.getrandbits(64):016x}"
        kind = "checkin_event" if "MessageType" in message.content else "acknowledge_event"
        event[kind] = self._payload(message)
        body = go_json(event, sort_keys=True)
        headers = self._headers
        if self._setup.hmac_key:
            headers = {**headers, SIGNATURE_HEADER: signature(self._setup.hmac_key, body)}
        identifier = event.get("event_id") or sha256_hex(body)
        return Delivery(identifier=identifier, event_type=message.topic, url=self._url, headers=headers, body=body)

    def accepts(self, status: int) -> bool:
        return status == 200

    def _payload(self, message: Message) -> JSONObject:
        content = message.content
        ids = enrollment_ids(content)
        optional = {
            "udid": content.get("UDID"),
            "enrollment_id": content.get("EnrollmentID"),
            "url_params": dict(message.url_params),
            "status": content.get("Status"),
            "command_uuid": content.get("CommandUUID"),
            "token_update_tally": self._tally(message, ids["id"]),
        }
        payload: JSONObject = {key: value for key, value in optional.items() if value}
        return payload | {"ids": ids, "raw_payload": base64.b64encode(message.raw).decode()}

    def _tally(self, message: Message, id_: str) -> int | None:
        """TokenUpdates of this id since the device enrolled, 1 for the first; None for other topics.

        Its users are counted apart, and both begin anew with Authenticate or CheckOut.
        """
        if message.topic in {"mdm.Authenticate", "mdm.CheckOut"}:
            self._tallies.pop(message.device_id, None)
        if message.topic != "mdm.TokenUpdate":
            return None
        tallies = self._tallies.setdefault(message.device_id, {})
        tallies[id_] = tallies.get(id_, 0) + 1
        return tallies[id_]


def signature(key: str, body: bytes) -> str:
    """The value of ``X-Hmac-Signature``: base64 of HMAC-SHA-256 over the exact body.

    Source: https://github.com/micromdm/nanomdm/blob/main/docs/operations-guide.md
    """
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def enrollment_ids(content: Mapping[str, Any]) -> dict[str, str]:
    """The ``ids`` object: whose message it is. UDID wins over EnrollmentID when both are there.

    Source: https://github.com/micromdm/nanomdm/blob/main/docs/operations-guide.md
    """
    device = str(content.get("UDID") or content["EnrollmentID"])
    user_enrollment = not content.get("UDID")
    if not user_enrollment and content.get("UserID") == SHARED_IPAD_USER_ID:
        return {"id": f"{device}:{content['UserShortName']}", "parent_id": device, "type": "Shared iPad"}
    user = content.get("EnrollmentUserID" if user_enrollment else "UserID")
    if user:
        return {"id": f"{device}:{user}", "parent_id": device, "type": "User Enrollment" if user_enrollment else "User"}
    return {"id": device, "type": "User Enrollment (Device)" if user_enrollment else "Device"}
