"""Apps that go with their licence, where people want that: what may be on the device then is removed, once.

What is owed is read from the state of the install: so it does not matter whether the licence that went or the answer of
the device is heard first.
"""

from collections.abc import Iterator

from state.commands import Command
from state.installs import Install
from state.unit_of_work import UnitOfWork
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed, action_id

REMOVE = "RemoveApplication"

TAKEN_BACK = "the licence was taken back"
OWED = f"{TAKEN_BACK}; the device is to remove the app"
AWAITED = f"{TAKEN_BACK}; if the device still accepts the command that was sent before, it is to remove the app"
UNFINISHED = (OWED, AWAITED)
"""Reasons of an install that is released, and not over."""

UNNAMED = f"{TAKEN_BACK}; the app is not removed, as no device has named its bundle id"
REMOVED = f"{TAKEN_BACK}, and the device has removed the app"
NOT_REMOVED = f"{TAKEN_BACK}; the device has not removed the app"
BACK = "the licence is back; the device has not answered yet the command to remove the app, which was sent before"


def remove(uow: UnitOfWork, install: Install, sender: str) -> Iterator[Owed]:
    """Owe it for an install of which the app may be there, and release that; others, and unnamed apps, are left alone.

    A device that has our last command and has not answered it is waited for: a removal that overtook it would do
    nothing.
    """
    command = _last_command(uow, install)
    if command is not None and command.request_type == REMOVE:
        if install.state == "waiting" and is_out(command):  # the licence came back, and went again
            _release(uow, install, command.id)
        return
    bundle_id = install.bundle_id or uow.installs.bundle_id_of(install.adam_id)
    if bundle_id is None or not _may_be_there(uow, install, command):
        return
    action = SendCommand(
        device_id=install.device_id, sender=sender, request_type=REMOVE, arguments={"Identifier": bundle_id}
    )
    removal = Owed(action=action, key=_key(install, install.tries))
    if uow.commands.owed_under(removal.key) is not None:  # by a version that kept no track of it
        return
    if install.command_id is not None:
        uow.void(install.command_id, TAKEN_BACK)
    install.change(uow.now, bundle_id=bundle_id)
    _release(uow, install, action_id(removal.key, uow.now))
    yield removal


def _release(uow: UnitOfWork, install: Install, removal_id: str) -> None:
    install.change(uow.now, state="released", reason=OWED, command_id=removal_id, next_check_at=None)


def _may_be_there(uow: UnitOfWork, install: Install, command: Command | None) -> bool:
    if install.state == "waiting":
        # Before the licence came back, its removal had not gone out; neither has the command that followed.
        again = install.tries > 1 and not install.checks
        before = uow.commands.owed_under(_key(install, install.tries - 1)) if again else None
        return before is not None and (before.state, before.called_at) == ("void", None)
    # Of what was released long ago nothing is known any more.
    return _has_begun(install) and (install.state != "released" or command is not None)


def _key(install: Install, tries: int) -> str:
    return f"remove:{install.id}:{tries}"


def _last_command(uow: UnitOfWork, install: Install) -> Command | None:
    """None where nothing depends on it: it was not looked at."""
    return uow.commands.of_id(install.command_id) if install.command_id is not None else None


def _has_begun(install: Install) -> bool:
    return install.state == "installed" or install.acknowledged_at is not None


def prospect(uow: UnitOfWork, install: Install) -> str | None:
    """What is to be said of an app that is not removed, and perhaps should be; None when it is not there."""
    if _has_begun(install):
        return UNNAMED
    command = _last_command(uow, install)
    if command is None or command.request_type == REMOVE or command.called_at is None:
        return None
    # Void with the release itself, or before it: cleared from the queue.
    is_over = command.answered_at is not None or (command.state == "void" and install.state != "released")
    return None if is_over else AWAITED


def is_out(command: Command) -> bool:
    """Whether its device may have it, and has not answered."""
    return command.is_open and command.called_at is not None


def is_waited_for(command: Command) -> bool:
    """Whether an install waits until this is sent or, for a removal, answered."""
    return is_out(command) if command.request_type == REMOVE else command.state != "void"


def waited_for(uow: UnitOfWork, install: Install, sender: str | None) -> Command | None:
    """The removal that the device has to answer before the app is sent again, when the licence is back."""
    command = _last_command(uow, install)
    if command is None or command.request_type != REMOVE or command.sender != sender or not is_out(command):
        return None
    return command


def answer_in_words(refusal: str) -> str:
    """What became of it, once the device has answered; ``refusal`` is empty when it did as it was told."""
    return f"{NOT_REMOVED}: {refusal}" if refusal else REMOVED
