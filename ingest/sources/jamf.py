"""Jamf Pro sends Basic credentials or a header that its admin names; without either, a path segment is the secret.

Newer ones can sign the body instead (HASH_SIGNATURE). In which header and form is not documented, and so configured. A
sender that is configured to sign must, and its secrets open nothing in clear text.

Source: https://developer.jamf.com/developer-guide/docs/webhooks
"""

from collections.abc import Sequence

from ingest.knock import Knock, matches

MAX_BODY = 10 * 1024 * 1024
"""Smart-group events grow with the group."""


def admits(knock: Knock, secrets: Sequence[bytes]) -> bool:
    if knock.signature is not None:
        return False
    by_name = matches(knock.basic_password(), secrets) | matches(knock.header(knock.secret_header), secrets)
    return by_name | matches(knock.path(), secrets)


def is_signed(knock: Knock) -> bool:
    return knock.signature is not None and knock.header(knock.signature.header) is not None


def signs(knock: Knock, body: bytes, secrets: Sequence[bytes]) -> bool:
    """An HMAC over the exact body, before a Content-Encoding is undone."""
    signature = knock.signature
    return signature is not None and signature.is_right(knock.header(signature.header), body, secrets)
