"""What Jamf Pro's webhooks say: the event object, whichever of its forms it came in.

Source: https://developer.jamf.com/developer-guide/docs/webhooks (checked 2026-11)
"""

from dataclasses import dataclass
from datetime import datetime

from domain.json_types import JSON, JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class JamfEvent:
    """``topic`` is the canonical event name, ``fields`` its `event` object, ``{}`` when that says nothing."""

    sender: str
    topic: str
    occurred_at: datetime
    key: str
    fields: JSONObject

    @property
    def usable(self) -> bool:
        return bool(self.fields)

    def text(self, *names: str) -> str | None:
        """The first of these fields that says something, names in any case, as text."""
        lowered = {name.lower(): value for name, value in self.fields.items()}
        for name in names:
            value: JSON = lowered.get(name.lower())
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return str(value).strip()
        return None


def read_jamf_event(document: JSONObject, *, sender: str, topic: str, key: str, occurred_at: datetime) -> JamfEvent:
    """Never raises for an odd document."""
    fields = document.get("event")
    return JamfEvent(
        sender=sender,
        topic=topic,
        occurred_at=occurred_at,
        key=key,
        fields=fields if isinstance(fields, dict) else {},
    )
