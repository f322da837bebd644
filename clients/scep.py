"""Servers that make one-time SCEP challenges: they take Jamf Pro's event and answer with the challenge, as plain text.

Source: https://infisical.com/docs/documentation/platform/pki/enrollment-methods/scep (checked 2026-11)
"""

from collections.abc import Callable

from clients.answers import Answer
from clients.caller import Call, Caller
from domain.errors import PermanentError

MOST_READ = 4 * 1024
"""Bytes of an answer."""

LONGEST = 1_024
"""Bytes of a challenge."""

_NOT_PLAIN = ("html", "json", "xml")
"""In the Content-Type of what is no challenge: a page to sign in, an error in a 200."""


class ChallengeProvider:
    """``url`` and ``token`` (`""`: none) are asked before every request; credentials in the URL are sent as Basic.

    ``deadline`` is in seconds, for one request from the look-up of the name to the last byte.
    """

    def __init__(self, url: Callable[[], str], token: Callable[[], str], deadline: float) -> None:
        self._url = url
        self._token = token
        self._caller = Caller("SCEP challenge server", deadline=deadline)

    def challenge(self, event: bytes) -> bytes:
        """One line of printable text, without white space around it. ``event`` is JSON.

        Nothing of an answer is in an error: it may be a challenge.

        Raises:
            TransientError: nothing came in time, or not in full.
            PermanentError: refused, or answered with what is no challenge.
        """
        call = Call(
            method="POST",
            url=self._url(),
            body=event,
            accept="text/plain",
            bearer=self._token(),
            harmless=True,
            most=MOST_READ,
        )
        answer = self._caller.call(call)
        place = self._caller.place(call)
        if not 200 <= answer.status < 300:
            raise PermanentError(f"{place} answered {answer.status}")
        challenge = _challenge(answer)
        if challenge is None:
            raise PermanentError(f"{place} answered {answer.status} with something that is no challenge")
        return challenge


def _challenge(answer: Answer) -> bytes | None:
    kind = answer.headers.get("content-type", "").lower()
    try:
        text = answer.body.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    is_plain = text.isprintable() and not any(word in kind for word in _NOT_PLAIN)
    return text.encode() if text and len(text) <= LONGEST and is_plain else None
