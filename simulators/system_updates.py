"""Updates of the system that a simulated device could install, and how far it is with them.

Source: https://github.com/apple/device-management/blob/release/mdm/commands/system.update.available.yaml
Source: https://github.com/apple/device-management/blob/release/mdm/commands/system.update.status.yaml
Source: https://github.com/apple/device-management/blob/release/mdm/commands/system.update.schedule.yaml
"""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from simulators.certificates import EPOCH
from simulators.devices import Device

CONFIGURATION_DATA = "MRTConfigData"


def os_update(device: Device, rng: random.Random) -> dict[str, Any]:
    """The next version of the system, as this device lists it. Its ProductKey tells the version."""
    version = f"{device.major}.{device.minor + 1}"
    is_mac = device.identity.kind.is_mac
    name = "macOS Sequoia" if is_mac else "iOS"
    keys: dict[str, Any] = {
        "ProductKey": f"{'MSU_UPDATE' if is_mac else 'iOSUpdate'}_{rng.randrange(10**6):06d}_{version}",
        "HumanReadableName": f"{name} {version}",
        "Version": version,
        "Build": f"24{chr(66 + device.minor % 25)}{rng.randrange(100, 999)}",
        "DownloadSize": rng.randrange(10**8, 10**10),
        "IsCritical": rng.random() < 0.1,
        "IsSecurityResponse": False,
        "RestartRequired": True,
        "AllowsInstallLater": True,
    }
    if not is_mac:
        return keys | {"ProductName": "iOS", "InstallSize": rng.randrange(10**8, 10**10)}
    keys |= {"HumanReadableNameLocale": "en", "AppIdentifiersToClose": [], "RequiresBootstrapToken": True}
    keys |= {"IsMajorOSUpdate": False, "IsFirmwareUpdate": False, "IsConfigDataUpdate": False}
    return keys | ({"DeferredUntil": EPOCH + timedelta(days=rng.randrange(400))} if rng.random() < 0.2 else {})


def data_update(rng: random.Random) -> dict[str, Any]:
    """Configuration data, which only Macs list."""
    return {
        "ProductKey": f"{rng.randrange(100):03d}-{rng.randrange(10**5):05d}",
        "HumanReadableName": CONFIGURATION_DATA,
        "HumanReadableNameLocale": "en",
        "MetadataURL": "https://swcdn.example/mrt.smd",
        "Version": f"1.{rng.randrange(100)}",
        "Build": "",
        "DownloadSize": rng.randrange(10**5, 10**7),
        "AppIdentifiersToClose": ["com.example.relay"],
        "IsConfigDataUpdate": True,
        "IsSecurityResponse": False,
        "RestartRequired": False,
    }


def status_of(update: Mapping[str, Any], *, is_mac: bool, downloaded: float, status: str) -> dict[str, Any]:
    """As OSUpdateStatus has it; ``downloaded`` is 0 to 1."""
    keys: dict[str, Any] = {
        "ProductKey": update["ProductKey"],
        "IsDownloaded": downloaded >= 1,
        "DownloadPercentComplete": downloaded,
        "Status": status,
    }
    return keys | ({"MaxDeferrals": 3, "DeferralsRemaining": 2, "PastNotifications": [EPOCH]} if is_mac else {})


def scheduled(action: str, known: Mapping[str, Any] | None) -> tuple[str, str]:
    """The InstallAction and the Status that an order gets; ``known`` is its status so far.

    Default means download at first and install when it is asked again.
    """
    if action == "Default":
        action = "InstallASAP" if known and known["IsDownloaded"] else "DownloadOnly"
    installs = known is not None and known["IsDownloaded"] and action in {"InstallASAP", "InstallForceRestart"}
    return action, "Installing" if installs else "Downloading"


def not_found(order: Mapping[str, Any]) -> dict[str, Any]:
    """The result for an update that the device does not know."""
    name = order.get("ProductKey") or order.get("ProductVersion") or ""
    said = f"The update “{name}” is not available."
    link = {"ErrorCode": 12086, "ErrorDomain": "MCMDMErrorDomain", "LocalizedDescription": said}
    return {"ProductKey": name, "InstallAction": "Error", "Status": "InstallFailed", "ErrorChain": [link]}
