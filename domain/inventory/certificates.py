"""Certificates on a device: what X.509 says in them, since a device tells no more than a name.

Source: https://github.com/apple/device-management/blob/release/mdm/commands/certificate.list.yaml (checked 2026-11)
"""

import hashlib
import warnings
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from domain.clock import rfc3339
from domain.inventory.columns import LONGEST_STR, fields, key_of, read_columns
from domain.json_types import JSONObject
from domain.text import clipped, storable

CERTIFICATE = fields("CommonName IsIdentity:bool")

LONGEST_DER = 65_536
"""Bytes; a larger one is kept unread. Certificates have two or three thousand."""

LONGEST_NAME = 1_000
MOST_REMEMBERED, LONGEST_REMEMBERED = 2_048, 4_096
"""Certificates that are read once for many devices, as a fleet has the same few authorities; and bytes of each."""

_UNREADABLE = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)


def read_certificate(item: Mapping[str, Any]) -> tuple[str | None, JSONObject]:
    """By the fingerprint of its bytes. What X.509 says is missing where `error` says why."""
    columns = read_columns(item, CERTIFICATE)
    data = item.get("Data")
    if not isinstance(data, bytes):
        return key_of(item.get("CommonName")), {**columns, "error": "the device sent no certificate"}
    sha256 = hashlib.sha256(data).hexdigest()
    return sha256, {**columns, "sha256": sha256, **_said(data)}


def _said(data: bytes) -> Mapping[str, Any]:
    if len(data) > LONGEST_DER:
        return {"error": f"{len(data)} bytes are too many to read"}
    return _remembered(data) if len(data) <= LONGEST_REMEMBERED else _read(data)


@lru_cache(maxsize=MOST_REMEMBERED)
def _remembered(data: bytes) -> Mapping[str, Any]:
    return MappingProxyType(_read(data))


def _read(data: bytes) -> JSONObject:
    try:
        with warnings.catch_warnings():
            # Of certificates that no authority should have made, but many have: it reads them all the same.
            warnings.simplefilter("ignore")
            return _parsed(x509.load_der_x509_certificate(data))
    except _UNREADABLE as exc:
        return {"error": f"not readable as X.509 ({type(exc).__name__})"}


def _parsed(certificate: x509.Certificate) -> JSONObject:
    return {
        "subject": _name(certificate.subject),
        "issuer": _name(certificate.issuer),
        "serial": clipped(f"{certificate.serial_number:x}", LONGEST_STR),
        "not_before": rfc3339(certificate.not_valid_before_utc),
        "not_after": rfc3339(certificate.not_valid_after_utc),
    }


def _name(name: x509.Name) -> str:
    return clipped(storable(name.rfc4514_string()), LONGEST_NAME)
