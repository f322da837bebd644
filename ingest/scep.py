"""Jamf Pro asks for a SCEP challenge with an event, and takes the body of our answer for it.

The only event that is answered with more than "stored": an opt-in, after the event is stored and apart from it.
"""

from collections.abc import Callable, Mapping
from threading import BoundedSemaphore
from typing import Protocol

import structlog

from config.secret_file import Secrets
from config.sections import SenderSettings
from config.settings import Settings
from domain.classification import Arrival, document_of
from domain.errors import ActionError, PermanentError, TransientError
from domain.json_body import compact
from domain.json_types import JSON
from domain.secret_keys import is_secret

log = structlog.get_logger()

EVENT = "SCEPChallenge"

MOST_ASKED = 64 * 1024
"""Bytes of an event that another server is asked with; real ones have about two thousand."""


class Provider(Protocol):
    """Another server that makes the challenges."""

    def challenge(self, event: bytes) -> bytes:
        """Raises: ActionError, whose text holds nothing of an answer."""
        ...


Connect = Callable[[Callable[[], str], Callable[[], str], float], Provider]
"""Makes a provider from its URL, its token (`""`: none) and the seconds that asking may take."""


class Challenges:
    """One ingest process's answers to `SCEPChallenge`, by sender. Any number of threads may ask.

    At most half of the process's threads wait for other servers: the rest go on taking events in.
    """

    def __init__(self, settings: Settings, connect: Connect) -> None:
        senders = settings.senders.items()
        self._ours = {name: sender.secret("scep_challenge") for name, sender in senders if sender.gives_challenges}
        self._providers: Mapping[str, Provider] = {
            name: _connected(sender, connect) for name, sender in senders if sender.asks_for_challenges
        }
        self._free = BoundedSemaphore(max(1, settings.ingest_threads // 2))

    def expected(self, arrival: Arrival, event_type: str) -> bool:
        """Whether this event's sender waits for a challenge."""
        return event_type == EVENT and (arrival.sender in self._ours or arrival.sender in self._providers)

    def answer(self, arrival: Arrival) -> bytes | None:
        """The challenge, or None where none can be had; the log says why, and nothing of what was answered."""
        try:
            return self._ours_for(arrival) if arrival.sender in self._ours else self._asked_for(arrival)
        except ActionError as exc:
            names = {"sender": arrival.sender, "delivery_id": arrival.delivery_id}
            log.warning("challenge_not_given", reason=str(exc), **names)
            return None

    def _ours_for(self, arrival: Arrival) -> bytes:
        challenge = self._ours[arrival.sender].current()
        if not challenge:
            raise PermanentError("there is none in the configured file")
        return challenge

    def _asked_for(self, arrival: Arrival) -> bytes:
        if len(arrival.body) > MOST_ASKED:
            raise PermanentError(f"the event has more than {MOST_ASKED} bytes")
        event = compact(_without_secrets(document_of(arrival.kind, arrival.body, arrival.content_type)))
        if not self._free.acquire(blocking=False):
            raise TransientError("too many are being asked for already")
        try:
            return self._providers[arrival.sender].challenge(event)
        finally:
            self._free.release()


def _without_secrets(value: JSON) -> JSON:
    """The user's password is no business of who makes challenges."""
    if isinstance(value, dict):
        return {name: _without_secrets(inner) for name, inner in value.items() if not is_secret(name)}
    return [_without_secrets(inner) for inner in value] if isinstance(value, list) else value


def _connected(sender: SenderSettings, connect: Connect) -> Provider:
    url, token = sender.secret("scep_url"), sender.secret("scep_token")
    return connect(lambda: _text(url), lambda: _text(token), sender.scep_timeout)


def _text(secrets: Secrets) -> str:
    return (secrets.current() or b"").decode("utf-8", "replace")
