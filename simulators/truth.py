"""What is true of a simulated device, as plain data: a test compares with it what a receiver came to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.certificates import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a list: Apple's ``keys`` with those left out that this platform does not have.

    ``managed``: the MDM server put it there, which the answers of Macs do not say.
    """

    keys: Mapping[str, Any]
    managed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A moment of a device, in Apple's words; what it would tell if nothing were filtered, put off or left out.

    ``supports`` are the request types it answers at all, ``user_supports`` those on its user channel. ``information``
    is everything that DeviceInformation can be asked. ``apps`` have those under way too (``Installing``). Times are
    aware here, and UTC without saying so in a plist. No ``location``: not in Lost Mode.
    """

    supports: frozenset[str]
    user_supports: frozenset[str]
    information: Mapping[str, Any]
    security: Mapping[str, Any]
    user_security: Mapping[str, Any]
    profiles: tuple[Item, ...]
    user_profiles: tuple[Item, ...]
    provisioning_profiles: tuple[Item, ...]
    certificates: tuple[Certificate, ...]
    user_certificates: tuple[Certificate, ...]
    apps: tuple[Item, ...]
    managed_apps: Mapping[str, Mapping[str, Any]]
    accounts: tuple[Item, ...]
    updates: tuple[Item, ...]
    update_statuses: tuple[Item, ...]
    location: Mapping[str, Any] | None
