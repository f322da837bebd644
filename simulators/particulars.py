"""What a simulated device is asked about itself, beside its numbers: DeviceInformation and SecurityInfo, drawn.

Source: https://github.com/apple/device-management/blob/release/mdm/commands/information.device.yaml
Source: https://github.com/apple/device-management/blob/release/mdm/commands/information.security.yaml
"""

import random
from datetime import timedelta
from typing import Any

from simulators.certificates import EPOCH
from simulators.devices import HIDDEN_FROM_USER_ENROLLMENT
from simulators.identities import Identity, Kind, draw_uuid

HIDDEN = HIDDEN_FROM_USER_ENROLLMENT | frozenset(
    (
        *("ProvisioningUDID", "LastCloudBackupDate", "AwaitingConfiguration", "iTunesStoreAccountIsActive"),
        *("ModemFirmwareVersion", "IsActivationLockEnabled", "IsActivationLockSupported", "IsDoNotDisturbInEffect"),
        *("IsCloudBackupEnabled", "OSUpdateSettings", "AutoSetupAdminAccounts", "IsMDMLostModeEnabled", "BluetoothMAC"),
        *("EthernetMAC", "ICCID", "CurrentCarrierNetwork", "PhoneNumber", "DataRoamingEnabled", "IsRoaming"),
        *("PersonalHotspotEnabled", "ServiceSubscriptions", "PINRequiredForEraseDevice", "PINRequiredForDeviceLock"),
        *("SoftwareUpdateDeviceID", "AccessibilitySettings"),
    )
)
"""What no server learns in a User Enrollment."""

NOT_IN_USER_ENROLLMENT = frozenset(
    (
        *("PasscodePresent", "PasscodeCompliantWithProfiles", "FDE_HasPersonalRecoveryKey", "IsRecoveryLockEnabled"),
        *("FDE_HasInstitutionalRecoveryKey", "FDE_PersonalRecoveryKeyCMS", "FDE_PersonalRecoveryKeyDeviceKey"),
        *("RemoteDesktopEnabled", "BootstrapTokenAllowedForAuthentication", "BootstrapTokenRequiredForSoftwareUpdate"),
        "BootstrapTokenRequiredForKernelExtensionApproval",
    )
)
"""Of SecurityInfo, the same."""


def draw_information(identity: Identity, rng: random.Random) -> dict[str, Any]:
    """What DeviceInformation can be asked, without what `Device.facts` has."""
    kind = identity.kind
    capacity = rng.choice((128.0, 256.0, 494.38, 994.66))
    facts: dict[str, Any] = {
        "WiFiMAC": _mac(rng),
        "BluetoothMAC": _mac(rng),
        "DeviceCapacity": capacity,
        "AvailableDeviceCapacity": round(capacity * rng.uniform(0.02, 0.9), 2),
        "AwaitingConfiguration": False,
        "IsActivationLockEnabled": rng.random() < 0.2,
        "iTunesStoreAccountIsActive": rng.random() < 0.5,
        "OrganizationInfo": {"OrganizationName": "Quillfeather Ltd.", "OrganizationEmail": "it@quillfeather.example"},
        "MDMOptions": {"ActivationLockAllowedWhileSupervised": rng.random() < 0.5},
        "SoftwareUpdateDeviceID": f"J{rng.randrange(100, 800)}AP",
    }
    if rng.random() < 0.1:
        facts |= {"SupplementalOSVersionExtra": "(a)", "SupplementalBuildVersion": f"24A5{rng.randrange(100, 999)}a"}
    facts |= _of_mac(identity, rng) if kind.is_mac else _of_mobile(identity, rng)
    if kind is Kind.SHARED_IPAD:
        facts |= _of_shared_ipad(rng)
    return {key: value for key, value in facts.items() if not (kind.is_user_enrollment and key in HIDDEN)}


def _of_mac(identity: Identity, rng: random.Random) -> dict[str, Any]:
    name = f"{identity.model_name.replace(' ', '-')}-{rng.randrange(1000)}"
    portable = "MacBook" in identity.model_name
    facts = {
        "HostName": f"{name.lower()}.quillfeather.example",
        "LocalHostName": name,
        "HasBattery": portable,
        "BatteryLevel": round(rng.random(), 2) if portable else -1.0,
        "ProvisioningUDID": f"0000{rng.randrange(0x6000, 0x8140):04X}-{rng.getrandbits(64):016X}",
        "IsActivationLockSupported": True,
        "SystemIntegrityProtectionEnabled": rng.random() < 0.95,
        "SupportsiOSAppInstalls": True,
        "SupportsLOMDevice": not portable,
        "PINRequiredForEraseDevice": False,
        "PINRequiredForDeviceLock": True,
        "ActiveManagedUsers": [draw_uuid(rng)] if identity.user else [],
        "AutoSetupAdminAccounts": [{"GUID": draw_uuid(rng), "shortName": "ladmin"}],
        "OSUpdateSettings": {
            "CatalogURL": "",
            "IsDefaultCatalog": True,
            "PreviousScanDate": EPOCH - timedelta(hours=rng.randrange(1, 500)),
            "PreviousScanResult": rng.choice(("0", "0", "0", "2")),
            "AutomaticCheckEnabled": rng.random() < 0.9,
            "BackgroundDownloadEnabled": rng.random() < 0.8,
            "AutomaticSecurityUpdatesEnabled": True,
        },
    }
    return facts if portable else {**facts, "EthernetMAC": _mac(rng)}


def _of_mobile(identity: Identity, rng: random.Random) -> dict[str, Any]:
    backup = rng.random() < 0.6
    facts: dict[str, Any] = {
        "BatteryLevel": round(rng.random(), 2),
        "IsMultiUser": identity.kind is Kind.SHARED_IPAD,
        "IsDeviceLocatorServiceEnabled": rng.random() < 0.4,
        "IsDoNotDisturbInEffect": rng.random() < 0.1,
        "IsCloudBackupEnabled": backup,
        "EASDeviceIdentifier": f"{rng.getrandbits(104):026X}",
        "TimeZone": rng.choice(("Europe/Copenhagen", "America/Argentina/Ushuaia", "Asia/Kathmandu")),
        "DiagnosticSubmissionEnabled": rng.random() < 0.5,
        "AppAnalyticsEnabled": rng.random() < 0.5,
        "CellularTechnology": 3 if identity.imei else 0,
        "AccessibilitySettings": {"BoldTextEnabled": False, "TextSize": rng.randrange(12)},
    }
    if backup:
        facts["LastCloudBackupDate"] = EPOCH - timedelta(hours=rng.randrange(1, 2000))
    return facts | (_of_phone(identity, rng) if identity.imei else {})


def _of_phone(identity: Identity, rng: random.Random) -> dict[str, Any]:
    number, iccid = f"+45{rng.randrange(20_000_000, 99_999_999)}", f"8945{rng.randrange(10**14):014d}"
    slot = {"Slot": "CTSubscriptionSlotOne", "Label": "Primary", "ICCID": iccid, "IMEI": identity.imei}
    return {
        "ModemFirmwareVersion": f"2.{rng.randrange(80)}.02",
        "PhoneNumber": number,
        "ICCID": iccid,
        "CurrentCarrierNetwork": "Ørsted Tele",
        "DataRoamingEnabled": rng.random() < 0.3,
        "IsRoaming": rng.random() < 0.05,
        "PersonalHotspotEnabled": rng.random() < 0.5,
        "ServiceSubscriptions": [{**slot, "PhoneNumber": number, "IsDataPreferred": True, "IsRoaming": False}],
    }


def _of_shared_ipad(rng: random.Random) -> dict[str, Any]:
    return {
        "MaximumResidentUsers": 32,
        "EstimatedResidentUsers": rng.randrange(4, 20),
        "QuotaSize": 2048,
        "ResidentUsers": rng.randrange(1, 4),
        "UserSessionTimeout": 0.0,
        "TemporarySessionTimeout": 600.0,
        "TemporarySessionOnly": False,
        "ManagedAppleIDDefaultDomains": ["school.example"],
        "OnlineAuthenticationGracePeriod": 3.0,
    }


def draw_security(identity: Identity, rng: random.Random) -> dict[str, Any]:
    """The SecurityInfo of the device channel."""
    kind = identity.kind
    facts = _security_of_mac(identity, rng) if kind.is_mac else _security_of_mobile(kind, rng)
    hidden = NOT_IN_USER_ENROLLMENT if kind.is_user_enrollment else frozenset()
    return {key: value for key, value in facts.items() if key not in hidden}


def _security_of_mobile(kind: Kind, rng: random.Random) -> dict[str, Any]:
    passcode = rng.random() < 0.9
    facts = {
        "HardwareEncryptionCaps": 3,
        "PasscodePresent": passcode,
        "PasscodeCompliant": passcode and rng.random() < 0.95,
        "PasscodeCompliantWithProfiles": passcode,
        "ManagementStatus": {"IsUserEnrollment": kind.is_user_enrollment},
    }
    shared = {"PasscodeLockGracePeriod": 60, "PasscodeLockGracePeriodEnforced": 60, "AutoLockTime": 120}
    return facts | shared if kind is Kind.SHARED_IPAD else facts


def _security_of_mac(identity: Identity, rng: random.Random) -> dict[str, Any]:
    encrypted, private = rng.random() < 0.8, identity.kind.is_user_enrollment
    reduced = rng.random() < 0.2
    firewall: dict[str, Any] = {
        "FirewallEnabled": rng.random() < 0.7,
        "BlockAllIncoming": False,
        "StealthMode": rng.random() < 0.5,
        "LoggingEnabled": True,
        "LoggingOption": "throttled",
    }
    if not private:
        firewall["Applications"] = [{"Allowed": True, "BundleID": "com.example.relay", "Name": "Relay"}]
    boot = {"SecureBootLevel": "medium" if reduced else "full", "ExternalBootLevel": "allowed"}
    facts: dict[str, Any] = {
        "FDE_Enabled": encrypted,
        "FDE_HasPersonalRecoveryKey": encrypted,
        "FDE_HasInstitutionalRecoveryKey": False,
        "SystemIntegrityProtectionEnabled": rng.random() < 0.95,
        "FirewallSettings": firewall,
        "ManagementStatus": {
            "EnrolledViaDEP": not private and rng.random() < 0.8,
            "UserApprovedEnrollment": True,
            "IsUserEnrollment": private,
            "IsActivationLockManageable": not private,
        },
        "SecureBoot": boot | ({"ReducedSecurity": ["AllowsMDM", "AllowsUserKextApproval"]} if reduced else {}),
        "RemoteDesktopEnabled": rng.random() < 0.3,
        "AuthenticatedRootVolumeEnabled": True,
        "BootstrapTokenAllowedForAuthentication": "allowed",
        "BootstrapTokenRequiredForSoftwareUpdate": True,
        "BootstrapTokenRequiredForKernelExtensionApproval": True,
        "IsRecoveryLockEnabled": rng.random() < 0.4,
    }
    if encrypted and rng.random() < 0.5:
        facts |= {"FDE_PersonalRecoveryKeyCMS": rng.randbytes(64)}
        facts |= {"FDE_PersonalRecoveryKeyDeviceKey": identity.serial_number}
    return facts


def user_security(security: dict[str, Any]) -> dict[str, Any]:
    """What the user channel of a Mac tells of it."""
    return {"ManagementStatus": security["ManagementStatus"]}


def _mac(rng: random.Random) -> str:
    return ":".join(f"{rng.randrange(256):02x}" for _ in range(6))
