"""Apple's MDM request types and what each may carry, so that a wrong field is named here, not days later by a device.

Sources: https://developer.apple.com/documentation/devicemanagement/commands-and-queries and
https://github.com/apple/device-management/tree/release/mdm/commands (checked 2026-11); the other spellings are
MicroMDM's: https://github.com/micromdm/micromdm/blob/main/mdm/mdm/command.go
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

Kind: TypeAlias = Literal["str", "int", "bool", "data", "dict", "[str]", "[data]", "[dict]"]
"""No command of Apple's carries a real or a date of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of a command, in Apple's spelling. ``members`` are the known keys of a dictionary, or of each of many."""

    name: str
    kind: Kind
    required: bool
    members: "Shape"


Shape: TypeAlias = Mapping[str, Field]
"""Fields by each `plain_name` they go by; one field may be there twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandType:
    """One request type. Of the fields in ``one_of``, if any, a command has at least one."""

    name: str
    fields: Shape
    one_of: tuple[str, ...] = ()
    never_twice: bool = False


QUERIES = (
    *("UDID", "SerialNumber", "DeviceName", "OSVersion", "SupplementalOSVersionExtra", "BuildVersion"),
    *("SupplementalBuildVersion", "Model", "ModelName", "ModelNumber", "ProductName", "IsAppleSilicon", "IsSupervised"),
    *("IMEI", "MEID", "WiFiMAC", "BluetoothMAC", "EthernetMAC", "HostName", "LocalHostName", "TimeZone"),
    *("DeviceCapacity", "AvailableDeviceCapacity", "HasBattery", "BatteryLevel", "AwaitingConfiguration"),
    *("IsActivationLockEnabled", "IsDeviceLocatorServiceEnabled", "IsCloudBackupEnabled", "iTunesStoreAccountIsActive"),
    *("SupportsiOSAppInstalls", "SoftwareUpdateDeviceID", "IsMultiUser"),
)
"""What DeviceInformation asks when nobody says what: facts of the device, nothing of its user; a device leaves out
what it does not have, and what its enrolment may not ask."""

_NOTHING = """
    SecurityInfo ContentCachingInformation ShutDownDevice LOMSetupRequest StopMirroring ClearRestrictionsPassword
    UserList LogOutUser UserConfigured PlayLostModeSound DisableLostMode DeviceLocation ManagedMediaList
    DeviceConfigured AvailableOSUpdates OSUpdateStatus NSExtensionMappings EnableRemoteDesktop DisableRemoteDesktop
    ActivationLockBypassCode ClearActivationLockBypassCode RequestUnlockToken CancelEnhancedLogCollection
"""
"""Request types without fields of their own."""

_COMMON = "RequestRequiresNetworkTether:bool"

_APPS = {
    "InstallApplication": "iTunesStoreID:int Identifier ManifestURL ManagementFlags:int ChangeManagementState "
    "InstallAsManaged:bool iOSApp:bool Options:dict Configuration:dict Attributes:dict",
    "InstallEnterpriseApplication": "Manifest:dict ManifestURL ManifestURLPinningCerts:[data] "
    "PinningRevocationCheckRequired:bool InstallAsManaged:bool ManagementFlags:int Configuration:dict "
    "ChangeManagementState iOSApp:bool",
    "RemoveApplication": "Identifier!",
    "InstalledApplicationList": "Identifiers:[str] ManagedAppsOnly:bool=managed_appd_only Items:[str]",
    "ManagedApplicationList": "Identifiers:[str]",
    "ManagedApplicationConfiguration": "Identifiers:[str]!",
    "ManagedApplicationAttributes": "Identifiers:[str]!",
    "ManagedApplicationFeedback": "Identifiers:[str]! DeleteFeedback:bool",
    "ValidateApplications": "Identifiers:[str]",
    "ApplyRedemptionCode": "Identifier! RedemptionCode!",
    "InviteToProgram": "ProgramID! InvitationURL!",
    "InstallMedia": "MediaType! iTunesStoreID:int MediaURL PersistentID Kind Version Author Title",
    "RemoveMedia": "MediaType! iTunesStoreID PersistentID",  # Apple's type for this store id is a string
    "ActiveNSExtensions": "FilterExtensionPoints:[str]=filter_extensions_points",
}

_PROFILES = {
    "ProfileList": "ManagedOnly:bool",
    "InstallProfile": "Payload:data!",
    "RemoveProfile": "Identifier!",
    "ProvisioningProfileList": "ManagedOnly:bool",
    "InstallProvisioningProfile": "ProvisioningProfile:data!",
    "RemoveProvisioningProfile": "UUID!",
    "CertificateList": "ManagedOnly:bool",
    "DeclarativeManagement": "Data:data",
    "Restrictions": "ProfileRestrictions:bool",
    "Settings": "Settings:[dict]!",
}

_DEVICE = {
    "DeviceInformation": "Queries:[str] DeviceAttestationNonce:data",
    "DeviceLock": "PIN Message PhoneNumber",
    "EraseDevice": "PIN PreserveDataPlan:bool DisallowProximitySetup:bool ObliterationBehavior ReturnToService:dict",
    "RestartDevice": "RebuildKernelCache:bool KextPaths:[str] NotifyUser:bool",
    "EnableLostMode": "Message PhoneNumber Footnote",
    "RequestMirroring": "DestinationName DestinationDeviceID ScanTime:int Password",
    "RefreshCellularPlans": "eSIMServerURL!",
    "ScheduleOSUpdate": "Updates:[dict]!",
    "ScheduleOSUpdateScan": "Force:bool",
    "LOMDeviceRequest": "RequestList:[dict]!",
    "TriggerEnhancedLogCollection": "AppleCareToken!",
}

_USERS_AND_LOCKS = {
    "ClearPasscode": "UnlockToken:data!",
    "UnlockUserAccount": "UserName!",
    "DeleteUser": "UserName ForceDeletion:bool DeleteAllUsers:bool",
    "AccountConfiguration": "SkipPrimarySetupAccountCreation:bool SetPrimarySetupAccountAsRegularUser:bool "
    "PrimaryAccountFullName PrimaryAccountUserName DontAutoPopulatePrimaryAccountInfo:bool "
    "LockPrimaryAccountInfo:bool AutoSetupAdminAccounts:[dict] ManagedLocalUserShortName",
    "SetAutoAdminPassword": "GUID! passwordHash:data!",
    "SetFirmwarePassword": "CurrentPassword NewPassword! AllowOroms:bool",
    "VerifyFirmwarePassword": "Password!",
    "SetRecoveryLock": "CurrentPassword NewPassword! AllowOroms:bool",
    "VerifyRecoveryLock": "Password!",
    "RotateFileVaultKey": "KeyType! FileVaultUnlock:dict! NewCertificate:data ReplyEncryptionCertificate:data",
}

_MEMBERS = {
    "InstallApplication.Options": "PurchaseMethod:int",
    "EraseDevice.ReturnToService": "Enabled:bool! WiFiProfileData:data MDMProfileData:data BootstrapToken:data",
    "RotateFileVaultKey.FileVaultUnlock": "Password PrivateKeyExport:data PrivateKeyExportPassword",
    "AccountConfiguration.AutoSetupAdminAccounts": "shortName! fullName passwordHash:data hidden:bool",
    "ScheduleOSUpdate.Updates": "InstallAction! ProductKey ProductVersion MaxUserDeferrals:int Priority",
    "LOMDeviceRequest.RequestList": "DeviceRequestType! DeviceRequestUUID! DeviceDNSName! LOMProtocolVersion:int! "
    "PrimaryIPv6AddressList:[str]! SecondaryIPv6AddressList:[str]!",
    "Settings.Settings": "Item! Enabled:bool DeviceName HostName TimeZone Image:data Where:int Identifier "
    "Configuration:dict Attributes:dict MDMOptions:dict OrganizationInfo:dict PasscodeLockGracePeriod:int "
    "MaximumResidentUsers:int RecommendationCadence:int QuotaSize:int ResidentUsers:int UserSessionTimeout:int "
    "TemporarySessionTimeout:int TemporarySessionOnly:bool ManagedAppleIDDefaultDomains:[str] "
    "OnlineAuthenticationGracePeriod:int SkipLanguageAndLocaleSetupForNewUsers:bool AwaitUserConfiguration:dict "
    "PasscodePolicy:dict BoldTextEnabled:bool IncreaseContrastEnabled:bool ReduceMotionEnabled:bool "
    "ReduceTransparencyEnabled:bool TextSize:int TouchAccommodationsEnabled:bool VoiceOverEnabled:bool "
    "ZoomEnabled:bool GrayscaleEnabled:bool",
}
"""Known keys of dictionaries inside a command. Others are let through there, as Apple adds to them every year,
unless they look like slips of these."""

_ONE_OF = {
    "InstallApplication": ("iTunesStoreID", "Identifier", "ManifestURL"),
    "InstallEnterpriseApplication": ("Manifest", "ManifestURL"),
    "InstallMedia": ("iTunesStoreID", "MediaURL"),
    "RemoveMedia": ("iTunesStoreID", "PersistentID"),
    "DeleteUser": ("UserName", "DeleteAllUsers"),
    "EnableLostMode": ("Message", "PhoneNumber"),
}

_NEVER_TWICE = frozenset(
    {
        "EraseDevice",  # would erase a device that was set up again since
        "DeviceLock",  # would lock again what somebody has just unlocked
        "EnableLostMode",  # the same, when the device was found since
        *("RestartDevice", "ShutDownDevice", "LogOutUser"),  # would interrupt people a second time
        "LOMDeviceRequest",  # switches other Macs off
        "DeleteUser",  # the name may be a new account by now
        *("ClearPasscode", "ClearRestrictionsPassword"),  # would remove the new one that somebody has chosen since
        "RotateFileVaultKey",  # a second key voids the first, whose answer may still be on its way
        # The second says "wrong current password" where the first succeeded, or undoes a change made since.
        *("SetFirmwarePassword", "SetRecoveryLock", "SetAutoAdminPassword"),
    }
)
"""Not repeated by itself while nobody knows whether the first got through; see also `domain.commands.never_twice`."""

_NOTATION = re.compile(r"(?P<name>\w+)(?::(?P<kind>\w+|\[\w+\]))?(?P<required>!)?(?:=(?P<alias>\w+))?")


def plain_name(name: str) -> str:
    """What a name is compared by: `itunes_store_id` and `iTunesStoreID` are the same."""
    return name.lower().replace("_", "").replace("-", "")


def _shape(notation: str, path: str = "") -> Shape:
    """Fields from words like ``Name``, ``Name:int``, ``Name:[str]!`` (required), ``Name:bool=odd_alias``."""
    shape: dict[str, Field] = {}
    for word in notation.split():
        match = _NOTATION.fullmatch(word)
        if match is None:
            raise ValueError(f"{path}: {word}")
        name, kind = match["name"], cast("Kind", match["kind"] or "str")
        members = _shape(_MEMBERS.get(f"{path}.{name}", ""))
        entry = Field(name=name, kind=kind, required=bool(match["required"]), members=members)
        shape |= dict.fromkeys({plain_name(name), plain_name(match["alias"] or name)}, entry)
    return shape


def _known() -> dict[str, CommandType]:
    table = dict.fromkeys(_NOTHING.split(), "") | _APPS | _PROFILES | _DEVICE | _USERS_AND_LOCKS
    return {
        name: CommandType(
            name=name,
            fields=_shape(f"{notation} {_COMMON}", name),
            one_of=_ONE_OF.get(name, ()),
            never_twice=name in _NEVER_TWICE,
        )
        for name, notation in sorted(table.items())
    }


KNOWN: Mapping[str, CommandType] = _known()
"""By request type, in Apple's spelling."""

SLIP = 0.8
"""How like a known name one is, by difflib's measure, that is taken for a slip of it."""

_BY_PLAIN_NAME = {plain_name(name): kind for name, kind in KNOWN.items()}


def known_type(request_type: str) -> CommandType | None:
    """The type in any spelling (`device_lock`, `devicelock`); None when it is not in the table."""
    return _BY_PLAIN_NAME.get(plain_name(request_type))


def resembled(request_type: str) -> str | None:
    """The known type that one which is not known is most likely a slip of; None when it is like none of them."""
    close = difflib.get_close_matches(plain_name(request_type), _BY_PLAIN_NAME, n=1, cutoff=SLIP)
    return _BY_PLAIN_NAME[close[0]].name if close else None


def fields_of(shape: Shape) -> tuple[Field, ...]:
    """Each field once, in the order of the table."""
    return tuple({entry.name: entry for entry in shape.values()}.values())
