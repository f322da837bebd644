"""NanoMDM and NanoHUB sign the body when they have a key (`-webhook-hmac-key`); URL credentials work as with MicroMDM.

Source: https://github.com/micromdm/nanomdm/blob/main/docs/operations-guide.md
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from ingest.knock import Knock, matches

MAX_BODY = 1024 * 1024
SIGNATURE = "X-Hmac-Signature"


def admits(knock: Knock, secrets: Sequence[bytes]) -> bool:
    return matches(knock.basic_password(), secrets) | matches(knock.path(), secrets)


def is_signed(knock: Knock) -> bool:
    return knock.header(SIGNATURE) is not None


def signs(knock: Knock, body: bytes, secrets: Sequence[bytes]) -> bool:
    """The header is the standard base64 of HMAC-SHA-256 over the exact body."""
    digests = [base64.b64encode(hmac.digest(secret, body, hashlib.sha256)) for secret in secrets if secret]
    return matches(knock.header(SIGNATURE), digests)
