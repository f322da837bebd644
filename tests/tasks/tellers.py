"""Two devices, and what each may tell its MDM server: few names, so that what is told meets."""

import plistlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from simulators.certificates import draw_certificate
from simulators.devices import NO_LICENSE, Device, Message
from simulators.identities import Identity, Kind, draw_identity
from simulators.nanomdm import enrollment_ids
from tests.deliveries import NOON, SECOND

ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "installed": ("InstalledApplicationList", {}),
    "some": ("InstalledApplicationList", {"Identifiers": ["a"]}),
    "columns": ("InstalledApplicationList", {"Items": ["Name"]}),
    "managed": ("ManagedApplicationList", {}),
    "some_managed": ("ManagedApplicationList", {"Identifiers": ["a"]}),
    "profiles": ("ProfileList", {}),
    "managed_profiles": ("ProfileList", {"ManagedOnly": True}),
    "provisioning": ("ProvisioningProfileList", {}),
    "certificates": ("CertificateList", {}),
    "updates": ("AvailableOSUpdates", {}),
    "progress": ("OSUpdateStatus", {}),
    "results": ("ScheduleOSUpdate", {}),
    "configured": ("DeviceConfigured", {}),
    "user_configured": ("UserConfigured", {}),
}
"""Our commands by their UUIDs, answered before, that are answered once more; any other was sent by somebody else."""

OPEN = {"open-1": NOON, "open-2": NOON + 4 * SECOND}
"""Our commands that nobody has answered yet, and when they went out."""


class World:
    """Two devices, their servers, and a clock that stands where it is put. ``rng`` is that of one event."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.now = NOON
        mac = draw_identity(Kind.MAC_WITH_USER, rng)
        other = draw_identity(
            rng.choice([Kind.IPAD, Kind.IPHONE, Kind.SHARED_IPAD, Kind.MAC, Kind.USER_ENROLLMENT]), rng
        )
        if rng.random() < 0.5:
            # A board was changed, and the other one got its serial number.
            other = replace(other, serial_number=mac.serial_number)
        self.devices = [self._device(mac), self._device(other)]
        self.ended: set[tuple[str, str]] = set()

    def _device(self, identity: Identity) -> Device:
        return Device(identity, rng=self.rng, clock=lambda: self.now, binary=self.rng.random() < 0.5)

    @property
    def speakers(self) -> list[str]:
        """Enrolment ids of the devices, and of the users on them."""
        contents = [each.idle(user=user).content for each in self.devices for user in {False, bool(each.identity.user)}]
        return [enrollment_ids(content)["id"] for content in contents]

    @property
    def device(self) -> Device:
        """Who speaks: the first one more often."""
        return self.devices[self.rng.random() < 0.3]

    def one_of(self, *values: Any) -> Any:
        return self.rng.choice(values)

    def values(self, *names: str) -> dict[str, Any]:
        """Some of them, each with a value, at times of a wrong type."""
        return {name: self.one_of("1", "2", 3, True, b"4") for name in names if self.rng.random() < 0.6}

    def items(self, required: str, *optional: str) -> list[dict[str, Any]]:
        return [{required: self.one_of(*"abc"), **self.values(*optional)} for _ in range(self.rng.randrange(4))]


def _checked_in(world: World) -> Message:
    device = world.device
    if world.rng.random() < 0.3:
        device.upgrade()
    of_user = bool(device.identity.user)
    said: Callable[[], Message] = world.one_of(
        device.authenticate,
        device.authenticate,
        device.token_update,
        device.check_out,
        device.set_bootstrap_token,
        device.idle,
        lambda: device.token_update(user=of_user, renew=True),
        lambda: device.idle(user=of_user),
    )
    message = said()
    if message.content.get("MessageType") == "TokenUpdate":
        content = {**message.content, "AwaitingConfiguration": world.one_of(True, True, False)}
        return replace(message, content=content, raw=plistlib.dumps(content))
    return message


def _informed(world: World) -> Message:
    names = ("OSVersion", "BuildVersion", "DeviceName", "SerialNumber", "IsSupervised")
    said = {name: world.one_of("1", "2", "3") for name in names if world.rng.random() < 0.6}
    return _answered(world, "information", {"QueryResponses": said})


def _replied(world: World) -> Message:
    """A command of ours has one end, and may be put off before and, as it is told, after."""
    device, command_uuid = world.device, world.one_of(*OPEN)
    named = (device.facts()["SerialNumber"] + device.identity.udid, command_uuid)
    if named in world.ended or world.rng.random() < 0.3:
        return device.not_now(command_uuid)
    world.ended.add(named)
    said: Callable[[str], Message] = world.one_of(device.acknowledged, device.error, device.command_format_error)
    return said(command_uuid)


def _answered(world: World, about: str, content: dict[str, Any]) -> Message:
    """To our command or somebody else's, of the device or of a user on it; now and then with an error beside it."""
    device = world.device
    command_uuid = world.one_of(about, about, "theirs")
    user = bool(device.identity.user) and world.rng.random() < 0.25
    if world.rng.random() < 0.15:
        return device.error(command_uuid, NO_LICENSE, content, user=user)
    return device.acknowledged(command_uuid, content, user=user)


def _list(about: Sequence[str], key: str, required: str, *optional: str) -> Callable[[World], Message]:
    return lambda world: _answered(world, world.one_of(*about), {key: world.items(required, *optional)})


def _managed(world: World) -> Message:
    apps = {item["Identifier"]: item for item in world.items("Identifier", "Status", "IsValidated")}
    return _answered(world, world.one_of("managed", "managed", "some_managed"), {"ManagedApplicationList": apps})


@cache
def certificate(name: str) -> bytes:
    return draw_certificate(name, "Example CA", random.Random(name)).data


def _certificates(world: World) -> Message:
    listed = [{**item, "Data": certificate(item["CommonName"])} for item in world.items("CommonName")]
    return _answered(world, "certificates", {"CertificateList": listed})


def _secured(world: World) -> Message:
    said = world.values("FDE_Enabled", "SecureBoot", "PasscodePresent")
    return _answered(world, "security", {"SecurityInfo": said})


def _configured(world: World) -> Message:
    return _answered(world, world.one_of("configured", "configured", "user_configured"), {})


def _located(world: World) -> Message:
    place = {"Latitude": world.rng.randrange(99), "Longitude": world.rng.random() * 9, **world.values("Speed")}
    return _answered(world, "location", place)


MDM: dict[str, Callable[[World], Message]] = {
    "check-ins": _checked_in,
    "information": _informed,
    "replies": _replied,
    "apps": _list(
        ["installed", "installed", "some", "columns"],
        "InstalledApplicationList",
        "Identifier",
        "Name",
        "Version",
        "BundleSize",
    ),
    "managed": _managed,
    "profiles": _list(
        ["profiles", "profiles", "managed_profiles"],
        "ProfileList",
        "PayloadIdentifier",
        "PayloadUUID",
        "PayloadVersion",
    ),
    "provisioning": _list(["provisioning"], "ProvisioningProfileList", "UUID", "Name", "ExpiryDate"),
    "certificates": _certificates,
    "updates": _list(["updates"], "AvailableOSUpdates", "ProductKey", "Version", "DownloadSize"),
    "progress": _list(["progress"], "OSUpdateStatus", "ProductKey", "Status", "IsDownloaded"),
    "results": _list(["results"], "UpdateResults", "ProductKey", "Status", "InstallAction"),
    "accounts": _list(["accounts"], "Users", "UserName", "FullName", "UID"),
    "security": _secured,
    "location": _located,
    "configuration": _configured,
}
ALWAYS = ("check-ins", "replies")
TOLD_BY_DEVICES = [subject for subject in MDM if subject not in ALWAYS]
