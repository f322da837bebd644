"""What a sender shows at the door, as bytes, with nothing of the web framework; and how it is compared."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


class Headers(Protocol):
    """Header fields; names count in any case."""

    def get(self, name: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a sender signs a body, where that is a setting. No ``encoding`` means either."""

    header: str
    algorithm: Literal["sha256", "sha512"]
    encoding: Literal["hex", "base64"] | None = None
    prefix: str = ""

    def is_right(self, shown: bytes | None, body: bytes, secrets: Sequence[bytes]) -> bool:
        """Whether ``shown`` is the HMAC of the body under one of the secrets. Case does not count in hex."""
        prefix = self.prefix.encode()
        if shown is None or not shown.startswith(prefix):
            return False
        shown = shown.removeprefix(prefix).strip()
        digests = [hmac.digest(secret, body, self.algorithm) for secret in secrets if secret]
        in_hex = matches(shown.lower(), [binascii.hexlify(digest) for digest in digests])
        in_base64 = matches(shown, [base64.b64encode(digest) for digest in digests])
        return (in_hex and self.encoding != "base64") or (in_base64 and self.encoding != "hex")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """Headers, the path segment after the sender's name, and the sender's own ways to show a secret.

    Those are the name of a header, and for a sender that must sign its bodies, how.
    """

    headers: Headers
    path_secret: str | None
    secret_header: str
    signature: Signature | None = None

    def basic_password(self) -> bytes | None:
        """The password of Basic credentials; the user name does not count."""
        scheme, _, encoded = (self.headers.get("Authorization") or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            return base64.b64decode(encoded, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return None

    def bearer(self) -> bytes | None:
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return as_bytes(token.strip()) if scheme.lower() == "bearer" else None

    def header(self, name: str) -> bytes | None:
        value = self.headers.get(name)
        return as_bytes(value) if value is not None else None

    def path(self) -> bytes | None:
        return self.path_secret.encode("utf-8", "surrogateescape") if self.path_secret is not None else None


class Source(Protocol):
    """What a file in `sources/` gives."""

    MAX_BODY: int
    """Bytes, also after decompression."""

    def admits(self, knock: Knock, secrets: Sequence[bytes]) -> bool:
        """Whether the request may come in; asked before its body is read."""
        ...


class SigningSource(Source, Protocol):
    """A source whose senders may sign the body instead."""

    def is_signed(self, knock: Knock) -> bool: ...

    def signs(self, knock: Knock, body: bytes, secrets: Sequence[bytes]) -> bool: ...


def as_bytes(text: str) -> bytes:
    """A header as the bytes that came over the wire (WSGI hands them on as Latin-1)."""
    return text.encode("latin-1", "replace")


def matches(shown: bytes | None, secrets: Sequence[bytes]) -> bool:
    """Whether ``shown`` is one of the secrets, in a time that tells nothing about any of them."""
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(shown or b"", secret) and bool(secret)
    return found and shown is not None
