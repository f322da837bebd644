"""A device as people know it: by name, model and serial number, and where to find it."""

from urllib.parse import quote

from domain.clock import parse_time
from domain.device_link import device_link
from domain.jamf_device import COMPUTER, MOBILE_DEVICE
from domain.json_types import JSONObject
from domain.text import clipped
from state.jamf_numbers import only_jamf_number
from tasks.drafting import Draft, text_of
from tasks.outside import Outside

UNKNOWN = "unknown"
MOST_NAME = 80

_PAGES = {COMPUTER: "computers.html", MOBILE_DEVICE: "mobileDevices.html"}
"""Of Jamf Pro, by family of the record."""


def draft_of(what: str, facts: JSONObject, outside: Outside) -> Draft:
    """``what`` happened to a device of the facts `name model product serial_number udid device_id sender jamf_id at`.

    Any of them may be missing. Linked to is its page in Jamf Pro when that told and its URL is known, or in its MDM
    server as configured; where that is not, in the one Jamf Pro that knows its serial number.
    """
    jamf_id, sender = text_of(facts, "jamf_id"), text_of(facts, "sender")
    called = text_of(facts, "name", "serial_number", "device_id") or (
        f"number {jamf_id} in Jamf Pro" if jamf_id else UNKNOWN
    )
    at = parse_time(facts.get("at"))
    shown = {
        "Name": text_of(facts, "name") or UNKNOWN,
        "Model": text_of(facts, "model", "product") or UNKNOWN,
        "Serial number": text_of(facts, "serial_number") or UNKNOWN,
        "Device": text_of(facts, "device_id"),
        "Server": sender,
        "Time": f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "",
    }
    title = f"{what}: {clipped(called, MOST_NAME)}"
    return Draft(
        subject=title,
        opening=title,
        facts={name: value for name, value in shown.items() if value},
        link=_in_jamf(sender, jamf_id, outside) if jamf_id else _in_mdm(sender, facts, outside),
    )


def _in_jamf(sender: str, jamf_id: str, outside: Outside, family: str = MOBILE_DEVICE) -> str | None:
    url, page = outside.setup.jamf_urls.get(sender), _PAGES.get(family)
    return f"{url.rstrip('/')}/{page}?id={quote(jamf_id, safe='')}" if url and page else None


def _in_mdm(sender: str, facts: JSONObject, outside: Outside) -> str | None:
    """Jamf Pro's own devices that come without a number have no `device_id`."""
    template = outside.setup.device_links.get(sender)
    serial_number = text_of(facts, "serial_number")
    if template is not None:
        return device_link(template, {"serial_number": serial_number, "udid": text_of(facts, "udid")})
    if not outside.setup.jamf_urls or not sender or not serial_number or "device_id" not in facts:
        return None
    known = only_jamf_number(outside.engine, serial_number)
    return _in_jamf(known.sender, known.jamf_id, outside, known.family) if known and known.jamf_id else None
