"""What a simulated device is: kind, numbers and model, drawn from a seeded generator so that runs can be repeated."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SHARED_IPAD_USER_ID = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"
"""The ``UserID`` of every Shared iPad user. Source: https://developer.apple.com/documentation/devicemanagement/tokenupdaterequest"""


class Kind(StrEnum):
    """The kinds of enrolment that look different to an MDM server."""

    MAC = "mac"
    MAC_WITH_USER = "mac-with-user"
    IPHONE = "iphone"
    IPAD = "ipad"
    SHARED_IPAD = "shared-ipad"
    USER_ENROLLMENT = "user-enrollment"
    USER_ENROLLMENT_MAC = "user-enrollment-mac"

    @property
    def is_mac(self) -> bool:
        """Whether it runs macOS."""
        return self in {Kind.MAC, Kind.MAC_WITH_USER, Kind.USER_ENROLLMENT_MAC}

    @property
    def is_user_enrollment(self) -> bool:
        """Whether its owner's privacy hides UDID, serial number and unlock token from the server."""
        return self in {Kind.USER_ENROLLMENT, Kind.USER_ENROLLMENT_MAC}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What does not change about a device; empty strings where it has no such number.

    ``user`` holds the plist keys of its user channel, empty when it has none.
    """

    kind: Kind
    udid: str = ""
    enrollment_id: str = ""
    serial_number: str = ""
    product_name: str
    model: str
    model_name: str
    imei: str = ""
    meid: str = ""
    user: Mapping[str, str] = field(default_factory=dict)


_MODELS = {
    "mac": (
        ("Mac14,13", "Z17Z", "Mac Studio"),
        ("Mac15,12", "MRXN3", "MacBook Air"),
        ("Mac16,10", "MU9D3", "Mac mini"),
    ),
    "iphone": (("iPhone15,4", "MTP03", "iPhone 15"), ("iPhone17,3", "MYDP3", "iPhone 16")),
    "ipad": (("iPad15,7", "MD3Y4", "iPad (A16)"), ("iPad14,8", "MUWC3", "iPad Air 11-inch (M2)")),
}

_PEOPLE = (("ivarga", "Ilona Varga"), ("soren", "Søren Ærø"), ("mlee", "M. Lee"), ("obrien", "Nóra O'Brien & Co <it>"))


def draw_identity(kind: Kind, rng: random.Random) -> Identity:
    """A new device of ``kind``; the same generator state gives the same device."""
    family = "mac" if kind.is_mac else "ipad" if kind in {Kind.IPAD, Kind.SHARED_IPAD} else "iphone"
    product_name, model, model_name = rng.choice(_MODELS[family])
    phone = family == "iphone" and not kind.is_user_enrollment
    return Identity(
        kind=kind,
        udid="" if kind.is_user_enrollment else _draw_udid(family, rng),
        enrollment_id=draw_uuid(rng) if kind.is_user_enrollment else "",
        serial_number="".join(rng.choices("CDFGHJKLMNPQRTVWXY0123456789", k=10)),
        product_name=product_name,
        model=model,
        model_name=model_name,
        imei=_draw_imei(rng) if phone else "",
        meid=f"{rng.randrange(10**14):014d}" if phone else "",
        user=_draw_user(kind, rng),
    )


def draw_uuid(rng: random.Random) -> str:
    """A UUID v4 as Apple writes it, in upper case."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4)).upper()


def _draw_udid(family: str, rng: random.Random) -> str:
    """A UUID for Macs; on iOS ``8hex-16hex``, or 40 hex digits on one device in five, as the older ones have."""
    if family == "mac":
        return draw_uuid(rng)
    if rng.random() < 0.2:
        return f"{rng.getrandbits(160):040x}"
    return f"0000{rng.randrange(0x8101, 0x8151):04X}-{rng.getrandbits(64):016X}"


def _draw_imei(rng: random.Random) -> str:
    digits = f"{rng.randrange(10**14):014d}0"
    return f"{digits[:2]} {digits[2:8]} {digits[8:14]} {digits[14:]}"


def _draw_user(kind: Kind, rng: random.Random) -> dict[str, str]:
    short, long = rng.choice(_PEOPLE)
    if kind is Kind.MAC_WITH_USER:
        return {"UserID": draw_uuid(rng), "UserShortName": short, "UserLongName": long}
    if kind is Kind.SHARED_IPAD:
        address = f"{short}@school.example"
        return {"UserID": SHARED_IPAD_USER_ID, "UserShortName": address, "UserLongName": long}
    if kind is Kind.USER_ENROLLMENT_MAC:
        return {"EnrollmentUserID": draw_uuid(rng), "UserShortName": short, "UserLongName": long}
    return {}
