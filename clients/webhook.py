"""Posts a webhook as its sender would."""

from collections.abc import Mapping
from dataclasses import dataclass

import requests

from domain.errors import Unreachable

CONNECT_TIMEOUT, READ_TIMEOUT = 3.0, 15.0
"""Seconds, the second for each read."""

MOST_SHOWN = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the far end said; ``body`` is cut to MOST_SHOWN characters."""

    status: int
    reason: str
    body: str


def post(url: str, body: bytes, headers: Mapping[str, bytes]) -> Answer:
    """One attempt, without following redirects or heeding proxies and `.netrc`: there is a secret in it.

    Raises: Unreachable, with the class of what went wrong; the event may have arrived all the same.
    """
    with requests.Session() as session:
        session.trust_env = False
        request = requests.Request("POST", url, headers=dict(headers), data=body)
        try:
            answer = session.send(
                session.prepare_request(request), timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), allow_redirects=False
            )
        except (requests.RequestException, ValueError) as exc:
            raise Unreachable(f"{url} does not answer ({type(exc).__name__})") from exc
        return Answer(status=answer.status_code, reason=answer.reason, body=answer.text[:MOST_SHOWN])
