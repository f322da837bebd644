"""Jamf Pro sends Basic credentials or a header that its admin names; without either, a path segment is the secret.

Source: https://developer.jamf.com/developer-guide/docs/webhooks
"""

from collections.abc import Sequence

from ingest.knock import Knock, matches

MAX_BODY = 10 * 1024 * 1024
"""Smart-group events grow with the group."""


def admits(knock: Knock, secrets: Sequence[bytes]) -> bool:
    by_name = matches(knock.basic_password(), secrets) | matches(knock.header(knock.secret_header), secrets)
    return by_name | matches(knock.path(), secrets)
