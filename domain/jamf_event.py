"""What Jamf Pro's webhooks say: the event object, the same whichever of its forms it came in.

Source: https://developer.jamf.com/developer-guide/docs/webhooks (checked 2026-11)
"""

from dataclasses import dataclass
from datetime import datetime

from domain.clock import parse_time
from domain.facts import Stamp
from domain.jamf_device import JamfDevice, read_jamf_device, record_id
from domain.jamf_fields import read_fields
from domain.jamf_group import GroupChange, read_group_change
from domain.json_types import JSON, JSONObject

_RANKS = {"MobileDeviceUnEnrolled": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class JamfEvent:
    """``topic`` is the canonical event name, ``fields`` its `event` object as `read_fields` gives it.

    ``device`` is the computer or mobile device it is about, ``group`` the smart group; None when there is none.
    ``flags`` say what was odd; a field of the wrong type is text then, and the readers for other types give None,
    or leave it out.
    """

    sender: str
    topic: str
    occurred_at: datetime
    key: str
    fields: JSONObject
    device: JamfDevice | None = None
    group: GroupChange | None = None
    flags: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        return bool(self.fields)

    @property
    def stamp(self) -> Stamp:
        return Stamp(at=self.occurred_at, rank=_RANKS.get(self.topic, 1), by=self.key)

    def text(self, *names: str) -> str | None:
        """The first of these fields that says something, as text; the device's where the event has none."""
        for fields in (self.fields, self.device.facts if self.device else {}):
            for name in names:
                value: JSON = fields.get(name)
                if isinstance(value, str | int) and not isinstance(value, bool):
                    return str(value)
        return None

    def identifier(self, name: str) -> str | None:
        """The number of a record, as text."""
        return record_id(self.fields.get(name))

    def integer(self, name: str) -> int | None:
        value = self.fields.get(name)
        return value if type(value) is int else None

    def boolean(self, name: str) -> bool | None:
        value = self.fields.get(name)
        return value if isinstance(value, bool) else None

    def integers(self, name: str) -> list[int]:
        return [item for item in self._list(name) if type(item) is int]

    def texts(self, name: str) -> list[str]:
        return [item for item in self._list(name) if isinstance(item, str)]

    def moment(self, name: str) -> datetime | None:
        return parse_time(self.fields.get(name))

    def _list(self, name: str) -> list[JSON]:
        value = self.fields.get(name)
        return value if isinstance(value, list) else []


def read_jamf_event(document: JSONObject, *, sender: str, topic: str, key: str, occurred_at: datetime) -> JamfEvent:
    """Never raises for an odd document."""
    fields, flags = read_fields(document.get("event"), topic)
    group = read_group_change(topic, fields)
    return JamfEvent(
        sender=sender,
        topic=topic,
        occurred_at=occurred_at,
        key=key,
        fields=fields,
        device=read_jamf_device(topic, fields),
        group=group,
        flags=(*flags, "in_both_lists") if group and group.in_both else flags,
    )
