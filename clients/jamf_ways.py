"""Where Jamf Pro has its device records: the newest way first, the Classic API for servers that have none of them.

Versions of one address live for a year or more beside each other, and old ones go away.

Source: https://developer.jamf.com/jamf-pro/docs/deprecation-of-classic-api-computer-inventory-endpoints,
https://developer.jamf.com/jamf-pro/docs/jamf-pro-api-changelog (checked 2026-11).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from clients.jamf_records import Family
from clients.jamf_server import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """``all`` lists records under ``list_key``, in ``pages`` or whole; ``one`` is a record, perhaps under ``key``."""

    all: str
    one: str
    list_key: str = "results"
    key: str = ""
    all_query: Query = ()
    one_query: Query = ()
    pages: bool = True


def _sections(*names: str) -> Query:
    return tuple(("section", name) for name in names)


_COMPUTER = _sections("GENERAL", "HARDWARE", "OPERATING_SYSTEM", "USER_AND_LOCATION")
_MOBILE = _sections("GENERAL", "HARDWARE", "USER_AND_LOCATION")
_MOBILE_RECORD = "/api/v2/mobile-devices/{id}/detail"


def _inventory(version: str) -> Way:
    path = f"/api/{version}/computers-inventory"
    # In this order a computer that enrols meanwhile moves nobody to another page.
    return Way(all=path, one=path + "/{id}", all_query=(*_COMPUTER, ("sort", "id:asc")), one_query=_COMPUTER)


WAYS: Mapping[Family, tuple[Way, ...]] = {
    "computer": tuple(_inventory(version) for version in ("v4", "v3", "v2", "v1")),
    "mobile_device": (
        Way(all="/api/v2/mobile-devices/detail", one=_MOBILE_RECORD, all_query=_MOBILE),
        Way(all="/api/v2/mobile-devices", one=_MOBILE_RECORD),
    ),
}

CLASSIC: Mapping[Family, Way] = {
    "computer": Way(
        all="/JSSResource/computers/subset/basic",
        one="/JSSResource/computers/id/{id}",
        list_key="computers",
        key="computer",
        pages=False,
    ),
    "mobile_device": Way(
        all="/JSSResource/mobiledevices",
        one="/JSSResource/mobiledevices/id/{id}",
        list_key="mobile_devices",
        key="mobile_device",
        pages=False,
    ),
}
