"""The apps on a simulated device, and what it says of them.

Source: https://developer.apple.com/documentation/devicemanagement/managed-application-list-command
Source: https://developer.apple.com/documentation/devicemanagement/installed-application-list-command
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

INSTALLING, MANAGED = "Installing", "Managed"


@dataclass(slots=True, kw_only=True)
class App:
    """An app that was asked for. ``status`` is Apple's; it stays Installing until ``polls`` are asked and it is due."""

    bundle_id: str
    adam_id: str
    managed: bool = True
    status: str = INSTALLING
    polls: int = 0
    due_at: datetime

    @property
    def installed(self) -> bool:
        """Whether it can be opened by now."""
        return self.status == MANAGED

    @property
    def listed(self) -> bool:
        """Whether the device shows it at all."""
        return self.status in {INSTALLING, MANAGED}

    def as_managed(self) -> dict[str, Any]:
        """Its entry in a ManagedApplicationList."""
        return {
            "Status": self.status,
            "ManagementFlags": 1,
            "HasConfiguration": False,
            "HasFeedback": False,
            "IsValidated": True,
            "ExternalVersionIdentifier": 860_000_000,
        }

    def as_installed(self) -> dict[str, Any]:
        """Its entry in an InstalledApplicationList."""
        return {
            "Identifier": self.bundle_id,
            "Name": f"App {self.adam_id}",
            "ShortVersion": "1.2",
            "Version": "120",
            "BundleSize": 12_000_000,
            "Installing": not self.installed,
            "AppStoreVendable": True,
            "DeviceBasedVPP": True,
            "IsValidated": True,
        }


class Apps:
    """By bundle id. Each question is also a step of the installations under way."""

    def __init__(self) -> None:
        self._apps: dict[str, App] = {}

    def begin(self, app: App) -> None:
        """Install, or install again: a managed app stays managed meanwhile."""
        known = self._apps.get(app.bundle_id)
        if known is None or not known.installed:
            self._apps[app.bundle_id] = app

    def fail(self, app: App, status: str) -> None:
        """It will not come; the list says so once."""
        app.status = status
        self._apps[app.bundle_id] = app

    def remove(self, bundle_id: str) -> None:
        """Delete it, if it is there."""
        self._apps.pop(bundle_id, None)

    def get(self, bundle_id: str) -> App | None:
        """As it is at present."""
        return self._apps.get(bundle_id)

    @property
    def installed(self) -> set[str]:
        """Store ids of the apps that are done; bundle ids of those that have none."""
        return {app.adam_id or app.bundle_id for app in self._apps.values() if app.installed}

    def managed_list(self, bundle_ids: Iterable[str], now: datetime) -> dict[str, dict[str, Any]]:
        """The ManagedApplicationList: all managed apps, or those of ``bundle_ids``."""
        asked = set(bundle_ids)
        listed = {}
        for app in list(self._apps.values()):
            if not app.managed or (asked and app.bundle_id not in asked):
                continue
            self._step(app, now)
            listed[app.bundle_id] = app.as_managed()
            if app.status not in {INSTALLING, MANAGED}:
                del self._apps[app.bundle_id]
        return listed

    def look(self, bundle_ids: Iterable[str], now: datetime) -> None:
        """Somebody asks for the InstalledApplicationList, or for ``bundle_ids`` of it."""
        asked = set(bundle_ids)
        for app in self._apps.values():
            if not app.managed and (not asked or app.bundle_id in asked):
                self._step(app, now)

    def managed_now(self) -> dict[str, dict[str, Any]]:
        """What the next ManagedApplicationList would begin with; to look changes nothing."""
        return {app.bundle_id: app.as_managed() for app in self._apps.values() if app.managed}

    def installed_now(self) -> list[tuple[dict[str, Any], bool]]:
        """The InstalledApplicationList, without what people installed; and whether the app is managed."""
        return [(app.as_installed(), app.managed) for app in self._apps.values() if app.listed]

    def _step(self, app: App, now: datetime) -> None:
        if app.status != INSTALLING:
            return
        if app.polls <= 0 and now >= app.due_at:
            app.status = MANAGED
        app.polls -= 1


def bundle_id_of(adam_id: str) -> str:
    """The bundle id that a simulated app of the store has."""
    return f"com.example.app{adam_id}"


def due(now: datetime, seconds: float) -> datetime:
    """When an installation begun now may be done."""
    return now + timedelta(seconds=seconds)
