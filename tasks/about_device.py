"""A device as people know it: by name, model and serial number, and where to find it."""

from urllib.parse import quote

from domain.clock import parse_time
from domain.json_types import JSONObject
from domain.text import clipped
from tasks.drafting import Draft, text_of
from tasks.outside import Outside

UNKNOWN = "unknown"
MOST_NAME = 80


def draft_of(what: str, facts: JSONObject, outside: Outside) -> Draft:
    """``what`` happened to the device of these facts: `name model product serial_number device_id sender jamf_id at`.

    Any of them may be missing. Jamf Pro's page of the device is linked to when its URL is known.
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
        link=_link(outside.setup.jamf_urls.get(sender), jamf_id),
    )


def _link(jamf_url: str | None, jamf_id: str) -> str | None:
    if not jamf_url or not jamf_id:
        return None
    return f"{jamf_url.rstrip('/')}/mobileDevices.html?id={quote(jamf_id, safe='')}"
