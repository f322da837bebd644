"""Commands that change what is on a simulated device, and what they are refused for.

Source: https://github.com/apple/device-management/tree/release/mdm/commands
"""

from collections.abc import Callable, Mapping
from typing import Any

from domain.errors import MalformedPayload
from domain.plist import decode
from simulators.inventory import Inventory
from simulators.profiles import Profile

NOT_LOST = (12067, "The device is not in Lost Mode.")
"""Source: https://github.com/apple/device-management/blob/release/mdm/commands/device.lostmode.location.yaml"""


class Refused(Exception):
    """``why``: the error's code and what it means."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.why = (code, said)


def _install_profile(inventory: Inventory, command: Mapping[str, Any], user: bool) -> dict[str, Any]:
    inventory.install_profile(read_profile(command.get("Payload") or b""), user=user)
    return {}


def _remove_profile(inventory: Inventory, command: Mapping[str, Any], user: bool) -> dict[str, Any]:
    identifier = str(command.get("Identifier", ""))
    if not inventory.remove_profile(identifier, user=user):
        raise Refused(12013, f"The profile “{identifier}” is not managed.")
    return {}


def _schedule(inventory: Inventory, command: Mapping[str, Any], _: bool) -> dict[str, Any]:
    return {"UpdateResults": inventory.schedule(command.get("Updates") or ())}


def _scan(_: Inventory, __: Mapping[str, Any], ___: bool) -> dict[str, Any]:
    return {"ScanInitiated": True}


def _lose(inventory: Inventory, _: Mapping[str, Any], __: bool) -> dict[str, Any]:
    inventory.lose()
    return {}


def _find(inventory: Inventory, _: Mapping[str, Any], __: bool) -> dict[str, Any]:
    if not inventory.find():
        raise Refused(*NOT_LOST)
    return {}


def _play_sound(inventory: Inventory, _: Mapping[str, Any], __: bool) -> dict[str, Any]:
    if inventory.truth().location is None:
        raise Refused(*NOT_LOST)
    return {}


Order = Callable[[Inventory, Mapping[str, Any], bool], dict[str, Any]]

ORDERS: Mapping[str, Order] = {
    "InstallProfile": _install_profile,
    "RemoveProfile": _remove_profile,
    "ScheduleOSUpdate": _schedule,
    "ScheduleOSUpdateScan": _scan,
    "EnableLostMode": _lose,
    "DisableLostMode": _find,
    "PlayLostModeSound": _play_sound,
}
"""By request type: does as told, the user's way if so said, and gives the keys of the answer. Raises `Refused`."""


def read_profile(mobileconfig: bytes) -> Profile:
    """The profile in a file; of a signed one, what is between the signature's bytes.

    Raises:
        Refused: there is none, or it has no identifier.
    """
    begin, end = mobileconfig.find(b"<?xml"), mobileconfig.rfind(b"</plist>")
    try:
        plist = decode(mobileconfig[begin : end + len(b"</plist>")] if 0 < begin < end else mobileconfig)
    except MalformedPayload as exc:
        raise Refused(1000, "The profile could not be read.") from exc
    identifier = plist.get("PayloadIdentifier")
    if not isinstance(identifier, str) or not identifier:
        raise Refused(1002, "The profile has no identifier.")
    payloads = plist.get("PayloadContent")
    return Profile(
        identifier=identifier,
        uuid=str(plist.get("PayloadUUID") or ""),
        name=str(plist.get("PayloadDisplayName") or ""),
        payload_types=tuple(str(one.get("PayloadType")) for one in payloads) if isinstance(payloads, list) else (),
        removable=not plist.get("PayloadRemovalDisallowed"),
        signed=begin > 0,
    )
