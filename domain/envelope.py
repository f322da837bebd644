"""What the front door hands to the workers: the untouched body, and the little that routes and dedupes it."""

import json
from dataclasses import dataclass
from datetime import datetime

from domain.clock import parse_time, rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One delivery, stored before it is answered.

    ``key`` and ``also`` are sha256 hex digests: the event's identity, and a second one under which the same event may
    already be known (events without any identity share 30-second windows). ``delivery_id`` is ours, one per request, so
    that a batch done twice counts no delivery twice. ``type`` is the vendor's word, `""` for what is no event (then
    ``error`` says why). ``replay_of`` is set when people ask to run the handlers of a stored event again.
    """

    delivery_id: str
    sender: str
    kind: str
    type: str
    key: str
    received_at: datetime
    body: bytes
    also: str | None = None
    content_type: str = ""
    remote_addr: str = ""
    error: str | None = None
    replay_of: str | None = None

    def head(self) -> bytes:
        """Everything but the body, as JSON; unknown keys are ignored by readers, so that versions may mix."""
        fields = {
            "delivery_id": self.delivery_id,
            "sender": self.sender,
            "kind": self.kind,
            "type": self.type,
            "key": self.key,
            "received_at": rfc3339(self.received_at),
            "content_type": self.content_type,
            "remote_addr": self.remote_addr,
        }
        rare = {"also": self.also, "error": self.error, "replay_of": self.replay_of}
        return json.dumps(fields | {name: value for name, value in rare.items() if value is not None}).encode()

    @classmethod
    def read(cls, head: bytes, body: bytes) -> "Envelope":
        """Raises: ValueError or KeyError when ``head`` was not written by us."""
        fields = json.loads(head)
        received_at = parse_time(fields["received_at"])
        if received_at is None:
            raise ValueError("an envelope without the time it was received")
        known = {name: value for name, value in fields.items() if name in cls.__slots__}
        return cls(**{**known, "received_at": received_at, "body": body})
