"""What a device answers to commands of ours: each once, however often it is repeated; installs go on from there."""

from collections.abc import Iterator

from domain.app_state import ALREADY_UNDER_WAY
from domain.device_event import CONNECT, LONGEST_ID, DeviceEvent
from domain.error_chain import LICENSE_NOT_THERE_YET, in_words, is_duplicate_install, read_chain, says
from domain.text import storable
from state.commands import Command
from state.installs import Install
from state.unit_of_work import UnitOfWork
from tasks.following import first_check
from tasks.installing import owe_install
from tasks.owing import Owed
from tasks.pushing import pause_after
from tasks.registry import on
from tasks.removing import AWAITED, REMOVE, TAKEN_BACK, answer_in_words

RETRIES = (10.0, 60.0, 300.0, 900.0, 3_600.0, 10_800.0)
"""Seconds before the 2nd, 3rd, … install command, while the device cannot get the licence that Apple has confirmed."""

FINAL = ("Acknowledged", "Error", "CommandFormatError")

GIVEN_UP = "dead"
"""State of a command that nobody knows the fate of, until its device answers it."""

VOID = "void"
"""State of a command that nobody waits for; that it was answered is true all the same, whichever was heard first."""

EXPECTING = ("waiting", "command_sent", "stuck")
"""States of an install that go on with an answer."""

EXPECTING_OF = {GIVEN_UP: (*EXPECTING, "failed"), VOID: ()}
"""The same, where the command is no longer open."""

UNNAMED = "no device has named the bundle id of this app yet, so nothing can prove that it is there: asked once one has"
"""Tells of a device that acknowledged and did not name it either."""

UNHEARD = ("waiting", "failed")
"""Of those, the states in which nobody knew yet that the command had gone out."""


@on(CONNECT)
def answered(event: DeviceEvent, uow: UnitOfWork) -> Iterator[Owed]:
    """Only the server that a command went to can answer it.

    Source: https://developer.apple.com/documentation/devicemanagement/commands-and-queries
    """
    command = uow.commands.answered_by(event.command_uuid or "", event.channel_id or event.device_id or "")
    if command is None or command.sender != event.sender or not (command.is_open or command.state in EXPECTING_OF):
        return
    expecting = EXPECTING_OF.get(command.state, EXPECTING)
    install = uow.installs.of_command(command.id, command.device_id)
    waits = install is not None and install.state in expecting and command.request_type != REMOVE
    if event.status == "NotNow" and command.state != VOID:
        pause = pause_after(command.pushes)
        command.change(state="NotNow", error=None, next_push_at=uow.now + pause if pause else None)
        if install is not None and waits and install.state in UNHEARD:
            _has_it(install, command, uow)
        return
    if event.status not in FINAL:
        return
    command.change(
        state=event.status,
        error=_words(event) or None,
        answered_at=event.occurred_at,
        answer_id=uow.event_id,
        next_push_at=None,
    )
    if install is not None and waits:
        yield from _go_on(install, command, event, uow)
    elif install is not None and install.state == "released":
        _note_late(install, command, event, uow)


def _has_it(install: Install, command: Command, uow: UnitOfWork) -> None:
    """Whatever we hear of our own attempt to send it: the device has the command, and will do it later."""
    sent_at = install.sent_at or command.called_at or uow.now
    install.change(uow.now, state="command_sent", reason=None, sent_at=sent_at)


def _words(event: DeviceEvent) -> str:
    if event.status == "Acknowledged":
        return ""
    words = in_words(read_chain(event.payload.get("ErrorChain")), _rejection(event))
    return words or f"the device answered {event.status} and did not say why"


def _rejection(event: DeviceEvent) -> str | None:
    reason = event.payload.get("RejectionReason")
    return reason if isinstance(reason, str) else None


def _go_on(install: Install, command: Command, event: DeviceEvent, uow: UnitOfWork) -> Iterator[Owed]:
    install.change(uow.now, sent_at=install.sent_at or command.called_at or uow.now)
    if _accepts(event):
        _accepted(install, event, uow)
    elif says(read_chain(event.payload.get("ErrorChain")), LICENSE_NOT_THERE_YET) and install.checks < len(RETRIES):
        # Not `tries`: a licence that comes back has all of these before it again.
        pause = RETRIES[install.checks]
        install.change(uow.now, checks=install.checks + 1, reason=f"{_words(event)}; tried again after {pause:.0f} s")
        yield owe_install(uow, install, command.sender, after=pause)
    else:
        bundle_id = _bundle_id(event) or install.bundle_id
        install.change(uow.now, state="failed", reason=_words(event), bundle_id=bundle_id, next_check_at=None)


def _note_late(install: Install, command: Command, event: DeviceEvent, uow: UnitOfWork) -> None:
    """Its licence went before this was heard. What the device has begun all the same may have to be removed."""
    if command.request_type == REMOVE:
        install.change(uow.now, reason=answer_in_words(_words(event)))
    elif _accepts(event):
        bundle_id = _bundle_id(event) or install.bundle_id
        install.change(uow.now, bundle_id=bundle_id, acknowledged_at=event.occurred_at, acknowledged_by=uow.event_id)
    elif install.reason == AWAITED:
        install.change(uow.now, reason=TAKEN_BACK)


def _accepts(event: DeviceEvent) -> bool:
    """It has begun now, or had before."""
    if event.status == "Acknowledged" or _rejection(event) in ALREADY_UNDER_WAY:
        return True
    return is_duplicate_install(read_chain(event.payload.get("ErrorChain")))


def _bundle_id(event: DeviceEvent) -> str | None:
    named = event.payload.get("Identifier")
    return storable(named) if isinstance(named, str) and 0 < len(named) <= LONGEST_ID else None


def _accepted(install: Install, event: DeviceEvent, uow: UnitOfWork) -> None:
    """The device has begun, which proves nothing yet: from now on it is asked until it says that the app is there.

    One that does not name the app is understood by what others call it.
    """
    bundle_id = _bundle_id(event) or install.bundle_id or uow.installs.bundle_id_of(install.adam_id)
    install.change(
        uow.now,
        state="acknowledged" if bundle_id else "stuck",
        reason=None if bundle_id else UNNAMED,
        bundle_id=bundle_id,
        acknowledged_at=event.occurred_at,
        acknowledged_by=uow.event_id,
        next_check_at=first_check(uow.now) if bundle_id else None,
        checks=0,
    )
