"""What else is on a simulated device: certificates, apps that people installed, and accounts.

Source: https://github.com/apple/device-management/blob/release/mdm/commands/certificate.list.yaml
Source: https://github.com/apple/device-management/blob/release/mdm/commands/application.installed.list.yaml
Source: https://github.com/apple/device-management/blob/release/mdm/commands/user.list.yaml
"""

import random
from collections.abc import Iterator
from typing import Any

from simulators.certificates import Certificate, draw_certificate, root_certificate
from simulators.identities import Identity, Kind, draw_uuid
from simulators.truth import Item

AUTHORITY = "Quillfeather Device CA"
WEB_AUTHORITY = "Quillfeather Web CA (Ærø)"

_NAMES = ("Notebook", "Ledger & Sons", "Løn", "Chart <Pro>", "Torch", "Mail Merge", "写真", "Relay", "Ruler", "Kiln")
_SHARED_IPAD_USERS = ("ada", "bo", "cyd", "dag")
_MAC_USERS = (("ivarga", "Ilona Varga"), ("soren", "Søren Ærø"), ("nobrien", "Nóra O'Brien & Co <it>"))


def draw_certificates(identity: Identity, rng: random.Random) -> Iterator[Certificate]:
    """What management brings: the identity it speaks with, the root of the house, and perhaps one for the Wi-Fi."""
    name = identity.enrollment_id or identity.serial_number
    yield draw_certificate(f"MDM Identity {name}", AUTHORITY, rng, is_identity=True)
    yield root_certificate(AUTHORITY)
    if rng.random() < 0.5:
        yield draw_certificate(f"wifi-{rng.randrange(10_000):04d}", AUTHORITY, rng, is_identity=True)


def draw_own_certificates(rng: random.Random) -> Iterator[Certificate]:
    """What its person trusts."""
    for number in range(rng.randrange(3)):
        yield draw_certificate(f"Printer {number} “2nd floor”", WEB_AUTHORITY, rng, managed=False)


def draw_user_certificates(identity: Identity, rng: random.Random) -> Iterator[Certificate]:
    """In the keychain of a Mac's user."""
    name = identity.user["UserShortName"]
    yield draw_certificate(f"{name}@quillfeather.example", AUTHORITY, rng, is_identity=True)
    yield draw_certificate("home.example", WEB_AUTHORITY, rng, managed=False)


def draw_apps(identity: Identity, rng: random.Random, most: int) -> Iterator[Item]:
    """Apps that people installed, ``most`` at most; some of a Mac's have no Identifier, and two may share a name."""
    for number in range(rng.randint(most // 2, most)):
        name = rng.choice(_NAMES)
        nameless = identity.kind.is_mac and rng.random() < 0.15
        identifier = "" if nameless else f"com.example.own.app{number}"
        yield Item(keys=app_keys(identity, rng, name=name, identifier=identifier), managed=False)


def app_keys(identity: Identity, rng: random.Random, *, name: str, identifier: str = "") -> dict[str, Any]:
    """As InstalledApplicationList has it, with what this platform says of an app."""
    version = f"{rng.randrange(1, 20)}.{rng.randrange(10)}"
    keys: dict[str, Any] = {"Name": name, "BundleSize": rng.randrange(10**5, 10**10), "Installing": False}
    if identifier:
        keys["Identifier"] = identifier
    if rng.random() < 0.95:
        keys |= {"ShortVersion": version, "Version": f"{version}.{rng.randrange(1000)}"}
    if identity.kind.is_mac:
        return keys
    keys |= {"DynamicSize": rng.randrange(10**10), "IsValidated": True, "AppStoreVendable": True}
    keys |= {"DeviceBasedVPP": False, "BetaApp": rng.random() < 0.05, "AdHocCodeSigned": False, "IsAppClip": False}
    return keys | {"HasUpdateAvailable": rng.random() < 0.2, "ExternalVersionIdentifier": rng.randrange(10**8, 10**9)}


def draw_accounts(identity: Identity, rng: random.Random) -> Iterator[Item]:
    """As UserList has them: of Macs and Shared iPads."""
    if identity.kind in {Kind.MAC, Kind.MAC_WITH_USER}:
        for number, (short, full) in enumerate(rng.sample(_MAC_USERS, rng.randrange(1, 4))):
            yield Item(keys=_mac_account(short, full, 501 + number, rng), managed=False)
    elif identity.kind is Kind.SHARED_IPAD:
        for short in rng.sample(_SHARED_IPAD_USERS, rng.randrange(1, 5)):
            keys: dict[str, Any] = {
                "UserName": f"{short}@school.example",
                "IsLoggedIn": False,
                "HasDataToSync": rng.random() < 0.3,
                "DataUsed": rng.randrange(2**31),
            }
            quota = {"DataQuota": 2**31} if rng.random() < 0.8 else {}
            yield Item(keys=keys | quota, managed=False)


def _mac_account(short: str, full: str, uid: int, rng: random.Random) -> dict[str, Any]:
    return {
        "UserName": short,
        "FullName": full,
        "UID": uid,
        "UserGUID": draw_uuid(rng),
        "IsLoggedIn": uid == 501 and rng.random() < 0.7,
        "MobileAccount": rng.random() < 0.2,
        "HasSecureToken": uid == 501 or rng.random() < 0.5,
    }
