"""The webhook definitions of a Jamf Pro server, as its Classic API keeps them, and what they make the server send.

Source: https://developer.jamf.com/jamf-pro/reference/webhooks
"""

import json
import random
import threading
from collections.abc import Mapping
from dataclasses import replace
from html import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from domain.json_types import JSONObject
from simulators.delivery import basic
from simulators.jamf import Form, Jamf
from simulators.jamf_events import EVENTS, JamfEvent

DEFAULTS: Mapping[str, str] = {
    "name": "",
    "enabled": "true",
    "url": "",
    "content_type": "text/xml",
    "event": "",
    "connection_timeout": "5",
    "read_timeout": "2",
    "authentication_type": "NONE",
    "username": "",
    "password": "",
    "header": "",
    "smart_group_id": "-1",
    "enable_display_fields_for_group_object": "false",
}


class Refused(Exception):
    """The Classic API does not take a definition; the text is what its page says, ``status`` its answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Definitions:
    """``form`` says how this server writes events; each definition chooses JSON or XML. Ids begin at 21."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._rows: dict[int, dict[str, str]] = {}
        self._senders: dict[int, Jamf] = {}
        self._making = threading.Lock()

    def __getitem__(self, number: int) -> Mapping[str, str]:
        return self._rows[number]

    def find(self, key: str, value: str) -> int:
        """The id of the one with this id or name. Raises: Refused."""
        for number, row in self._rows.items():
            if value == (str(number) if key == "id" else row["name"]):
                return number
        raise Refused(404, "Not Found")

    def save(self, body: bytes, number: int = 0) -> int:
        """A new one (0), or what is changed of an old one: what is left out keeps its value. Raises: Refused."""
        given = _read(body)
        row = {**self._rows.get(number, DEFAULTS), **given}
        if row["content_type"] != "application/json":
            row["content_type"] = "text/xml"
        if row["event"] not in EVENTS or not row["name"] or not row["url"]:
            raise Refused(409, "Problem with name, url or event")
        if any(row["name"] == other["name"] for known, other in self._rows.items() if known != number):
            raise Refused(409, "Duplicate name")
        number = number or max(self._rows, default=20) + 1
        self.remove(number)
        self._rows[number] = row
        return number

    def remove(self, number: int) -> None:
        self._rows.pop(number, None)
        sender = self._senders.pop(number, None)
        if sender is not None:
            sender.close()

    def listing(self) -> JSONObject:
        rows = sorted(self._rows.items())
        return {"webhooks": [{"id": number, "name": row["name"]} for number, row in rows]}

    def shown(self, number: int) -> JSONObject:
        """Passwords are not shown."""
        row: JSONObject = {"id": number, **self._rows[number], "password": "********************"}
        return {"webhook": row}

    def carry(self, event: JamfEvent) -> int:
        """Send an event from each enabled definition that is for it; how many there were."""
        count = 0
        for number, row in sorted(self._rows.copy().items()):
            if row["enabled"] == "true" and row["event"] == event.name:
                numbered = JamfEvent(name=event.name, webhook_id=number, event=event.event, at=event.at)
                self._sender(number).send(numbered)
                count += 1
        return count

    def drain(self, timeout: float) -> bool:
        """Wait until all was sent."""
        return all(sender.drain(timeout) for sender in self._senders.copy().values())

    def close(self) -> None:
        for number in list(self._senders):
            self._senders.pop(number).close()

    def _sender(self, number: int) -> Jamf:
        with self._making:
            if number not in self._senders:
                row = self._rows[number]
                form = replace(self._form, xml=row["content_type"] == "text/xml")
                self._senders[number] = Jamf(row["url"], headers=_headers(row), form=form, rng=random.Random(number))
            return self._senders[number]


def _read(body: bytes) -> dict[str, str]:
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException) as exc:
        raise Refused(400, "Bad Request") from exc
    if root.tag != "webhook":
        raise Refused(400, "Bad Request")
    return {child.tag: (child.text or "").strip() for child in root if child.tag in DEFAULTS}


def _headers(row: Mapping[str, str]) -> dict[str, str]:
    if row["authentication_type"] == "BASIC":
        return {"Authorization": basic(row["username"], row["password"])}
    if row["authentication_type"] == "HEADER":
        return {str(name): str(value) for name, value in json.loads(row["header"]).items()}
    return {}


def definition(event: str, url: str, **more: str) -> bytes:
    """The XML that makes a definition for this event; ``more`` are further elements."""
    row = {"name": f"receiver {event}", "url": url, "event": event, **more}
    return f"<webhook>{''.join(f'<{key}>{escape(value)}</{key}>' for key, value in row.items())}</webhook>".encode()
