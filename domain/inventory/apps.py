"""Installed and managed apps.

Sources: https://github.com/apple/device-management/blob/release/mdm/commands/application.installed.list.yaml and
https://github.com/apple/device-management/blob/release/mdm/commands/application.managed.list.yaml (checked 2026-11)
"""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.inventory.columns import fields, key_of, read_columns
from domain.json_types import JSONObject

INSTALLED = fields(
    "Identifier Name Version ShortVersion BundleSize:int DynamicSize:int ExternalVersionIdentifier:int "
    "DistributorIdentifier Installing:bool AppStoreVendable:bool DeviceBasedVPP:bool HasUpdateAvailable:bool "
    "IsValidated:bool BetaApp:bool AdHocCodeSigned:bool IsAppClip:bool DownloadFailed:bool DownloadWaiting:bool "
    "DownloadPaused:bool DownloadCancelled:bool Source"
)

MANAGED = fields(
    "Identifier Status ManagementFlags:int HasConfiguration:bool HasFeedback:bool IsValidated:bool "
    "ExternalVersionIdentifier:int"
)
"""Without `UnusedRedemptionCode`, which is a secret. The identifier is the key it is listed under."""


def read_installed(item: Mapping[str, Any]) -> tuple[str | None, JSONObject]:
    """By bundle id; what has none, on macOS, by name."""
    return key_of(item.get("Identifier"), item.get("Name")), read_columns(item, INSTALLED)


def managed_items(listed: Mapping[str, Any]) -> Iterator[Any]:
    """The apps, each with the key it is listed under as its `Identifier`."""
    for identifier, item in listed.items():
        yield {**item, "Identifier": identifier} if isinstance(item, dict) else item


def read_managed(item: Mapping[str, Any]) -> tuple[str | None, JSONObject]:
    return key_of(item.get("Identifier")), read_columns(item, MANAGED)
