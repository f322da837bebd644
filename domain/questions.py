"""What a device is asked when it is asked for everything: which questions its system has, and may be asked.

Source: https://github.com/apple/device-management/tree/release/mdm/commands (`supportedOS` of each, checked 2026-11).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from domain.commands import Command, check
from domain.facts import Facts, fact
from domain.json_types import JSONObject

Platform: TypeAlias = Literal["iOS", "macOS", "tvOS", "visionOS", "watchOS"]
"""iPadOS is iOS to MDM."""

Version: TypeAlias = tuple[int, ...]

_BEGINNINGS: Mapping[str, Platform] = {
    "iphone": "iOS",
    "ipad": "iOS",
    "ipod": "iOS",
    "appletv": "tvOS",
    "apple tv": "tvOS",
    "realitydevice": "visionOS",
    "apple vision": "visionOS",
    "watch": "watchOS",
    "apple watch": "watchOS",
    "mac": "macOS",
    "imac": "macOS",
    "xserve": "macOS",
    "virtualmac": "macOS",
}
"""How identifiers (`MacBookPro18,3`) and names (`MacBook Pro`) of models begin, in lower case."""

_MODEL = ("ProductName", "ModelName", "Model")
"""Facts that tell the model of a device, the best first."""

_NUMBERS = 4
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is asked; an empty ``os_version`` is new enough.

    ``is_multi_user``: None is an iPad that has not said yet whether it is shared. ``is_informed``: it was asked what it
    is, so nothing better will be known.
    """

    platform: Platform | None = None
    os_version: Version = ()
    is_user_enrollment: bool = False
    is_supervised: bool | None = None
    is_multi_user: bool | None = False
    is_informed: bool = False

    @property
    def is_known(self) -> bool:
        """Else it is only asked what it is."""
        return self.is_informed or (self.platform is not None and self.is_multi_user is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A command that changes nothing. ``since``: the first version of each system that knows it.

    ``until``: from that version on Apple wants it to be asked in another way. ``private``: systems on which a user
    enrolment answers it. ``supervised``: systems that answer only when supervised. ``multi_user``: systems that
    answer only with many users, as a Shared iPad. ``user_channel``: systems whose users answer it too, each for
    themselves.
    """

    request_type: str
    since: Mapping[Platform, Version]
    until: Version | None = None
    private: Sequence[Platform] = ()
    supervised: Sequence[Platform] = ()
    multi_user: Sequence[Platform] = ()
    user_channel: Sequence[Platform] = ()
    arguments: JSONObject = field(default_factory=dict)

    @property
    def command(self) -> Command:
        return check(self.request_type, self.arguments)

    def is_for(self, subject: Subject) -> bool:
        platform = subject.platform
        if platform is None:
            return self in COMMON
        if platform not in self.since or (subject.is_user_enrollment and platform not in self.private):
            return False
        if subject.os_version and subject.os_version < self.since[platform]:
            return False
        if subject.os_version and self.until is not None and subject.os_version >= self.until:
            return False
        if platform in self.supervised and subject.is_supervised is False:
            return False
        return platform not in self.multi_user or subject.is_multi_user is True

    def is_for_users_of(self, subject: Subject) -> bool:
        platforms = (subject.platform,) if subject.platform else _WITH_USERS
        return self.is_for(subject) and all(platform in self.user_channel for platform in platforms)


_ALL: Sequence[Platform] = ("iOS", "macOS", "tvOS", "visionOS", "watchOS")
_NOT_ON_MACS: Sequence[Platform] = ("iOS", "visionOS")
_MACS: Sequence[Platform] = ("macOS",)
_WITH_USERS: Sequence[Platform] = ("iOS", "macOS")
"""Systems with user channels; that of iOS are Shared iPads."""

INFORMATION = Question(
    request_type="DeviceInformation",
    since={"iOS": (4,), "macOS": (10, 7), "tvOS": (9,), "visionOS": (1,), "watchOS": (10,)},
    private=_ALL,
    user_channel=_WITH_USERS,
)
"""What tells which questions there are besides; every device is asked this first."""

COMMON = (
    INFORMATION,
    *(
        Question(request_type=request_type, since=INFORMATION.since, private=private, user_channel=users)
        for request_type, private, users in (
            ("SecurityInfo", _ALL, _MACS),
            ("ProfileList", _ALL, _WITH_USERS),
            ("CertificateList", _ALL, _MACS),
            # A Mac of its user's own keeps to itself what is installed.
            ("InstalledApplicationList", _NOT_ON_MACS, _MACS),
        )
    ),
)
"""What every system answers."""

QUESTIONS = (
    *COMMON,
    Question(
        request_type="ManagedApplicationList",
        since={"iOS": (5,), "macOS": (11,), "tvOS": (10, 2), "visionOS": (1, 1), "watchOS": (10,)},
        private=_ALL,
        user_channel=_MACS,
    ),
    Question(
        request_type="ProvisioningProfileList",
        since={"iOS": (4,), "macOS": (11,), "tvOS": (10, 2), "visionOS": (1, 1), "watchOS": (10,)},
        private=_ALL,
    ),
    Question(
        request_type="Restrictions",
        since={"iOS": (4,), "tvOS": (9,), "visionOS": (1, 1), "watchOS": (10,)},
        user_channel=("iOS",),
    ),
    Question(
        request_type="AvailableOSUpdates",
        since={"iOS": (9,), "macOS": (10, 11), "tvOS": (12,)},
        until=(26,),
        supervised=("iOS", "tvOS"),
    ),
    Question(
        request_type="OSUpdateStatus",
        since={"iOS": (9,), "macOS": (10, 11, 5), "tvOS": (12,)},
        until=(26,),
        supervised=("iOS", "macOS", "tvOS"),
    ),
    Question(
        request_type="UserList",
        since={"iOS": (9, 3), "macOS": (10, 13)},
        supervised=("macOS",),
        multi_user=("iOS",),
    ),
)
"""In the order in which they are asked."""


def questions_of(subject: Subject) -> list[Question]:
    """What it is asked, `INFORMATION` first; only that while nobody knows what it is."""
    return [one for one in QUESTIONS if one is INFORMATION or (subject.is_known and one.is_for(subject))]


def questions_of_users(subject: Subject) -> list[Question]:
    """What each user of it is asked; nothing while nobody knows what it is."""
    return [one for one in QUESTIONS if subject.is_known and one.is_for_users_of(subject)]


def is_over(request_type: str, os_version: Version) -> bool:
    """Whether a system of this version is not asked that any more, so that what it answered before stays."""
    ends = (one.until for one in QUESTIONS if one.request_type == request_type)
    return any(until is not None and os_version >= until for until in ends)


def subject_of(facts: Facts, *, is_user_enrollment: bool, is_informed: bool = False) -> Subject:
    """A device as its facts tell: `ProductName`, `Model`, `ModelName`, `OSVersion` and the like."""
    supervised, multi_user = fact(facts, "IsSupervised"), fact(facts, "IsMultiUser")
    may_be_shared = any(str(fact(facts, name)).lower().startswith("ipad") for name in _MODEL)
    return Subject(
        platform=platform_of(facts),
        os_version=read_version(fact(facts, "OSVersion")),
        is_user_enrollment=is_user_enrollment,
        is_supervised=supervised if isinstance(supervised, bool) else None,
        is_multi_user=multi_user if isinstance(multi_user, bool) else None if may_be_shared else False,
        is_informed=is_informed,
    )


def platform_of(facts: Facts) -> Platform | None:
    """The system of a device; None when nothing that it said tells."""
    for name in _MODEL:
        said = fact(facts, name)
        if isinstance(said, str):
            beginnings = (known for known in _BEGINNINGS if said.lower().startswith(known))
            longest = max(beginnings, key=len, default=None)
            if longest is not None:
                return _BEGINNINGS[longest]
    return None


def read_version(said: object) -> Version:
    """`14.7.1` as (14, 7, 1); as far as it can be read."""
    numbers: list[int] = []
    for part in said.split(".")[:_NUMBERS] if isinstance(said, str) else ():
        if not (part.isascii() and part.isdigit() and len(part) <= _MOST_DIGITS):
            break
        numbers.append(int(part))
    return tuple(numbers)
