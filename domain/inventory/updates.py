"""Updates of the system: those there are, how they are going, and what became of the order to install them.

Sources: https://github.com/apple/device-management/blob/release/mdm/commands/system.update.available.yaml,
system.update.status.yaml and system.update.schedule.yaml beside it (checked 2026-11)
"""

from collections.abc import Mapping
from typing import Any

from domain.error_chain import in_words, read_chain
from domain.inventory.columns import fields, key_of, read_columns
from domain.json_types import JSONObject

UPDATE = fields(
    "ProductKey HumanReadableName HumanReadableNameLocale MetadataURL:text ProductName Version Build DownloadSize:int "
    "InstallSize:int AppIdentifiersToClose:[str] IsCritical:bool IsConfigDataUpdate:bool IsFirmwareUpdate:bool "
    "IsMajorOSUpdate:bool RestartRequired:bool AllowsInstallLater:bool DeferredUntil:date RequiresBootstrapToken:bool "
    "IsSecurityResponse:bool SupplementalBuildVersion SupplementalOSVersionExtra"
)
STATUS = fields(
    "ProductKey IsDownloaded:bool DownloadPercentComplete:real Status MaxDeferrals:int DeferralsRemaining:int "
    "NextScheduledInstall:date"
)
RESULT = fields("ProductKey InstallAction Status")


def read_update(item: Mapping[str, Any]) -> tuple[str | None, JSONObject]:
    return key_of(item.get("ProductKey"), item.get("Build"), item.get("Version")), read_columns(item, UPDATE)


def read_status(item: Mapping[str, Any]) -> tuple[str | None, JSONObject]:
    return key_of(item.get("ProductKey")), read_columns(item, STATUS)


def read_result(item: Mapping[str, Any]) -> tuple[str | None, JSONObject]:
    """With the `error` of its chain in words; empty when there is none, so that a success ends an older error."""
    columns = {**read_columns(item, RESULT), "error": in_words(read_chain(item.get("ErrorChain")))}
    return key_of(item.get("ProductKey")), columns
