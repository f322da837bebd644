"""Jamf Pro's webhooks: JSON or XML, in parallel, once, to a receiver that has two seconds to answer.

Source: https://developer.jamf.com/developer-guide/docs/webhooks
Source: https://learn.jamf.com/en-US/bundle/jamf-pro-documentation-current/page/Webhooks.html
"""

import html
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from domain.json_types import JSON, JSONObject
from simulators.delivery import Delivery, Result, sha256_hex
from simulators.jamf_events import JamfEvent
from simulators.sending import Manner, Sender

MANNER = Manner(workers=16, window=16, timeout=(5.0, 2.0))
"""The timeouts are a definition's defaults: five seconds to connect, two to read."""

_NAME = re.compile(r"[A-Za-z_][\w.-]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a server of some version writes its events.

    ``flat``: a computer's keys lie in ``event`` itself (always so up to 10.11). ``timestamps``: from 10.12 on.
    ``encoding``: `utf-8`, `utf-8-sig` or `iso-8859-1`; XML names it in its ``prolog``, when it has one.
    """

    xml: bool = False
    flat: bool = False
    timestamps: bool = True
    pretty: bool = False
    encoding: str = "utf-8"
    prolog: bool = True


class Jamf(Sender[JamfEvent]):
    """``headers`` carry the secret (Basic, or any header an administrator may set), unless it is part of the path.

    Any 2xx is delivered; nothing is tried twice. No delivery has an id: with timestamps, which this server never uses
    twice, an event is identified by ``name:webhook id:eventTimestamp``, else by its body's SHA-256.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Form | None = None,
        rng: random.Random | None = None,
        on_result: Callable[[Result], None] | None = None,
    ) -> None:
        super().__init__(MANNER, rng=rng, on_result=on_result)
        self._url = url
        self._form = form or Form()
        content_type = "text/xml" if self._form.xml else "application/json"
        self._headers = {"User-Agent": "windfall-simulator", "Content-Type": content_type, **(headers or {})}
        self._last_timestamp = 0

    def make(self, event: JamfEvent) -> Delivery:
        webhook: JSONObject = {"id": event.webhook_id, "name": f"receiver {event.name}", "webhookEvent": event.name}
        identifier = ""
        if self._form.timestamps:
            self._last_timestamp = max(self._last_timestamp + 1, int(event.at.timestamp() * 1000))
            webhook["eventTimestamp"] = self._last_timestamp
            identifier = f"{event.name}:{event.webhook_id}:{self._last_timestamp}"
        body = write({"webhook": webhook, "event": event.event}, self._form)
        return Delivery(
            identifier=identifier or sha256_hex(body),
            event_type=event.name,
            url=self._url,
            headers=self._headers,
            body=body,
        )

    def accepts(self, status: int) -> bool:
        return 200 <= status < 300


def write(document: JSONObject, form: Form) -> bytes:
    """The bytes of a delivery. JSON has its keys in alphabetical order, XML in the document's own."""
    event = document["event"]
    if form.flat and isinstance(event.get("computer"), dict):
        event = {**event["computer"], **{key: value for key, value in event.items() if key != "computer"}}
    document = {"webhook": document["webhook"], "event": event}
    if form.xml:
        separator = "\n" if form.pretty else ""
        name = form.encoding.upper().removesuffix("-SIG")
        prolog = f'<?xml version="1.0" encoding="{name}" standalone="yes"?>\n' if form.prolog else ""
        return (prolog + separator.join(_elements("JSSEvent", document, separator))).encode(form.encoding)
    indent, separators = (2, (",", ": ")) if form.pretty else (None, (",", ":"))
    text = json.dumps(document, ensure_ascii=False, indent=indent, separators=separators, sort_keys=True)
    return text.encode(form.encoding)


def _elements(name: str, value: JSON, separator: str) -> Iterator[str]:
    """A list is a row of elements of the same name, and nothing at all when empty.

    A display-field label that is no XML name is left out: how Jamf writes such labels in XML is not known.
    """
    if not _NAME.match(name):
        return
    if isinstance(value, list):
        for one in value:
            yield from _elements(name, one, separator)
    elif isinstance(value, dict):
        inside = [piece for key, one in value.items() for piece in _elements(key, one, separator)]
        yield separator.join([f"<{name}>", *inside, f"</{name}>"])
    else:
        text = str(value).lower() if isinstance(value, bool) else html.escape(str(value), quote=False)
        yield f"<{name}>{text}</{name}>" if text else f"<{name}/>"
