"""How a managed device answers the commands it gets, as its temper is, and which ones it got.

What is written down here is the truth that a test compares a receiver's opinion with.
"""

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulators import answers
from simulators.apps import INSTALLING, MANAGED, App, Apps, bundle_id_of, due
from simulators.devices import Device, Message
from simulators.inventory import Inventory
from simulators.reporting import Ask, Reporter
from simulators.temper import Outcome, Temper
from simulators.truth import Item, Truth

NOT_ON_MACS = frozenset({"IsValidated", "AppStoreVendable", "DeviceBasedVPP", "HasFeedback"})
"""What only iOS says of an app that MDM installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedInstall:
    """An InstallApplication that reached the device; ``offer`` counts, from 1, how often this command did.

    ``enrolment`` is the number of the enrolment it came in, 1 for the first. No ``adam_id`` when it named no store id.
    """

    device_id: str
    serial_number: str
    command_uuid: str
    adam_id: str
    at: datetime
    enrolment: int
    offer: int


@dataclass(slots=True)
class _Memory:
    """What a device forgets with a new enrolment: by command UUID, or by store id."""

    offers: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    put_off: dict[str, int] = field(default_factory=dict)
    fates: dict[str, Outcome] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)


class Responder:
    """One device's answers. ``plan``: outcomes for the next InstallApplications, taken before any is drawn."""

    def __init__(self, device: Device, *, temper: Temper, rng: random.Random) -> None:
        self.temper = temper
        self.plan: deque[Outcome] = deque()
        self.apps = Apps()
        self.inventory = Inventory(device, own_apps=temper.own_apps)
        self.enrolment = 0
        self.erased = False
        self.received: list[ReceivedInstall] = []
        self._device = device
        self._reporter = Reporter(device, self.inventory)
        self._rng = rng
        self._memory = _Memory()

    def begin(self) -> None:
        """A new enrolment."""
        self.enrolment += 1
        self.erased = False
        self._memory = _Memory()
        self.inventory.begin()
        self._reporter.begin()

    @property
    def truth(self) -> Truth:
        """All that is on it at present."""
        return self._truth(self.apps.managed_now())

    def forget(self) -> int:
        """Drop the books; how many InstallApplications were in them. What is still to be answered is remembered."""
        count = sum(one.offer == 1 for one in self.received)
        self.received.clear()
        offers = self._memory.offers
        self._memory.offers = {uuid: offers[uuid] for uuid in offers if uuid in self._memory.outcomes}
        return count

    def respond(self, document: Mapping[str, Any], *, user: bool = False) -> Message | None:
        """The answer to a command; None when there is none and the connection just ends.

        ``user``: it came over the user channel, where fewer are known.
        """
        command, command_uuid = document["Command"], document["CommandUUID"]
        kind = command["RequestType"]
        outcome = None
        if kind == "InstallApplication" and not user:
            outcome = self._decide(command_uuid, str(command.get("iTunesStoreID", "")))
            if outcome is Outcome.SILENT and self._memory.offers[command_uuid] <= self.temper.silent_offers:
                return None
        is_away = user and not self._device.on_console
        if is_away or self._puts_off(command_uuid, kind, outcome):
            return self._device.not_now(command_uuid, user=user)
        # The same command once more would be a new one to the device.
        self._memory.outcomes.pop(command_uuid, None)
        self._memory.put_off.pop(command_uuid, None)
        if outcome is not None:
            return self._install(command_uuid, command, outcome)
        ask = Ask(command_uuid=command_uuid, command=command, user=user)
        if self._reporter.answers(ask):
            return self._report(ask)
        if user:
            return answers.not_supported(self._device, command_uuid, kind, user=True)
        return self._answer(command_uuid, kind, command)

    def _decide(self, command_uuid: str, adam_id: str) -> Outcome:
        """Write the command down, and say what becomes of it: the same at each offer."""
        memory, identity = self._memory, self._device.identity
        offer = memory.offers[command_uuid] = memory.offers.get(command_uuid, 0) + 1
        self.received.append(
            ReceivedInstall(
                device_id=identity.udid or identity.enrollment_id,
                serial_number=identity.serial_number,
                command_uuid=command_uuid,
                adam_id=adam_id,
                at=self._device.clock(),
                enrolment=self.enrolment,
                offer=offer,
            )
        )
        if command_uuid not in memory.outcomes:
            memory.outcomes[command_uuid] = self.plan.popleft() if self.plan else self._draw(adam_id)
        return memory.outcomes[command_uuid]

    def _draw(self, adam_id: str) -> Outcome:
        if self._rng.random() < self.temper.silent_share:
            return Outcome.SILENT
        memory = self._memory
        if adam_id not in memory.fates:
            memory.fates[adam_id] = self.temper.draw_fate(self._rng)
        if memory.fates[adam_id] is not Outcome.NO_LICENSE_YET:
            return memory.fates[adam_id]
        tries = memory.errors[adam_id] = memory.errors.get(adam_id, 0) + 1
        return Outcome.NO_LICENSE_YET if tries <= self.temper.install_error_tries else Outcome.INSTALLS

    def _puts_off(self, command_uuid: str, kind: str, outcome: Outcome | None) -> bool:
        """Whether to say NotNow: so many times to a command, if at all."""
        left = self._memory.put_off
        if command_uuid not in left:
            never = not self._device.identity.kind.is_mac and kind in answers.NEVER_NOT_NOW_ON_IOS
            drawn = self._rng.random() < self.temper.not_now_share and not never
            left[command_uuid] = self.temper.not_now_times if drawn or outcome is Outcome.NOT_NOW else 0
        left[command_uuid] -= 1
        return left[command_uuid] >= 0

    def _install(self, command_uuid: str, command: Mapping[str, Any], outcome: Outcome) -> Message:
        device, adam_id = self._device, str(command.get("iTunesStoreID", ""))
        is_mac = device.identity.kind.is_mac
        if not {"iTunesStoreID", "Identifier", "ManifestURL"} & command.keys():
            return device.command_format_error(command_uuid)
        if outcome is Outcome.NO_LICENSE_YET or not self._may_install(adam_id):
            return answers.no_license(device, command_uuid, adam_id=adam_id)
        if outcome is Outcome.REFUSED:
            reason = self.temper.rejection_reason or ("Other" if is_mac else "NotSupported")
            return answers.install_refused(device, command_uuid, adam_id=adam_id, reason=reason)
        bundle_id = bundle_id_of(adam_id) if adam_id else str(command.get("Identifier", "com.example.manifest"))
        known = self.apps.get(bundle_id)
        if is_mac and known is not None and known.status == INSTALLING:
            return answers.installing_already(device, command_uuid)
        app = App(
            bundle_id=bundle_id,
            adam_id=adam_id,
            managed=not is_mac or bool(command.get("InstallAsManaged")),
            polls=self.temper.installing_polls,
            due_at=due(device.clock(), self.temper.installing_s),
        )
        if outcome in {Outcome.REJECTED, Outcome.FAILED}:
            self.apps.fail(app, "UserRejected" if outcome is Outcome.REJECTED else "Failed")
        else:
            self.apps.begin(app)
        name = "" if outcome is Outcome.NAMELESS else bundle_id
        state = MANAGED if known is not None and known.installed else "Queued"
        return answers.install_acknowledged(device, command_uuid, bundle_id=name, state=state)

    def _may_install(self, adam_id: str) -> bool:
        """Whether Apple has a licence for it; what does not come from the store needs none."""
        licensed = self.temper.licensed
        return licensed is None or not adam_id or licensed(self._device.identity.serial_number, adam_id)

    def _report(self, ask: Ask) -> Message:
        """To ask for apps is a step of their installation, too."""
        identifiers, now = ask.command.get("Identifiers") or (), self._device.clock()
        managed = None
        if ask.request_type == "ManagedApplicationList" and not ask.user:
            managed = self.apps.managed_list(identifiers, now)
        elif ask.request_type == "InstalledApplicationList" and not ask.command.get("ManagedAppsOnly"):
            self.apps.look(identifiers, now)
        truth = self._truth(self.apps.managed_now() if managed is None else managed)
        return self._reporter.answer(ask, truth, self.temper)

    def _truth(self, managed: Mapping[str, Mapping[str, Any]]) -> Truth:
        hidden = NOT_ON_MACS if self._device.identity.kind.is_mac else frozenset()
        installed = [
            Item(keys={key: app[key] for key in app if key not in hidden}, managed=managed)
            for app, managed in self.apps.installed_now()
        ]
        listed = {name: {key: app[key] for key in app if key not in hidden} for name, app in managed.items()}
        return self.inventory.truth(installed, listed)

    def _answer(self, command_uuid: str, kind: str, command: Mapping[str, Any]) -> Message:
        device = self._device
        match kind:
            case "RemoveApplication":
                bundle_id = str(command.get("Identifier", ""))
                self.apps.remove(bundle_id)
                return answers.acknowledged(device, command_uuid, kind, {"Identifier": bundle_id})
            case "EraseDevice":
                self.erased = True
        if kind not in answers.KNOWN:
            return answers.not_understood(device, command_uuid, kind)
        return answers.acknowledged(device, command_uuid, kind, answers.PLAIN.get(kind, {}))
