"""Licence to install: what is owed once a serial number has a licence and an enrolled device, whichever came second.

Works on the state of a serial number as a whole, under its lock, and writes only what is missing. So it does not matter
how often, by whom and in which order it is asked: events of both sides ask it, and so does a sweep.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from domain.clock import id_prefix, parse_time
from domain.commands import Command, install_application
from state.commands import Command as StoredCommand
from state.installs import UNDECIDED, Enrolment, Install, Licence
from state.unit_of_work import UnitOfWork
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed, action_id
from tasks.removing import AWAITED, BACK, TAKEN_BACK, UNFINISHED, is_waited_for, prospect, remove, waited_for
from tasks.setup import Setup

RELEASABLE = (*UNDECIDED, "failed", "stuck")

UNSENT = ("waiting", "failed")
"""States of an install of which its command tells more."""

SENT_ANEW = "the app is sent anew"


def decide_installs(
    uow: UnitOfWork, setup: Setup, serial_keys: Collection[str], adam_ids: Collection[str] | None
) -> Iterator[Owed]:
    """Bring the installs of these serial numbers (of these apps only, unless None) in line with both sides.

    Hold the locks of the serial numbers, and flush what is known, before.
    """
    enrolments = uow.enrolments_of(serial_keys)
    if not enrolments:
        return
    licences: dict[str, list[Licence]] = defaultdict(list)
    for licence in uow.licences_of(enrolments, adam_ids):
        if adam_ids is None or licence.adam_id in adam_ids:
            licences[licence.serial_key].append(licence)
    known = [enrolment for holders in enrolments.values() for enrolment in holders]
    uow.installs.load_apps([enrolment.device_id for enrolment in known], adam_ids)
    uow.commands.look_at(_in_question(uow, setup, known))
    for key in sorted(enrolments):
        holder, *former = enrolments[key]
        yield from _Decision(uow, setup, holder).run(licences[key], adam_ids)
        for other in former:
            _Decision(uow, setup, other).end(f"the serial number is now that of {holder.device_id}", adam_ids)


def _in_question(uow: UnitOfWork, setup: Setup, enrolments: Iterable[Enrolment]) -> Iterator[str]:
    """Commands that decisions depend on, of their installs."""
    removes = any(policy.remove for policy in setup.policies)
    states = ("released", "command_sent", "stuck") if removes else ("released",)
    for enrolment in enrolments:
        for install in uow.installs.of_device(enrolment.device_id):
            is_open = install.state in UNSENT or install.reason in UNFINISHED
            is_current = install.generation == (enrolment.generation or "")
            if install.command_id is not None and (is_open or (is_current and install.state in states)):
                yield install.command_id


@dataclass(frozen=True, slots=True)
class _Decision:
    """One device, and what it should have."""

    uow: UnitOfWork
    setup: Setup
    enrolment: Enrolment

    @property
    def generation(self) -> str:
        return self.enrolment.generation or ""

    def run(self, licences: Sequence[Licence], adam_ids: Collection[str] | None) -> Iterator[Owed]:
        current = self._current(self._known(adam_ids))
        wanted = {
            licence.adam_id: licence  # the newest
            for licence in sorted(licences, key=lambda licence: licence.changed_at)
            if licence.state == "assigned" and self.setup.policy(licence.u_id, licence.adam_id).install
        }
        unsure = {licence.adam_id for licence in licences if licence.state == "uncertain"}
        for adam_id in sorted(wanted):
            install = current.get(adam_id) or self._new(wanted[adam_id])
            if install.state == "released" or self._failed_before(install, wanted[adam_id]):
                self._revive(install, wanted[adam_id])
            if install.state == "waiting":
                self._call_back(install)
            if install.state == "waiting" and install.command_id is None:
                yield from self.owe(install)
        for adam_id in sorted(current.keys() - wanted.keys() - unsure):
            yield from self._release(current[adam_id], licences)

    def end(self, reason: str, adam_ids: Collection[str] | None) -> None:
        """Nothing is owed to this device any more; what it has, it keeps."""
        for install in self._known(adam_ids):
            if install.state in RELEASABLE:
                self._let_go(install, reason)

    def _known(self, adam_ids: Collection[str] | None) -> list[Install]:
        known = self.uow.installs.of_device(self.enrolment.device_id)
        return [install for install in known if adam_ids is None or install.adam_id in adam_ids]

    def _current(self, installs: Sequence[Install]) -> dict[str, Install]:
        """Those of this enrolment; those of earlier ones end, unless they really belong to this one.

        An Authenticate may be heard after what followed it: then the command went out in the enrolment it began.
        """
        current = {install.adam_id: install for install in installs if install.generation == self.generation}
        for install in reversed(installs):
            if install.generation == self.generation:
                continue
            if install.adam_id not in current and self._went_out_since(install):
                install.change(self.uow.now, generation=self.generation)
                current[install.adam_id] = install
            elif install.state in RELEASABLE or install.reason in UNFINISHED:
                self._let_go(install, "the device was enrolled anew")
        return current

    def _went_out_since(self, install: Install) -> bool:
        """Or is still to go out, and nobody has tried yet: an enrolment inherits neither tries nor pauses."""
        began = parse_time(self.generation)
        if install.state == "released":  # Ids sort by time.
            return install.reason in UNFINISHED and began is not None and (install.command_id or "") >= id_prefix(began)
        command = self._command_of(install) if install.state in UNSENT else None
        at = (command.called_at if command is not None else None) or install.sent_at
        if at is None:
            tried = install.command_id is not None and self.uow.commands.was_tried(install.command_id)
            return install.state == "waiting" and not tried
        return began is None or at >= began

    def _failed_before(self, install: Install, licence: Licence) -> bool:
        """True when the app was licensed anew since it failed."""
        if install.state != "failed":
            return False
        failed_at, command = install.changed_at, self._command_of(install)
        if command is not None and command.state in ("Error", "CommandFormatError") and command.answered_at:
            # Its clock may be slow: no licence is newer than the try that was made for it.
            failed_at = max(command.answered_at, command.called_at or failed_at)
        return licence.changed_at > failed_at

    def _command_of(self, install: Install) -> StoredCommand | None:
        return self.uow.commands.of_id(install.command_id) if install.command_id else None

    def _call_back(self, install: Install) -> None:
        """A command for another server than the device is enrolled in by now, or a void one; a removal that is over."""
        command = self._command_of(install)
        moved = command is not None and command.sender != self.enrolment.sender
        if command is None or (not moved and is_waited_for(command)):
            return
        if command.state != "void":
            self.uow.void(command.id, f"the device is now enrolled in {self.enrolment.sender}" if moved else SENT_ANEW)
        install.change(self.uow.now, command_id=None)

    def _new(self, licence: Licence) -> Install:
        now = self.uow.now
        install = Install(
            id=action_id(f"{self.enrolment.device_id}:{licence.adam_id}:{self.generation}", now),
            device_id=self.enrolment.device_id,
            serial_number=self.enrolment.serial_number,
            adam_id=licence.adam_id,
            generation=self.generation,
            state="waiting",
            licensed_by=licence.event_id,
            created_at=now,
            changed_at=now,
        )
        self.uow.installs.add(install)
        return install

    def _revive(self, install: Install, licence: Licence) -> None:
        """The licence is back, or was given anew: all begins again, and its last command is nobody's any more."""
        removal = waited_for(self.uow, install, self.enrolment.sender)
        if install.command_id is not None and removal is None:
            self.uow.void(install.command_id, SENT_ANEW)
        reason, command_id = (BACK, removal.id) if removal is not None else (None, None)
        install.change(
            self.uow.now, state="waiting", reason=reason, command_id=command_id, licensed_by=licence.event_id,
            sent_at=None, acknowledged_at=None, acknowledged_by=None, installed_at=None, installed_by=None,
            installed_command_uuid=None, checks=0,
        )  # fmt: skip

    def owe(self, install: Install) -> Iterator[Owed]:
        """Its first command, or the reason why there is none yet."""
        reason = self._obstacle()
        if reason is None:
            yield owe_install(self.uow, install, self.enrolment.sender or "")
        elif install.reason != reason:
            install.change(self.uow.now, reason=reason)

    def _obstacle(self) -> str | None:
        if self.enrolment.enrolled is False:
            return "the device is not enrolled"
        if self.enrolment.sender not in self.setup.mdm_servers:
            return f"nobody says where the MDM server of sender {self.enrolment.sender} is: set its url and api_key"
        return None

    def _release(self, install: Install, licences: Sequence[Licence]) -> Iterator[Owed]:
        reason = _why_not(install, licences)
        if self._removed_by_policy(install, licences):
            reason = prospect(self.uow, install) or reason
            yield from remove(self.uow, install, self.enrolment.sender or "")
        if install.state in RELEASABLE:
            self._let_go(install, reason)
        elif install.state == "released" and install.reason == AWAITED != reason:
            install.change(self.uow.now, reason=reason)

    def _let_go(self, install: Install, reason: str) -> None:
        if install.command_id is not None:
            self.uow.void(install.command_id, reason)
        install.change(self.uow.now, state="released", reason=reason, next_check_at=None)

    def _removed_by_policy(self, install: Install, licences: Sequence[Licence]) -> bool:
        """True when every location took its licence back and wants the app gone."""
        known = [licence for licence in licences if licence.adam_id == install.adam_id]
        taken = all(licence.state in ("unassigned", "failed") for licence in known)
        wants = all(self.setup.policy(licence.u_id, install.adam_id).remove for licence in known)
        return bool(known) and taken and wants and self._obstacle() is None


def _why_not(install: Install, licences: Sequence[Licence]) -> str:
    """Why an app is not to be installed any more."""
    if any(licence.adam_id == install.adam_id and licence.state == "assigned" for licence in licences):
        return "it is licensed only, by policy: install = false"
    return TAKEN_BACK


def owe_install(uow: UnitOfWork, install: Install, sender: str, *, after: float = 0.0) -> Owed:
    """The next command of an install; the install waits for it."""
    install.change(uow.now, tries=install.tries + 1)
    owed = Owed(
        action=_send(install, sender, install_application(install.adam_id)),
        key=f"install:{install.device_id}:{install.adam_id}:{install.generation}:{install.tries}",
        after=after,
    )
    reason = install.reason if after else None
    install.change(uow.now, state="waiting", command_id=action_id(owed.key, uow.now), reason=reason, next_check_at=None)
    return owed


def _send(install: Install, sender: str, command: Command) -> SendCommand:
    return SendCommand(
        device_id=install.device_id,
        sender=sender,
        request_type=command.request_type,
        arguments=dict(command.arguments),
    )
