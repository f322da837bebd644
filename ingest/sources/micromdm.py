"""MicroMDM has no authentication of its own: credentials in its webhook URL arrive as Basic, or as a path segment.

Source: https://github.com/micromdm/micromdm/blob/main/docs/user-guide/api-and-webhooks.md
"""

from collections.abc import Sequence

from ingest.knock import Knock, matches

MAX_BODY = 1024 * 1024


def admits(knock: Knock, secrets: Sequence[bytes]) -> bool:
    return matches(knock.basic_password(), secrets) | matches(knock.path(), secrets)
