"""What speaks against a command, or for a second thought, once it is known what it says and whom it is for."""

import re

from domain.command_types import KNOWN, resembled
from domain.commands import INSISTING, Command
from domain.questions import Platform

_PIN = re.compile("[0-9]{6}", re.ASCII)
_TAKES_PIN = ("DeviceLock", "EraseDevice")

DEVICE_ALONE = frozenset(
    {
        *("DeviceLock", "EraseDevice", "RestartDevice", "ShutDownDevice", "EnableLostMode", "DeleteUser"),
        *("SetRecoveryLock", "SetFirmwarePassword", "RotateFileVaultKey"),
    }
)
"""What no user channel takes, be it a Mac's or a Shared iPad's; of other types we do not say.

Source: `userchannel: false` in https://github.com/apple/device-management/tree/release/mdm/commands (checked 2026-11).
"""


def objection(command: Command, *, platform: Platform | None, is_to_user: bool) -> str | None:
    """Why its device would refuse it when it asks for commands, maybe days later; None: nothing known.

    Nothing is objected to an unchecked command, nor to a PIN where the ``platform`` is unknown.
    """
    name = command.request_type
    if command.unchecked:
        return None
    if is_to_user and name in DEVICE_ALONE:
        return f"{name} is for a device and not for a user: only the device channel takes it; {INSISTING}"
    if platform == "macOS" and name in _TAKES_PIN and not _is_fine(command):
        return f"{name}: PIN is six digits on a Mac, and this device is one; {INSISTING}"
    return None


def advice(command: Command) -> tuple[str, ...]:
    """What a person may want to know before sending it; nothing of it is an error."""
    if command.request_type not in KNOWN:
        meant = resembled(command.request_type)
        hint = f"; did you mean {meant}?" if meant else ""
        return (f"{command.request_type} is not a request type we know: sent as it is{hint}",)
    if command.request_type not in _TAKES_PIN:
        return ()
    if command.arguments.get("PIN") is None:
        return (f"without a PIN some Macs refuse (they say PINRequiredFor{command.request_type})",)
    return () if _is_fine(command) else ("a Mac wants a PIN of six digits",)


def _is_fine(command: Command) -> bool:
    """Its PIN is one that a Mac takes, or it has none."""
    pin = command.arguments.get("PIN")
    return pin is None or _PIN.fullmatch(str(pin)) is not None
