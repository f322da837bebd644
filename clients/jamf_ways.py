"""Where Jamf Pro has its device records: the newest way first, the Classic API for servers that have none of them.

Versions of one address live for a year or more beside each other, and old ones go away.

Source: https://developer.jamf.com/jamf-pro/docs/deprecation-of-classic-api-computer-inventory-endpoints,
https://developer.jamf.com/jamf-pro/docs/jamf-pro-api-changelog,
https://developer.jamf.com/jamf-pro/reference/get_v2-mobile-devices-detail (checked 2026-11).
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

# In these orders a device that enrols or is renamed meanwhile moves nobody to another page.
_BY_ID = ("sort", "id:asc")
_BY_MOBILE_ID = ("sort", "mobileDeviceId:asc")


def _inventory(version: str) -> Way:
    path = f"/api/{version}/computers-inventory"
    return Way(all=path, one=path + "/{id}", all_query=(*_COMPUTER, _BY_ID), one_query=_COMPUTER)


WAYS: Mapping[Family, tuple[Way, ...]] = {
    "computer": tuple(_inventory(version) for version in ("v4", "v3", "v2", "v1")),
    "mobile_device": (
        Way(all="/api/v2/mobile-devices/detail", one=_MOBILE_RECORD, all_query=(*_MOBILE, _BY_MOBILE_ID)),
        Way(all="/api/v2/mobile-devices", one=_MOBILE_RECORD, all_query=(_BY_ID,)),
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
