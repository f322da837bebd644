"""The configuration and provisioning profiles of a simulated device.

Source: https://github.com/apple/device-management/blob/release/mdm/commands/profile.list.yaml
Source: https://github.com/apple/device-management/blob/release/mdm/commands/profile.provisioning.list.yaml
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from simulators.certificates import EPOCH, root_certificate
from simulators.identities import Identity, draw_uuid
from simulators.truth import Item

ENROLMENT = "com.example.mdm.enrolment"
"""PayloadIdentifier of the profile that holds the enrolment; MDM did not install it, it is what MDM came with."""

SIGNER = "Quillfeather Signing CA"

_MANAGED = (
    ("com.example.wifi", "Wi-Fi “Büro”", ("com.apple.wifi.managed", "com.apple.security.root")),
    ("com.example.passcode", "Passcode", ("com.apple.mobiledevice.passwordpolicy",)),
    ("com.example.restrictions", "Restrictions", ("com.apple.applicationaccess",)),
    ("com.example.certificates", "Certificates", ("com.apple.security.pkcs1", "com.apple.security.scep")),
)
_OF_USERS = (("com.example.mail", "Mail", ("com.apple.mail.managed",)), ("com.example.dock", "", ("com.apple.dock",)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile to be on a device. No name: it has none; no UUID: one is drawn. ``managed``: MDM installed it."""

    identifier: str
    uuid: str = ""
    name: str = ""
    payload_types: tuple[str, ...] = ()
    managed: bool = True
    encrypted: bool = False
    removable: bool = True
    signed: bool = False
    declared: bool = False

    def item(self, identity: Identity, rng: random.Random) -> Item:
        """As this device lists it."""
        keys: dict[str, Any] = {
            "PayloadUUID": self.uuid or draw_uuid(rng),
            "PayloadIdentifier": self.identifier,
            "PayloadVersion": 1,
            "PayloadRemovalDisallowed": not self.removable,
            "HasRemovalPasscode": False,
            "IsEncrypted": self.encrypted,
        }
        if self.name:
            keys |= {"PayloadDisplayName": self.name, "PayloadOrganization": "Quillfeather Ltd."}
        if not identity.kind.is_mac and identity.kind.is_user_enrollment:
            # Devices that are supervised do not say.
            keys["IsManaged"] = self.managed
        if self.signed:
            keys["SignerCertificates"] = [root_certificate(SIGNER).data]
        if self.declared:
            keys["Source"] = "Declarative Device Management"
        if not self.encrypted:
            keys["PayloadContent"] = [self._payload(type_, rng) for type_ in self.payload_types]
        return Item(keys=keys, managed=self.managed)

    def _payload(self, type_: str, rng: random.Random) -> dict[str, Any]:
        uuid = draw_uuid(rng)
        return {
            "PayloadType": type_,
            "PayloadVersion": 1,
            "PayloadIdentifier": f"{self.identifier}.{uuid}",
            "PayloadUUID": uuid,
            "PayloadDisplayName": f"{self.name} ({type_.rpartition('.')[2]})",
        }


def enrolment_profile() -> Profile:
    """The one every managed device has."""
    types = ("com.apple.mdm", "com.apple.security.scep")
    return Profile(identifier=ENROLMENT, name="Management", payload_types=types, managed=False, signed=True)


def draw_profiles(rng: random.Random) -> Iterator[Profile]:
    """What the MDM server installed on a device: some of what it has."""
    for identifier, name, types in rng.sample(_MANAGED, rng.randrange(1, len(_MANAGED) + 1)):
        profile = Profile(identifier=identifier, name=name, payload_types=types)
        yield replace(
            profile,
            encrypted=rng.random() < 0.15,
            removable=rng.random() < 0.5,
            signed=rng.random() < 0.3,
            declared=rng.random() < 0.1,
        )


def draw_own_profiles(rng: random.Random) -> Iterator[Profile]:
    """What its person installed by hand."""
    if rng.random() < 0.2:
        yield Profile(identifier="com.example.beta", name="Beta Updates", managed=False)


def draw_user_profiles(rng: random.Random) -> Iterator[Profile]:
    """What the MDM server installed for the user of a Mac or of a Shared iPad."""
    for identifier, name, types in rng.sample(_OF_USERS, rng.randrange(1, len(_OF_USERS) + 1)):
        yield Profile(identifier=identifier, name=name, payload_types=types)


def draw_provisioning_profiles(identity: Identity, rng: random.Random) -> Iterator[Item]:
    """For apps made in house; none on Macs, where the command is about apps of iOS only."""
    if identity.kind.is_mac:
        return
    for number in range(rng.randrange(3)):
        keys: dict[str, Any] = {"Name": f"In-House Distribution {number}", "UUID": draw_uuid(rng).lower()}
        if rng.random() < 0.9:
            keys["ExpiryDate"] = EPOCH + timedelta(days=rng.randrange(-100, 360), seconds=rng.randrange(86_400))
        yield Item(keys=keys, managed=identity.kind.is_user_enrollment or rng.random() < 0.6)
