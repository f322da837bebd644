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
            listed[app.bundle_id] = {
                "Status": app.status,
                "ManagementFlags": 1,
                "HasConfiguration": False,
                "HasFeedback": False,
                "IsValidated": True,
                "ExternalVersionIdentifier": 860_000_000,
            }
            if app.status not in {INSTALLING, MANAGED}:
                del self._apps[app.bundle_id]
        return listed

    def installed_list(self, bundle_ids: Iterable[str], now: datetime, *, managed_only: bool) -> list[dict[str, Any]]:
        """The InstalledApplicationList, with the system's own apps left out."""
        asked = set(bundle_ids)
        listed = []
        for app in self._apps.values():
            if (asked and app.bundle_id not in asked) or (managed_only and not app.managed):
                continue
            if not app.managed:
                self._step(app, now)
            if app.status in {INSTALLING, MANAGED}:
                listed.append(
                    {
                        "Identifier": app.bundle_id,
                        "Name": f"App {app.adam_id}",
                        "ShortVersion": "1.2",
                        "Version": "120",
                        "BundleSize": 12_000_000,
                        "Installing": not app.installed,
                        "AppStoreVendable": True,
                        "DeviceBasedVPP": True,
                        "IsValidated": True,
                    }
                )
        return listed

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
