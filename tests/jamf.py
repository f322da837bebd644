"""Jamf Pro's events for tests: all of them, about one computer and one iPad, in whatever form a server writes them."""

import random
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.envelope import Envelope
from simulators.identities import Kind, draw_identity
from simulators.jamf import Form, write
from simulators.jamf_events import EVENTS, JamfEvent, Subject, computer, event, mobile
from tests.deliveries import NOON, SECOND, envelope

CONTENT_TYPES = {False: "application/json", True: "text/xml"}

FORMS = {
    f"{'xml' if xml else 'json'} {'flat' if flat else 'nested'} {'dated' if dated else 'undated'} {encoding}": Form(
        xml=xml, flat=flat, timestamps=dated, encoding=encoding, pretty=flat
    )
    for xml in (False, True)
    for flat in (False, True)
    for dated in (True, False)
    for encoding in ("utf-8", "utf-8-sig", "iso-8859-1")
}
FORMS["xml without a prolog"] = Form(xml=True, prolog=False)
FORMS["xml in ISO-8859-1 that nothing names"] = Form(xml=True, prolog=False, encoding="iso-8859-1")


def subject(at: datetime = NOON) -> Subject:
    """A Mac that nobody is assigned to, because an old server has no place for that beside who sits at it."""
    rng = random.Random(7)
    mac, ipad = draw_identity(Kind.MAC, rng), draw_identity(Kind.IPAD, rng)
    return Subject(
        computer=computer(mac, name='Søren\'s "lab" <mini>', os_version="15.6", os_build="24G84", jss_id=7731),
        mobile=mobile(ipad, name="Pier & kiosk ½", os_version="18.6", os_build="22G86", jss_id=412),
        at=at,
        rng=random.Random(3),
    )


def all_events(at: datetime = NOON) -> list[JamfEvent]:
    """One of each, a second apart; labels that are no names in XML are left out, as XML leaves them out."""
    events = [event(name, replace(subject(at), at=at + number * SECOND)) for number, name in enumerate(EVENTS)]
    for each in events:
        for shown in each.event.get("groupAddedDevices", ()):
            shown.pop("Asset Tag", None)
    return events


def delivered(said: JamfEvent, form: Form | None = None, **more: Any) -> Envelope:
    """An event as a server of that form posts it, received when it happened."""
    form = form or Form()
    webhook: dict[str, Any] = {"id": said.webhook_id, "name": "receiver", "webhookEvent": said.name}
    if form.timestamps:
        webhook["eventTimestamp"] = int(said.at.timestamp() * 1000)
    body = write({"webhook": webhook, "event": said.event}, form)
    return envelope(body, kind="jamf", received_at=said.at, content_type=CONTENT_TYPES[form.xml], **more)


def told(name: str, fields: dict[str, Any], *, at: datetime = NOON, form: Form | None = None, **more: Any) -> Envelope:
    """An event of any content."""
    return delivered(JamfEvent(name=name, webhook_id=21, event=fields, at=at), form, **more)
