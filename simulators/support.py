"""Which commands a simulated device knows: by platform, kind of enrolment and channel.

Source: https://github.com/apple/device-management/tree/release/mdm/commands (``supportedOS``)
"""

from simulators.identities import Kind

_EVERYWHERE = frozenset({"DeviceInformation", "ProfileList"})
_LISTS = _EVERYWHERE | {"SecurityInfo", "CertificateList", "ProvisioningProfileList", "ManagedApplicationList"}
_UPDATES = frozenset({"AvailableOSUpdates", "OSUpdateStatus", "ScheduleOSUpdate", "ScheduleOSUpdateScan"})
_LOST_MODE = frozenset({"EnableLostMode", "DisableLostMode", "PlayLostModeSound", "DeviceLocation"})
_APPS = frozenset({"InstalledApplicationList"})
_USERS = frozenset({"UserList"})
_RESTRICTIONS = frozenset({"Restrictions"})

CHECKED = _LISTS | _UPDATES | _LOST_MODE | _APPS | _USERS | _RESTRICTIONS
"""Request types that are not understood where they are not supported; of others nothing is said here."""


def supported(kind: Kind, *, user: bool = False) -> frozenset[str]:
    """Of the `CHECKED` ones, those that a device of this kind answers."""
    if user:
        return _of_user(kind)
    if kind is Kind.USER_ENROLLMENT_MAC:
        return _LISTS
    if kind is Kind.USER_ENROLLMENT:
        return _LISTS | _APPS
    if kind.is_mac:
        return _LISTS | _APPS | _UPDATES | _USERS
    updates = _UPDATES - {"ScheduleOSUpdateScan"}
    users = _USERS if kind is Kind.SHARED_IPAD else frozenset()
    return _LISTS | _APPS | updates | users | _LOST_MODE | _RESTRICTIONS


def _of_user(kind: Kind) -> frozenset[str]:
    if kind is Kind.SHARED_IPAD:
        return _EVERYWHERE | _RESTRICTIONS
    personal = _EVERYWHERE | {"SecurityInfo", "CertificateList", "ManagedApplicationList"}
    if kind is Kind.MAC_WITH_USER:
        return personal | _APPS
    return personal if kind is Kind.USER_ENROLLMENT_MAC else frozenset()
