"""X.509 certificates for simulated devices: real DER, drawn from a seed, quick to make by the thousand.

Keys come from a small pool, and signatures are deterministic (RFC 6979): the same seed gives the same bytes.
"""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The day from which validities are counted: some have ended by then, some will soon, others last for years."""

_KEYS = 32
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256: a private key is a number below it."""

_LIVES = ((-400, 365), (-340, 365), (-200, 825), (-30, 365), (-600, 3650))
"""First day, counted from the epoch, and days of validity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate on a device. ``subject`` and ``issuer`` as RFC 4514 writes them; ``managed``: MDM put it there."""

    common_name: str
    subject: str
    issuer: str
    serial_number: int
    not_before: datetime
    not_after: datetime
    data: bytes
    is_identity: bool
    managed: bool

    @property
    def sha256(self) -> str:
        """The fingerprint, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def keys(self) -> Mapping[str, Any]:
        """As CertificateList has it."""
        return {"CommonName": self.common_name, "IsIdentity": self.is_identity, "Data": self.data}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authority:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is to be in a certificate besides its keys."""

    subject: x509.Name
    serial_number: int
    first: datetime
    days: int
    is_authority: bool = False


def draw_certificate(
    common_name: str, authority: str, rng: random.Random, *, is_identity: bool = False, managed: bool = True
) -> Certificate:
    """One issued by ``authority``, a common name."""
    first, days = rng.choice(_LIVES)
    wish = _Wish(
        subject=_name(common_name),
        serial_number=rng.getrandbits(120) + 1,
        first=EPOCH + timedelta(days=first, seconds=rng.randrange(86_400)),
        days=days,
    )
    made = _sign(wish, _key(f"leaf {rng.randrange(_KEYS)}"), _authority(authority))
    return _described(made, common_name, is_identity=is_identity, managed=managed)


@cache
def root_certificate(authority: str) -> Certificate:
    """The authority's own, which it signed itself: the same on every device."""
    issuer = _authority(authority)
    wish = _Wish(
        subject=issuer.name,
        serial_number=int.from_bytes(hashlib.sha256(authority.encode()).digest()[:8], "big"),
        first=EPOCH - timedelta(days=1000),
        days=7300,
        is_authority=True,
    )
    return _described(_sign(wish, issuer.key, issuer), authority, is_identity=False, managed=True)


def _sign(wish: _Wish, key: ec.EllipticCurvePrivateKey, issuer: _Authority) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(wish.subject)
        .issuer_name(issuer.name)
        .public_key(key.public_key())
        .serial_number(wish.serial_number)
        .not_valid_before(wish.first)
        .not_valid_after(wish.first + timedelta(days=wish.days))
        .add_extension(x509.BasicConstraints(ca=wish.is_authority, path_length=None), critical=True)
        .sign(issuer.key, SHA256(), ecdsa_deterministic=True)
    )


def _described(made: x509.Certificate, common_name: str, *, is_identity: bool, managed: bool) -> Certificate:
    return Certificate(
        common_name=common_name,
        subject=made.subject.rfc4514_string(),
        issuer=made.issuer.rfc4514_string(),
        serial_number=made.serial_number,
        not_before=made.not_valid_before_utc,
        not_after=made.not_valid_after_utc,
        data=made.public_bytes(Encoding.DER),
        is_identity=is_identity,
        managed=managed,
    )


@cache
def _authority(common_name: str) -> _Authority:
    return _Authority(name=_name(common_name), key=_key(f"authority {common_name}"))


@cache
def _key(name: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    return ec.derive_private_key(1 + number % (_ORDER - 1), ec.SECP256R1())


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DK"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Quillfeather Ltd."),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
