"""Everything on a simulated device that inventory commands ask for: drawn when first looked at, changed as time passes.

member.inventory.rename("Front desk")
member.inventory.install_app("Torch", identifier="com.example.torch")
"""

import random
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simulators import belongings, particulars, system_updates
from simulators.certificates import Certificate, draw_certificate
from simulators.devices import Device
from simulators.holdings import Given, Own, draw_given, draw_own, note_status
from simulators.profiles import Profile
from simulators.support import supported
from simulators.truth import Item, Truth


class Inventory:
    """The same identity has the same inventory. Every method may be called from any thread.

    ``own_apps``: so many apps, at most, were on it before it was managed.
    """

    def __init__(self, device: Device, *, own_apps: int = 0) -> None:
        self._device = device
        self._own_apps = own_apps
        self._lock = threading.RLock()
        self._changes = self._rng("changes")
        self._enrolments = 0
        self._facts_now: dict[str, Any] = {}
        self._security_now: dict[str, Any] = {}
        self._own_now: Own | None = None
        self._given_now: Given | None = None

    def truth(self, apps: Iterable[Item] = (), managed_apps: Mapping[str, Mapping[str, Any]] | None = None) -> Truth:
        """As it is at present; ``apps`` and ``managed_apps`` are those that MDM installed."""
        with self._lock:
            kind, own, given, security = self._device.identity.kind, self._own, self._given, self._security
            return Truth(
                supports=supported(kind),
                user_supports=supported(kind, user=True),
                information=self._information(),
                security=dict(security),
                user_security=particulars.user_security(security) if kind.is_mac else {},
                profiles=(*given.profiles[False].values(), *own.profiles.values()),
                user_profiles=tuple(given.profiles[True].values()),
                provisioning_profiles=tuple(given.provisioning_profiles),
                certificates=(*given.certificates[False].values(), *own.certificates.values()),
                user_certificates=tuple(given.certificates[True].values()),
                apps=(*own.apps, *apps),
                managed_apps=dict(managed_apps or {}),
                accounts=tuple(own.accounts),
                updates=tuple(own.updates.values()),
                update_statuses=tuple(own.statuses.values()),
                location=given.location,
            )

    def begin(self) -> None:
        """A new enrolment: another identity certificate, and what the MDM server installs anew."""
        with self._lock:
            self._enrolments += 1
            self._given_now = None

    def leave(self) -> None:
        """The enrolment ends, and what it brought goes with it."""
        with self._lock:
            self._given_now = Given()

    def wipe(self) -> None:
        """Nothing is left of what its people had on it."""
        with self._lock:
            self._own_now, self._given_now = Own(), Given()

    def rename(self, name: str) -> None:
        """Its DeviceName, from now on."""
        self._device.name = name

    def update_os(self) -> None:
        """Install the next version of the system: another version and build, and that update is no longer there."""
        with self._lock:
            own = self._own
            self._device.upgrade()
            for key in [key for key, one in own.updates.items() if one.keys["Version"] == self._device.os_version]:
                del own.updates[key]
                own.statuses.pop(key, None)

    def offer_update(self) -> str:
        """Let it find the next version of the system; its ProductKey."""
        with self._lock:
            keys = system_updates.os_update(self._device, self._changes)
            self._own.updates[keys["ProductKey"]] = Item(keys=keys, managed=False)
            return str(keys["ProductKey"])

    def schedule(self, orders: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Take these Updates of a ScheduleOSUpdate, all that were found when it has none; its UpdateResults."""
        with self._lock:
            found = [{"ProductKey": key, "InstallAction": "Default"} for key in self._own.updates]
            return [self._schedule(order) for order in orders or found]

    def download(self, product_key: str) -> None:
        """An update is there in full, and waits.

        Raises:
            KeyError: there is no such update.
        """
        with self._lock:
            is_mac = self._device.identity.kind.is_mac
            note_status(self._own, product_key, is_mac=is_mac, downloaded=1.0, status="Idle")

    def know(self, **facts: Any) -> None:
        """Let DeviceInformation tell these instead of what was drawn."""
        with self._lock:
            self._facts.update(facts)

    def secure(self, **facts: Any) -> None:
        """Let SecurityInfo tell these instead of what was drawn."""
        with self._lock:
            self._security.update(facts)

    def install_profile(self, profile: Profile, *, user: bool = False) -> Item:
        """Put it there, or put it in the place of the one with its identifier."""
        with self._lock:
            item = profile.item(self._device.identity, self._changes)
            self._given.profiles[user][profile.identifier] = item
            return item

    def remove_profile(self, identifier: str, *, user: bool = False) -> bool:
        """False when it was not there."""
        with self._lock:
            own = {} if user else self._own.profiles
            return any(there.pop(identifier, None) for there in (self._given.profiles[user], own))

    def add_certificate(self, common_name: str, *, is_identity: bool = False, user: bool = False) -> Certificate:
        """Have MDM put a new one there."""
        with self._lock:
            made = draw_certificate(common_name, belongings.AUTHORITY, self._changes, is_identity=is_identity)
            self._given.certificates[user][made.sha256] = made
            return made

    def remove_certificate(self, certificate: Certificate) -> None:
        """From wherever it is."""
        with self._lock:
            for there in (*self._given.certificates.values(), self._own.certificates):
                there.pop(certificate.sha256, None)

    def install_app(self, name: str, *, identifier: str = "") -> Item:
        """Its person gets an app, or another version of the one with this identifier. Only Macs have some without."""
        with self._lock:
            keys = belongings.app_keys(self._device.identity, self._changes, name=name, identifier=identifier)
            if identifier:
                self.remove_app(identifier)
            self._own.apps.append(Item(keys=keys, managed=False))
            return self._own.apps[-1]

    def remove_app(self, identifier: str) -> None:
        """Its person deletes an app of their own."""
        with self._lock:
            self._own.apps = [app for app in self._own.apps if app.keys.get("Identifier") != identifier]

    def log_in(self, user_name: str) -> None:
        """This account is the one logged in, none with an empty name."""
        with self._lock:
            self._own.accounts = [
                Item(keys={**one.keys, "IsLoggedIn": one.keys["UserName"] == user_name}, managed=one.managed)
                for one in self._own.accounts
            ]

    def remove_account(self, user_name: str) -> None:
        """Delete it."""
        with self._lock:
            self._own.accounts = [one for one in self._own.accounts if one.keys["UserName"] != user_name]

    def lose(self) -> None:
        """Lost Mode: it tells where it is, somewhere else each time."""
        draw, now = self._changes.uniform, self._device.clock()
        with self._lock:
            self._given.location = {
                "Latitude": round(draw(-60, 70), 6),
                "Longitude": round(draw(-180, 180), 6),
                "HorizontalAccuracy": round(draw(5, 80), 1),
                "VerticalAccuracy": -1.0,
                "Altitude": round(draw(0, 900), 1),
                "Speed": -1.0,
                "Course": -1.0,
                "Timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            }

    def find(self) -> bool:
        """The end of Lost Mode; False when it was not in it."""
        with self._lock:
            was, self._given.location = self._given.location, None
            return was is not None

    def _schedule(self, order: Mapping[str, Any]) -> dict[str, Any]:
        own, is_mac = self._own, self._device.identity.kind.is_mac
        asked = {"ProductKey": order.get("ProductKey"), "Version": order.get("ProductVersion")}
        for key, update in own.updates.items():
            if any(value and update.keys[name] == value for name, value in asked.items()):
                known = own.statuses[key].keys if key in own.statuses else None
                action, status = system_updates.scheduled(order.get("InstallAction", "Default"), known)
                note_status(own, key, is_mac=is_mac, downloaded=float(status == "Installing"), status=status)
                return {"ProductKey": key, "InstallAction": action, "Status": status}
        return system_updates.not_found(order)

    def _information(self) -> dict[str, Any]:
        kind = self._device.identity.kind
        facts = self._device.facts() | self._facts
        if not kind.is_mac:
            facts["IsMDMLostModeEnabled"] = self._given.location is not None
        hidden = particulars.HIDDEN if kind.is_user_enrollment else ()
        return {key: value for key, value in facts.items() if key not in hidden}

    @property
    def _facts(self) -> dict[str, Any]:
        if not self._facts_now:
            self._facts_now = particulars.draw_information(self._device.identity, self._rng("information"))
        return self._facts_now

    @property
    def _security(self) -> dict[str, Any]:
        if not self._security_now:
            self._security_now = particulars.draw_security(self._device.identity, self._rng("security"))
        return self._security_now

    @property
    def _own(self) -> Own:
        if self._own_now is None:
            self._own_now = draw_own(self._device, self._rng("own"), apps=self._own_apps)
        return self._own_now

    @property
    def _given(self) -> Given:
        if self._given_now is None:
            self._given_now = draw_given(self._device, self._rng(f"enrolment {self._enrolments}"))
        return self._given_now

    def _rng(self, purpose: str) -> random.Random:
        identity = self._device.identity
        return random.Random(f"{identity.udid or identity.enrollment_id}:{purpose}")
