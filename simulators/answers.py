"""What a simulated device says to a command, beside what it says of itself in `simulators.devices`.

Source: https://developer.apple.com/documentation/devicemanagement/install-application-command
Source: https://github.com/apple/device-management/tree/release/mdm/commands
"""

from collections.abc import Mapping
from typing import Any

from simulators.devices import NO_LICENSE, Device, Message
from simulators.micromdm_commands import REQUEST_TYPES

KNOWN = REQUEST_TYPES | {"DeclarativeManagement", "InstalledApplicationList", "SetFirmwarePassword"}
"""Commands a device understands. Real ones differ by system and release."""

NEVER_NOT_NOW_ON_IOS = frozenset(
    (
        "DeviceInformation",
        "ProfileList",
        "DeviceLock",
        "EraseDevice",
        "ClearPasscode",
        "ProvisioningProfileList",
        "InstalledApplicationList",
        "Restrictions",
    )
)
PLAIN: Mapping[str, Mapping[str, Any]] = {"DeviceLock": {"MessageResult": "Success"}}
"""Answers that are always the same; what is not here is acknowledged without a word."""


def acknowledged(
    device: Device, command_uuid: str, request_type: str, content: Mapping[str, Any], *, user: bool = False
) -> Message:
    """As this device acknowledges: Macs name the command, iOS devices do not."""
    return device.acknowledged(command_uuid, {**_named(device, request_type), **content}, user=user)


def install_acknowledged(device: Device, command_uuid: str, *, bundle_id: str = "", state: str = "Queued") -> Message:
    """The installation is accepted, which is not to say it is done. No bundle id, no Identifier."""
    identifier = {"Identifier": bundle_id} if bundle_id else {}
    return acknowledged(device, command_uuid, "InstallApplication", {**identifier, "State": state})


def install_refused(device: Device, command_uuid: str, *, adam_id: str, reason: str) -> Message:
    """It will not be installed, and why."""
    chain = [_link(12026, "MCMDMErrorDomain", f"The app “{adam_id}” could not be installed.")]
    content = {**_named(device, "InstallApplication"), "State": "Failed", "RejectionReason": reason}
    return device.error(command_uuid, chain, content)


def no_license(device: Device, command_uuid: str, *, adam_id: str) -> Message:
    """No licence for this app was found at Apple."""
    said = f"Could not retrieve licence for the app with iTunes Store ID {adam_id}."
    chain = [{**NO_LICENSE[0], "LocalizedDescription": said, "USEnglishDescription": said}, NO_LICENSE[1]]
    content = {**_named(device, "InstallApplication"), "State": "Failed", "RejectionReason": "Other"}
    return device.error(command_uuid, chain, content)


def installing_already(device: Device, command_uuid: str) -> Message:
    """A Mac is asked for an app it is busy installing."""
    chain = [_link(506, "ASDErrorDomain", "A duplicate install request was made.")]
    return device.error(command_uuid, chain, _named(device, "InstallApplication"))


def not_understood(device: Device, command_uuid: str, request_type: str) -> Message:
    """There is no such command."""
    chain = [_link(12021, "MCMDMErrorDomain", f"“{request_type}” is not a valid request type.")]
    return device.error(command_uuid, chain)


def not_supported(device: Device, command_uuid: str, request_type: str, *, user: bool = False) -> Message:
    """There is such a command, but not on this platform, in this enrolment or on this channel."""
    return refused(device, command_uuid, (12021, f"“{request_type}” is not supported."), user=user)


def refused(device: Device, command_uuid: str, why: tuple[int, str], *, user: bool = False) -> Message:
    """``why``: the code, among those of MCMDMErrorDomain, and what it means."""
    return device.error(command_uuid, [_link(why[0], "MCMDMErrorDomain", why[1])], user=user)


def _link(code: int, domain: str, text: str) -> dict[str, Any]:
    return {"ErrorCode": code, "ErrorDomain": domain, "LocalizedDescription": text, "USEnglishDescription": text}


def _named(device: Device, request_type: str) -> dict[str, str]:
    return {"RequestType": request_type} if device.identity.kind.is_mac else {}
