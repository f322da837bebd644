"""Apple sends the `notificationAuthToken` of the client configuration as a bearer token.

Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications
"""

from collections.abc import Sequence

from ingest.knock import Knock, matches

MAX_BODY = 1024 * 1024


def admits(knock: Knock, secrets: Sequence[bytes]) -> bool:
    return matches(knock.bearer(), secrets)
