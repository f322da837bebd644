"""Bearer tokens of one Jamf Pro server: one at a time, fetched by one thread, renewed before they die.

A token that is needed again is fetched anew, not kept alive: keep-alive voids the old one under requests on their way.

Source: https://developer.jamf.com/jamf-pro/docs/client-credentials,
https://developer.jamf.com/jamf-pro/docs/jamf-pro-api-overview#authentication-and-authorization (checked 2026-11).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote_plus, urlencode

from clients.answers import Answer
from clients.caller import Call, Caller
from domain.clock import parse_epoch, parse_time
from domain.errors import ActionError, TransientError
from domain.json_types import JSON, JSONObject

SHARE = 0.8
"""Of its life a token is used so long; an API client's may live for a minute only."""

UNSAID = 60.0
"""Seconds that a token is taken to live when the server does not say."""

LONGEST_LIFE = 86_400.0

REFUSED_FOR = 60.0
"""Seconds for which refused credentials are not tried again, unless they change: accounts lock themselves."""

LONGEST_TOKEN = 16_384

_PATHS = ("/api/v1/oauth/token", "/api/oauth/token")
"""For API clients; the second is the older one."""

_REFUSALS = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An API client and its secret, or a user and its password (``is_user``). ``secret`` is asked for each token.

    ``setting`` is what people look at when it is refused.
    """

    name: str
    secret: Callable[[], str]
    setting: str
    is_user: bool = False


class NoTokens(TransientError):
    """Nothing at that URL gives tokens: an old Jamf Pro, or none at all."""


class Tokens:
    """The token of one server. Any number of threads may ask; while one fetches, the others wait for what it gets."""

    def __init__(
        self, url: str, login: Login, caller: Caller, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._login = login
        self._caller = caller
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0
        self._path = _PATHS[0]
        self._refusal: tuple[str, float, ActionError] | None = None

    def current(self) -> str:
        """A token that is good for a while. Raises: TransientError, PermanentError, as `Caller.call` and `_refused`."""
        with self._lock:
            if not self._token or self._monotonic() >= self._good_until:
                self._token = ""
                self._token, self._good_until = self._fetch(self._secret())
            return self._token

    def drop(self, token: str) -> None:
        """The server does not take this one any more; a newer one stays."""
        with self._lock:
            if self._token == token:
                self._token = ""

    def _secret(self) -> str:
        secret = self._login.secret()
        if not secret or not self._login.name:
            raise TransientError(f"nobody may read this Jamf Pro: set {self._login.setting}", down=True)
        if self._refusal is not None:
            refused, until, error = self._refusal
            if refused == secret and self._monotonic() < until:
                raise TransientError(str(error), down=True)
        return secret

    def _fetch(self, secret: str) -> tuple[str, float]:
        asked_at = self._monotonic()
        call = self._call(secret, self._path)
        answer = self._caller.call(call)
        if not self._login.is_user and _is_elsewhere(answer):
            other = _PATHS[1 - _PATHS.index(self._path)]
            call = self._call(secret, other)
            answer = self._caller.call(call)
            if answer.status == 200:
                self._path = other
        document = answer.document() if answer.status == 200 else None
        token = document.get("token" if self._login.is_user else "access_token") if document else None
        if document is None or not isinstance(token, str) or not token or len(token) > LONGEST_TOKEN:
            raise self._refused(call, answer, secret)
        self._refusal = None
        return token, asked_at + SHARE * _life(document, answer)

    def _call(self, secret: str, path: str) -> Call:
        forms = (secret, quote_plus(secret))
        if self._login.is_user:
            basic = (self._login.name, secret)
            return Call(method="POST", url=f"{self._url}/api/v1/auth/token", basic=basic, harmless=True, secrets=forms)
        fields = {"grant_type": "client_credentials", "client_id": self._login.name, "client_secret": secret}
        return Call(
            method="POST",
            url=self._url + path,
            body=urlencode(fields).encode(),
            content_type="application/x-www-form-urlencoded",
            accept="application/json",
            harmless=True,
            secrets=forms,
        )

    def _refused(self, call: Call, answer: Answer, secret: str) -> ActionError:
        """Wrong credentials are mended by people: until then what wants to read waits."""
        if answer.status in _REFUSALS:
            said = f"{self._caller.said(call, answer)} (look at {self._login.setting})"
            error = TransientError(said, down=True)
            self._refusal = (secret, self._monotonic() + REFUSED_FOR, error)
            return error
        if answer.status == 404:
            return NoTokens(f"{self._caller.said(call, answer)} (is this the URL of a Jamf Pro?)", down=True)
        return self._caller.refusal(call, answer)


def _is_elsewhere(answer: Answer) -> bool:
    """Whether nothing gives tokens at this address. Behind some addresses that are none a server wants a token first.

    A refusal of credentials has a word for it: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    """
    document = answer.document()
    return answer.status == 404 or (answer.status == 401 and not (document and isinstance(document.get("error"), str)))


def _life(document: JSONObject, answer: Answer) -> float:
    """Seconds from now; a time of day is compared with the clock of the server that said it."""
    seconds = document.get("expires_in")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        return min(max(float(seconds), 0.0), LONGEST_LIFE)
    expires = _moment(document.get("expires"))
    if expires is None:
        return UNSAID
    return min(max((expires - _server_time(answer)).total_seconds(), 0.0), LONGEST_LIFE)


def _moment(value: JSON) -> datetime | None:
    """ISO 8601, or in milliseconds as very old servers say it."""
    return parse_time(value) or parse_epoch(value)


def _server_time(answer: Answer) -> datetime:
    try:
        said = parsedate_to_datetime(answer.headers.get("date", ""))
    except (TypeError, ValueError, OverflowError):
        return datetime.now(UTC)
    return said.replace(tzinfo=UTC) if said.tzinfo is None else said
