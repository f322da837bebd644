"""What the front door hands to the workers: the untouched body, and the little that routes and dedupes it."""

import json
import re
from dataclasses import dataclass
from datetime import datetime

from domain.clock import parse_time, rfc3339
from domain.kinds import KINDS

_DIGEST = re.compile("[0-9a-f]{64}")


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
        """Raises: ValueError, KeyError or TypeError when ``head`` was not written by us."""
        fields = json.loads(head)
        received_at = parse_time(fields["received_at"])
        if received_at is None:
            raise ValueError("an envelope without the time it was received")
        known = {name: value for name, value in fields.items() if name in cls.__slots__}
        envelope = cls(**{**known, "received_at": received_at, "body": body})
        envelope._check()
        return envelope

    def _check(self) -> None:
        """Refuse what could be stored under no row: another version's, or a stranger's."""
        keys = [self.key] if self.also is None else [self.key, self.also]
        if not all(isinstance(key, str) and _DIGEST.fullmatch(key) for key in keys):
            raise ValueError("an envelope whose key is no digest")
        texts = (self.delivery_id, self.sender, self.type, self.content_type, self.remote_addr)
        if self.kind not in KINDS or not all(isinstance(text, str) for text in texts):
            raise ValueError("an envelope of an unknown kind")
        if len(self.delivery_id) > 32 or len(self.sender) > 100 or len(self.type) > 100:
            raise ValueError("an envelope whose names are too long")
