"""How a simulated device answers inventory commands: what is true, filtered as the command asks.

Source: https://github.com/apple/device-management/tree/release/mdm/commands
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators import answers
from simulators.certificates import Certificate
from simulators.devices import Device, Message
from simulators.inventory import Inventory
from simulators.orders import NOT_LOST, ORDERS, Refused
from simulators.support import CHECKED, supported
from simulators.temper import Temper
from simulators.truth import Item, Truth

NOT_TOLD_BY_USERS = frozenset({"ActiveManagedUsers"})
"""Of DeviceInformation. Source: https://github.com/apple/device-management/blob/release/mdm/commands/information.device.yaml"""

WENT_WRONG = (12010, "An internal inconsistency was found.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A command, and whether it came over the user channel."""

    command_uuid: str
    command: Mapping[str, Any]
    user: bool = False

    @property
    def request_type(self) -> str:
        """Apple's name for it."""
        return str(self.command["RequestType"])

    def managed_only(self, entries: Iterable[Item | Certificate]) -> list[dict[str, Any]]:
        """All entries, or those that MDM brought if so asked."""
        only = bool(self.command.get("ManagedOnly"))
        return [dict(entry.keys) for entry in entries if entry.managed or not only]


def _information(truth: Truth, ask: Ask) -> dict[str, Any]:
    asked = set(ask.command.get("Queries") or ()) - (NOT_TOLD_BY_USERS if ask.user else frozenset())
    return {"QueryResponses": {key: value for key, value in truth.information.items() if key in asked}}


def _security(truth: Truth, ask: Ask) -> dict[str, Any]:
    return {"SecurityInfo": dict(truth.user_security if ask.user else truth.security)}


def _profiles(truth: Truth, ask: Ask) -> dict[str, Any]:
    return {"ProfileList": ask.managed_only(truth.user_profiles if ask.user else truth.profiles)}


def _certificates(truth: Truth, ask: Ask) -> dict[str, Any]:
    return {"CertificateList": ask.managed_only(truth.user_certificates if ask.user else truth.certificates)}


def _provisioning_profiles(truth: Truth, ask: Ask) -> dict[str, Any]:
    return {"ProvisioningProfileList": ask.managed_only(truth.provisioning_profiles)}


def _installed_apps(truth: Truth, ask: Ask) -> dict[str, Any]:
    wanted, only = set(ask.command.get("Identifiers") or ()), bool(ask.command.get("ManagedAppsOnly"))
    items = {"Identifier", *(ask.command.get("Items") or ())}
    listed = [
        {key: value for key, value in app.keys.items() if items == {"Identifier"} or key in items}
        for app in truth.apps
        if (not wanted or app.keys.get("Identifier") in wanted) and (app.managed or not only)
    ]
    return {"InstalledApplicationList": listed}


def _managed_apps(truth: Truth, ask: Ask) -> dict[str, Any]:
    wanted = set(ask.command.get("Identifiers") or ())
    chosen = {} if ask.user else truth.managed_apps
    return {"ManagedApplicationList": {name: dict(chosen[name]) for name in chosen if not wanted or name in wanted}}


def _accounts(truth: Truth, _: Ask) -> dict[str, Any]:
    return {"Users": [dict(one.keys) for one in truth.accounts]}


def _updates(truth: Truth, _: Ask) -> dict[str, Any]:
    return {"AvailableOSUpdates": [dict(one.keys) for one in truth.updates]}


def _update_statuses(truth: Truth, _: Ask) -> dict[str, Any]:
    return {"OSUpdateStatus": [dict(one.keys) for one in truth.update_statuses]}


def _restrictions(_: Truth, __: Ask) -> dict[str, Any]:
    return {"GlobalRestrictions": {}}


def _location(truth: Truth, _: Ask) -> dict[str, Any]:
    if truth.location is None:
        raise Refused(*NOT_LOST)
    return dict(truth.location)


REPORTS: Mapping[str, Callable[[Truth, Ask], dict[str, Any]]] = {
    "DeviceInformation": _information,
    "SecurityInfo": _security,
    "ProfileList": _profiles,
    "ProvisioningProfileList": _provisioning_profiles,
    "CertificateList": _certificates,
    "InstalledApplicationList": _installed_apps,
    "ManagedApplicationList": _managed_apps,
    "UserList": _accounts,
    "AvailableOSUpdates": _updates,
    "OSUpdateStatus": _update_statuses,
    "Restrictions": _restrictions,
    "DeviceLocation": _location,
}
"""By request type, the keys of the answer. Raises `Refused`."""

_NEEDED = frozenset(
    (
        *("ManagementStatus", "PayloadUUID", "PayloadIdentifier", "Identifier", "Name", "UUID", "CommonName"),
        *("IsIdentity", "Data", "UserName", "FullName", "UID", "UserGUID", "IsLoggedIn", "HasDataToSync", "DataUsed"),
        *("MobileAccount", "HasSecureToken", "ProductKey", "HumanReadableName", "Version", "Build", "Status"),
        *("IsDownloaded", "DownloadPercentComplete"),
    )
)
"""Keys that are never left out of an entry, as Apple requires them or as the entry would be nobody without."""


class Reporter:
    """Answers what is in `REPORTS` and `ORDERS`. What it leaves out or fails at is drawn apart from everything else."""

    def __init__(self, device: Device, inventory: Inventory) -> None:
        identity = device.identity
        self._device = device
        self._inventory = inventory
        self._rng = random.Random(f"{identity.udid or identity.enrollment_id}:reports")
        self._left_out: set[tuple[str, str, str]] = set()

    def begin(self) -> None:
        """A new enrolment: anything may be left out once more."""
        self._left_out.clear()

    def answers(self, ask: Ask) -> bool:
        """Whether it is one of ours, be it to say that it is not supported."""
        return ask.request_type in REPORTS.keys() | ORDERS.keys() | CHECKED

    def answer(self, ask: Ask, truth: Truth, temper: Temper) -> Message:
        """What the device says to it, and does."""
        device, uuid, kind = self._device, ask.command_uuid, ask.request_type
        if kind in CHECKED and kind not in supported(device.identity.kind, user=ask.user):
            return answers.not_supported(device, uuid, kind, user=ask.user)
        if self._rng.random() < temper.error_share:
            return answers.refused(device, uuid, WENT_WRONG, user=ask.user)
        try:
            if kind in ORDERS:
                content = ORDERS[kind](self._inventory, ask.command, ask.user)
            else:
                content = self._thinned(kind, REPORTS[kind](truth, ask), temper.missing_share)
        except Refused as exc:
            return answers.refused(device, uuid, exc.why, user=ask.user)
        return answers.acknowledged(device, uuid, kind, as_plist(content), user=ask.user)

    def _thinned(self, kind: str, content: dict[str, Any], share: float) -> dict[str, Any]:
        """The same with some keys left out; the location has none to spare."""
        if not share or kind == "DeviceLocation":
            return content
        return {name: self._thin(name, entries, share) for name, entries in content.items()}

    def _thin(self, name: str, entries: Any, share: float) -> Any:
        if isinstance(entries, list):
            return [self._thin_entry((name, _identity_of(entry)), entry, share) for entry in entries]
        if name == "ManagedApplicationList":
            return entries
        return self._thin_entry((name, ""), entries, share)

    def _thin_entry(self, whose: tuple[str, str], entry: Mapping[str, Any], share: float) -> dict[str, Any]:
        kept = {}
        for key, value in entry.items():
            mark = (*whose, key)
            if key not in _NEEDED and mark not in self._left_out and self._rng.random() < share:
                self._left_out.add(mark)
            else:
                kept[key] = value
        return kept


def _identity_of(entry: Mapping[str, Any]) -> str:
    names = ("PayloadUUID", "Identifier", "UUID", "Data", "UserName", "ProductKey", "Name")
    return str(next(entry[name] for name in names if name in entry))


def as_plist(value: Any) -> Any:
    """The same with times as plists have them: UTC, and not saying so."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, Mapping):
        return {key: as_plist(child) for key, child in value.items()}
    return [as_plist(child) for child in value] if isinstance(value, list) else value
