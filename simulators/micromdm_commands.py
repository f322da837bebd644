"""The commands MicroMDM builds from JSON: its names, their types, and Apple's names for them.

Source: https://github.com/micromdm/micromdm/blob/v1.13.1/mdm/mdm/unmarshal_json.go
Source: https://github.com/micromdm/micromdm/blob/v1.13.1/mdm/mdm/command.go
"""

import base64
import binascii
import plistlib
from collections.abc import Mapping
from typing import Any

# fmt: off
WITHOUT_FIELDS = frozenset((
    "ProfileList", "ProvisioningProfileList", "CertificateList", "SecurityInfo", "RestartDevice", "ShutDownDevice",
    "LOMSetupRequest", "StopMirroring", "ClearRestrictionsPassword", "UserList", "LogOutUser", "PlayLostModeSound",
    "DisableLostMode", "DeviceLocation", "ManagedMediaList", "DeviceConfigured", "AvailableOSUpdates",
    "NSExtensionMappings", "OSUpdateStatus", "EnableRemoteDesktop", "DisableRemoteDesktop",
    "ActivationLockBypassCode",
))
# fmt: on

FIELDS: Mapping[str, str] = {
    "InstallApplication": "itunes_store_id:int identifier manifest_url management_flags:int change_management_state "
    "options:options",
    "InstallEnterpriseApplication": "manifest:asis manifest_url manifest_url_pinning_certs:list "
    "pinning_revocation_check_required:bool",
    "InstallProfile": "payload:bytes",
    "RemoveProfile": "identifier",
    "InstallProvisioningProfile": "provisioning_profile:bytes",
    "RemoveProvisioningProfile": "uuid",
    "InstalledApplicationList": "identifiers:list managed_appd_only:bool",
    "ManagedApplicationList": "identifiers:list",
    "ManagedApplicationConfiguration": "identifiers:list",
    "ManagedApplicationAttributes": "identifiers:list",
    "ValidateApplications": "identifiers:list",
    "ManagedApplicationFeedback": "identifiers:list delete_feedback:bool",
    "RemoveApplication": "identifier",
    "ApplyRedemptionCode": "identifier redemption_code",
    "InviteToProgram": "program_id invitation_url",
    "InstallMedia": "itunes_store_id:int media_url media_type",
    "RemoveMedia": "itunes_store_id:int media_type persistent_id",
    "DeviceInformation": "queries:list",
    "DeviceLock": "pin message phone_number",
    "EraseDevice": "pin preserve_data_plan:bool disallow_proximity_setup:bool",
    "ClearPasscode": "unlock_token:bytes",
    "Restrictions": "profile_restrictions:bool",
    "UnlockUserAccount": "username",
    "DeleteUser": "username force_deletion:bool",
    "EnableLostMode": "message phone_number footnote",
    "RequestMirroring": "destination_name destination_device_id scan_time password",
    "AccountConfiguration": "skip_primary_setup_account_creation:bool set_primary_setup_account_as_regular_user:bool "
    "dont_auto_populate_primary_account_info:bool lock_primary_account_info:bool primary_account_full_name "
    "primary_account_user_name auto_setup_admin_accounts:list",
    "Settings": "settings:list",
    "ScheduleOSUpdate": "updates:list",
    "ScheduleOSUpdateScan": "force:bool",
    "ActiveNSExtensions": "filter_extensions_points:list",
    "RotateFileVaultKey": "key_type filevault_unlock:dict new_certificate:bytes reply_encryption_certificate:bytes",
    "SetFirmwarePassword": "current_password new_password request_requires_network_tether:bool allow_oroms:bool",
    "SetRecoveryLock": "current_password new_password request_requires_network_tether:bool allow_oroms:bool",
    "VerifyFirmwarePassword": "password",
    "VerifyRecoveryLock": "password",
    "SetAutoAdminPassword": "guid password_hash:bytes",
    "RefreshCellularPlans": "esim_server_url",
    "LOMDeviceRequest": "request_list:list",
}
"""``name:type`` for each field, text where no type is given. Whatever else a request holds is dropped."""

REQUEST_TYPES = WITHOUT_FIELDS | FIELDS.keys()

_PLIST_KEYS = {
    "itunes_store_id": "iTunesStoreID",
    "manifest_url": "ManifestURL",
    "manifest_url_pinning_certs": "ManifestURLPinningCerts",
    "managed_appd_only": "ManagedAppsOnly",
    "uuid": "UUID",
    "pin": "PIN",
    "program_id": "ProgramID",
    "invitation_url": "InvitationURL",
    "media_url": "MediaURL",
    "persistent_id": "PersistentID",
    "username": "UserName",
    "destination_device_id": "DestinationDeviceID",
    "short_name": "shortName",
    "full_name": "fullName",
    "password_hash": "passwordHash",
    "hidden": "hidden",
    "hostname": "HostName",
    "mdm_options": "MDMOptions",
    "filevault_unlock": "FileVaultUnlock",
    "guid": "GUID",
    "esim_server_url": "eSIMServerURL",
    "device_dns_name": "DeviceDNSName",
    "device_request_uuid": "DeviceRequestUUID",
    "lom_protocol_version": "LOMProtocolVersion",
    "primary_ip_v6_address_list": "PrimaryIPv6AddressList",
    "secondary_ip_v6_address_list": "SecondaryIPv6AddressList",
}
_JSON_TYPES: Mapping[str, type] = {"int": int, "bool": bool, "list": list, "dict": dict, "asis": dict, "options": dict}
_NESTED_BYTES = {"image", "password_hash", "manifest_url_pinning_certs"}


class NotDecoded(Exception):
    """The request cannot be read; the text is Go's complaint."""


def known_fields(request: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request (keys in lower case) that its type has, under their JSON names; empty ones are left out.

    Raises:
        NotDecoded: no such request type, or a field of the wrong type.
    """
    kind = text(request, "request_type")
    if kind not in REQUEST_TYPES:
        raise NotDecoded(f"mdm: unknown RequestType: {kind}")
    fields = {}
    for declared in FIELDS.get(kind, "").split():
        name, _, type_name = declared.partition(":")
        value: Any = request.get(name)
        if value is None:
            continue
        expected = _JSON_TYPES.get(type_name, str)
        given = type(value)  # isinstance would take true for a number
        if given is not expected:
            raise NotDecoded(f"mdm: unmarshal {kind} command json: {complaint(value, f'{kind}.{name}', expected)}")
        if type_name == "options":
            value = {"purchase_method": value["purchase_method"]} if "purchase_method" in value else {}
        if type_name == "bytes":
            _base64(value)
        if value:
            fields[name] = value
    if kind == "EraseDevice":
        fields.setdefault("pin", "")
    return fields


def payload(command_uuid: str, kind: str, fields: Mapping[str, Any]) -> bytes:
    """The plist for the device."""
    types = dict(declared.partition(":")[::2] for declared in FIELDS.get(kind, "").split())
    command = {_plist_key(name): _plist_value(name, value, types[name]) for name, value in fields.items()}
    return plistlib.dumps({"CommandUUID": command_uuid, "Command": {"RequestType": kind, **command}})


def text(request: Mapping[str, Any], name: str) -> str:
    """A text field of a request, empty when it has none.

    Raises:
        NotDecoded: it is something else.
    """
    value = request.get(name)
    if value is not None and not isinstance(value, str):
        raise NotDecoded(f"mdm: unmarshal json command request: {complaint(value, name, str)}")
    return value or ""


def complaint(value: Any, field: str, expected: type) -> str:
    """How encoding/json says that a value has the wrong type."""
    names = {str: "string", int: "number", float: "number", bool: "bool", list: "array", dict: "object"}
    wanted = {str: "string", int: "int64", bool: "bool", list: "[]string"}.get(expected, "struct")
    return f"json: cannot unmarshal {names[type(value)]} into Go struct field {field} of type {wanted}"


def _plist_key(name: str) -> str:
    return _PLIST_KEYS.get(name) or "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _plist_value(name: str, value: Any, type_name: str = "") -> Any:
    if type_name == "asis":
        return value
    if type_name == "bytes" or (isinstance(value, str) and name in _NESTED_BYTES):
        return _base64(value)
    if name == "configuration":
        return plistlib.loads(_base64(value))
    if isinstance(value, dict):
        return {_plist_key(key): _plist_value(key, child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plist_value(name, child) for child in value]
    return value


def _base64(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise NotDecoded("illegal base64 data at input byte 0") from exc
