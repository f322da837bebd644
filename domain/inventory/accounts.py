"""Accounts of people on a device.

Source: https://github.com/apple/device-management/blob/release/mdm/commands/user.list.yaml (checked 2026-11)
"""

from collections.abc import Mapping
from typing import Any

from domain.inventory.columns import fields, key_of, read_columns
from domain.json_types import JSONObject

ACCOUNT = fields(
    "UserName FullName UID:int UserGUID IsLoggedIn:bool HasDataToSync:bool DataQuota:int DataUsed:int "
    "MobileAccount:bool HasSecureToken:bool"
)


def read_account(item: Mapping[str, Any]) -> tuple[str | None, JSONObject]:
    """By short name, the only one that both macOS and Shared iPad tell."""
    return key_of(item.get("UserName"), item.get("UserGUID")), read_columns(item, ACCOUNT)
