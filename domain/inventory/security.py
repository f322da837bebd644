"""SecurityInfo as facts, under Apple's names, those of an inner dictionary as `ManagementStatus.EnrolledViaDEP`.

Source: https://github.com/apple/device-management/blob/release/mdm/commands/information.security.yaml
(checked 2026-11)
"""

from collections.abc import Iterator, Mapping
from typing import Any

from domain import plist
from domain.facts import Facts, fact
from domain.inventory.columns import LONGEST_STR, Kind, odd_text, read_value
from domain.json_types import JSON, JSONObject
from domain.redaction import MARK
from domain.secret_keys import is_secret
from domain.text import clipped, storable

MOST_FACTS = 200
LONGEST_NAME = 100

COLUMNS: Mapping[str, tuple[str, Kind]] = {
    "filevault_enabled": ("FDE_Enabled", "bool"),
    "has_personal_recovery_key": ("FDE_HasPersonalRecoveryKey", "bool"),
    "has_institutional_recovery_key": ("FDE_HasInstitutionalRecoveryKey", "bool"),
    "recovery_key_fingerprint": ("FDE_PersonalRecoveryKeyCMS", "str"),
    "firewall_enabled": ("FirewallSettings.FirewallEnabled", "bool"),
    "firewall_blocks_all": ("FirewallSettings.BlockAllIncoming", "bool"),
    "firewall_stealth_mode": ("FirewallSettings.StealthMode", "bool"),
    "sip_enabled": ("SystemIntegrityProtectionEnabled", "bool"),
    "secure_boot": ("SecureBoot.SecureBootLevel", "str"),
    "external_boot": ("SecureBoot.ExternalBootLevel", "str"),
    "authenticated_root_volume_enabled": ("AuthenticatedRootVolumeEnabled", "bool"),
    "firmware_password_exists": ("FirmwarePasswordStatus.PasswordExists", "bool"),
    "is_recovery_lock_enabled": ("IsRecoveryLockEnabled", "bool"),
    "remote_desktop_enabled": ("RemoteDesktopEnabled", "bool"),
    "bootstrap_token_allowed": ("BootstrapTokenAllowedForAuthentication", "str"),
    "hardware_encryption_caps": ("HardwareEncryptionCaps", "int"),
    "passcode_present": ("PasscodePresent", "bool"),
    "passcode_compliant": ("PasscodeCompliant", "bool"),
    "passcode_compliant_with_profiles": ("PasscodeCompliantWithProfiles", "bool"),
    "enrolled_via_dep": ("ManagementStatus.EnrolledViaDEP", "bool"),
    "user_approved_enrollment": ("ManagementStatus.UserApprovedEnrollment", "bool"),
    "is_user_enrollment": ("ManagementStatus.IsUserEnrollment", "bool"),
    "is_activation_lock_manageable": ("ManagementStatus.IsActivationLockManageable", "bool"),
}
"""Column → the fact it repeats. A fact of another type than Apple's stays a fact, and its column is empty."""


def read_security(payload: Mapping[str, Any]) -> JSONObject:
    """The facts of an answer; empty when it tells none. Of a recovery key there is only what redaction left of it."""
    info = payload.get("SecurityInfo")
    if not isinstance(info, dict):
        return {}
    return dict(sorted(_facts(info))[:MOST_FACTS])


_OF_FILEVAULT: Mapping[str, JSON] = {
    "has_personal_recovery_key": False,
    "has_institutional_recovery_key": False,
    "recovery_key_fingerprint": None,
}
"""Columns that tell of its recovery keys, and what they are when it was turned off."""


def security_columns(facts: Facts) -> JSONObject:
    """What is so. An answer that leaves a fact out does not change it, but FileVault that is off has no keys."""
    columns = {column: read_value(fact(facts, name), kind) for column, (name, kind) in COLUMNS.items()}
    fingerprint = columns["recovery_key_fingerprint"]
    columns["recovery_key_fingerprint"] = str(fingerprint).removeprefix(MARK) if fingerprint else None
    return {**columns, **_turned_off(facts)}


def _turned_off(facts: Facts) -> JSONObject:
    """Columns of recovery keys that nothing was said of since FileVault was said to be off."""
    enabled = facts.get("FDE_Enabled")
    if enabled is None or enabled[0] is not False:
        return {}
    told = {column: facts.get(COLUMNS[column][0]) for column in _OF_FILEVAULT}
    return {
        column: gone
        for column, gone in _OF_FILEVAULT.items()
        if (known := told[column]) is None or known[1:] < enabled[1:]
    }


def _facts(info: Mapping[str, Any]) -> Iterator[tuple[str, JSON]]:
    for name, value in info.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for key, child in inner:
            full_name = f"{name}.{key}" if key else name
            if len(full_name) <= LONGEST_NAME and (not is_secret(key or name) or _is_redacted(child)):
                yield storable(full_name), _fact(child)


def _is_redacted(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.startswith(MARK))


def _fact(value: Any) -> JSON:
    if isinstance(value, str):
        return clipped(storable(value), LONGEST_STR)
    return odd_text(value) if isinstance(value, dict | list | bytes) else plist.jsonable(value)
