"""Ids that are made from what a row is about, so that whoever writes it first makes the same one."""

from collections.abc import Iterable

from domain.classification import digest, digests
from domain.jamf_device import JamfDevice
from domain.notification import Pair, serial_key
from state.schema.metadata import DIGEST


def asset_id(u_id: str, adam_id: str, pricing_param: str) -> str:
    return digest(u_id, adam_id, pricing_param)[:DIGEST]


def user_id(u_id: str, client_user_id: str) -> str:
    return digest(u_id, client_user_id)[:DIGEST]


def assignment_id(u_id: str, pair: Pair) -> str:
    target = f"u{pair.client_user_id}" if pair.serial_number is None else f"s{serial_key(pair.serial_number)}"
    return digest(u_id, pair.adam_id, pair.pricing_param, target)[:DIGEST]


def jamf_id(*names: str) -> str:
    """Of anything of Jamf Pro's: the sender first, then what it is called there."""
    return digest(*names)[:DIGEST]


def jamf_ids(*names: str, lasts: Iterable[str]) -> list[str]:
    """`jamf_id` of many names that differ in the last."""
    return [found[:DIGEST] for found in digests(*names, lasts=lasts)]


def jamf_device_id(sender: str, family: str, device: JamfDevice) -> str:
    """By the number of its record; where an event tells none, by the first other id that it does tell."""
    if device.jamf_id is not None:
        return jamf_id(sender, family, "jamf_id", device.jamf_id)
    others = {
        "serial": serial_key(device.serial_number or ""),
        "udid": device.udid or "",
        "management": device.management_id or "",
    }
    name = next((name for name, value in others.items() if value), "")
    return jamf_id(sender, family, name, others.get(name, ""))


def inventory_id(*names: str) -> str:
    """Of what a device answered: the device, its channel (empty: the device itself), and what the row is about."""
    return digest(*names)[:DIGEST]


def item_id(list_id: str, key: str) -> str:
    """Of an item of a list: those of one list begin alike, and so lie together in the index."""
    return list_id[: DIGEST // 2] + digest(key)[: DIGEST // 2]


def list_of_item(identifier: str) -> str:
    """How the ids of all items begin that are in the same list, and that of the list itself."""
    return identifier[: DIGEST // 2]
