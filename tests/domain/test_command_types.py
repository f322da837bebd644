"""The table of request types: whole, sound, and in the spellings people know."""

import pytest

from domain.command_types import KNOWN, QUERIES, fields_of, known_type, plain_name
from domain.secret_keys import is_secret

MICROMDM = """
    ProfileList ProvisioningProfileList CertificateList SecurityInfo RestartDevice ShutDownDevice LOMSetupRequest
    StopMirroring ClearRestrictionsPassword UserList LogOutUser PlayLostModeSound DisableLostMode DeviceLocation
    ManagedMediaList DeviceConfigured AvailableOSUpdates NSExtensionMappings OSUpdateStatus EnableRemoteDesktop
    DisableRemoteDesktop ActivationLockBypassCode InstallApplication InstallEnterpriseApplication InstallProfile
    RemoveProfile InstallProvisioningProfile RemoveProvisioningProfile InstalledApplicationList ManagedApplicationList
    ManagedApplicationConfiguration ManagedApplicationAttributes ValidateApplications ManagedApplicationFeedback
    RemoveApplication ApplyRedemptionCode InviteToProgram InstallMedia RemoveMedia DeviceInformation DeviceLock
    EraseDevice ClearPasscode Restrictions UnlockUserAccount DeleteUser EnableLostMode RequestMirroring
    AccountConfiguration Settings ScheduleOSUpdate ScheduleOSUpdateScan ActiveNSExtensions RotateFileVaultKey
    SetFirmwarePassword SetRecoveryLock VerifyFirmwarePassword VerifyRecoveryLock SetAutoAdminPassword
    RefreshCellularPlans LOMDeviceRequest
"""


def test_whatever_micromdm_knows_is_known():
    assert set(MICROMDM.split()) - KNOWN.keys() == set()


@pytest.mark.parametrize(
    "name", ["DeclarativeManagement", "ContentCachingInformation", "UserConfigured", "TriggerEnhancedLogCollection"]
)
def test_so_is_what_apple_added_since(name):
    assert known_type(name) == KNOWN[name]


@pytest.mark.parametrize("spelling", ["DeviceLock", "device_lock", "devicelock", "DEVICE-LOCK"])
def test_a_request_type_is_found_in_any_spelling(spelling):
    assert known_type(spelling) == KNOWN["DeviceLock"]


def test_a_request_type_that_is_none_is_not_found():
    assert known_type("MakeCoffee") is None


@pytest.mark.parametrize("kind", KNOWN.values(), ids=KNOWN)
def test_each_field_is_found_by_its_own_name_and_each_rule_names_a_field(kind):
    names = {entry.name for entry in fields_of(kind.fields)}

    assert all(kind.fields[plain_name(name)].name == name for name in names)
    assert set(kind.one_of) <= names
    assert "RequestRequiresNetworkTether" in names
    assert {entry.kind for entry in fields_of(kind.fields)} <= {
        *("str", "int", "bool", "data", "dict", "[str]", "[data]", "[dict]")
    }


def test_members_belong_to_dictionaries():
    for kind in KNOWN.values():
        for entry in fields_of(kind.fields):
            assert not entry.members or entry.kind in ("dict", "[dict]")


def test_the_names_that_micromdm_misspells_are_known_too():
    assert KNOWN["InstalledApplicationList"].fields["managedappdonly"].name == "ManagedAppsOnly"
    assert KNOWN["ActiveNSExtensions"].fields["filterextensionspoints"].name == "FilterExtensionPoints"


def test_what_erases_locks_or_restarts_is_never_sent_twice():
    never = {name for name, kind in KNOWN.items() if kind.never_twice}

    assert {"EraseDevice", "DeviceLock", "RestartDevice", "ShutDownDevice", "RotateFileVaultKey"} <= never
    assert never.isdisjoint({"InstallApplication", "DeviceInformation", "InstallProfile", "DisableLostMode"})


def test_the_usual_questions_are_asked_once_and_ask_for_no_secret():
    assert len(set(QUERIES)) == len(QUERIES)
    assert {"UDID", "SerialNumber", "OSVersion", "Model", "ProductName", "IsSupervised"} <= set(QUERIES)
    assert not any(map(is_secret, QUERIES))
