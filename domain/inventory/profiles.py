"""Configuration profiles and provisioning profiles.

Sources: https://github.com/apple/device-management/blob/release/mdm/commands/profile.list.yaml and
https://github.com/apple/device-management/blob/release/mdm/commands/profile.provisioning.list.yaml (checked 2026-11)
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from domain.inventory.columns import fields, key_of, read_columns
from domain.json_types import JSON, JSONObject

PROFILE = fields(
    "PayloadIdentifier PayloadUUID PayloadDisplayName PayloadOrganization PayloadDescription:text PayloadVersion:int "
    "IsManaged:bool IsEncrypted:bool HasRemovalPasscode:bool PayloadRemovalDisallowed:bool Source"
)
PAYLOAD = fields("PayloadType PayloadIdentifier PayloadUUID PayloadDisplayName")
PROVISIONING = fields("Name UUID ExpiryDate:date")

MOST_PAYLOADS = 200


def read_profile(item: Mapping[str, Any]) -> tuple[str | None, JSONObject]:
    """By its identifier, which an update keeps, while its UUID changes.

    Beside Apple's keys: `payload_content`, what is in it, and `signer_sha256` of the certificate that signed it.
    """
    columns = read_columns(item, PROFILE)
    payloads = _payloads(item.get("PayloadContent"))
    if payloads:
        columns["payload_content"] = payloads
    signers = item.get("SignerCertificates")
    if isinstance(signers, list) and signers and isinstance(signers[0], bytes):
        columns["signer_sha256"] = hashlib.sha256(signers[0]).hexdigest()
    return key_of(item.get("PayloadIdentifier"), item.get("PayloadUUID")), columns


def _payloads(content: Any) -> list[JSON]:
    found = [item for item in content if isinstance(item, dict)] if isinstance(content, list) else []
    return [read_columns(item, PAYLOAD) for item in found[:MOST_PAYLOADS]]


def read_provisioning_profile(item: Mapping[str, Any]) -> tuple[str | None, JSONObject]:
    return key_of(item.get("UUID"), item.get("Name")), read_columns(item, PROVISIONING)
