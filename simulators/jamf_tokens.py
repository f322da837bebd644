"""How a Jamf Pro server lets callers in: an API client's secret or a user's password buys a token that dies soon.

Source: https://developer.jamf.com/jamf-pro/docs/client-credentials
Source: https://developer.jamf.com/jamf-pro/reference/post_v1-auth-token
"""

import secrets
import threading
from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from domain.json_types import JSON, JSONObject
from simulators.http_server import Request

TIMES = ("fraction", "seconds", "milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who may come in. ``is_user``: with Basic credentials, and a token that can be kept alive."""

    name: str
    secret: str
    is_user: bool = False


class Tokens:
    """The tokens that were given out. ``life`` is in seconds, ``times`` one of `TIMES`: how an end is written."""

    def __init__(self, *accounts: Account, clock: Callable[[], datetime], life: float, times: str = "fraction") -> None:
        self.accounts = {account.name: account for account in accounts}
        self.life = life
        self.given = 0
        self._clock = clock
        self._times = times
        self._lock = threading.Lock()
        self._good: dict[str, tuple[Account, datetime]] = {}

    def to_client(self, body: bytes) -> JSONObject | None:
        """For a form with an API client's credentials; None when they are wrong."""
        fields = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
        account = self.accounts.get(fields.get("client_id", ""))
        is_right = account is not None and not account.is_user and account.secret == fields.get("client_secret")
        if account is None or not is_right or fields.get("grant_type") != "client_credentials":
            return None
        token, _ = self._give(account)
        return {
            "access_token": token,
            "scope": "api-role:4 api-role:9",
            "token_type": "Bearer",
            "expires_in": int(self.life),
        }

    def to_user(self, request: Request) -> JSONObject | None:
        """For Basic credentials."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except (Error, UnicodeDecodeError):
            return None
        account = self.accounts.get(name)
        if scheme.lower() != "basic" or account is None or not account.is_user or account.secret != password:
            return None
        return self._pair(account)

    def keep_alive(self, token: str) -> JSONObject | None:
        """A new one for a user's; the old one is void."""
        account = self.owner(token)
        if account is None or not account.is_user:
            return None
        self.void(token)
        return self._pair(account)

    def void(self, token: str) -> None:
        with self._lock:
            self._good.pop(token, None)

    def void_all(self) -> None:
        """As a restart does."""
        with self._lock:
            self._good.clear()

    def owner(self, token: str) -> Account | None:
        """Whose token it is; None when it is unknown or dead."""
        with self._lock:
            account, end = self._good.get(token, (None, None))
        return account if end is not None and self._clock() < end else None

    def _pair(self, account: Account) -> JSONObject:
        token, end = self._give(account)
        written: JSON = int(end.timestamp() * 1000)
        if self._times != "milliseconds":
            timespec = "milliseconds" if self._times == "fraction" else "seconds"
            written = f"{end.replace(tzinfo=None).isoformat(timespec=timespec)}Z"
        return {"token": token, "expires": written}

    def _give(self, account: Account) -> tuple[str, datetime]:
        token, end = f"eyJ{secrets.token_urlsafe(40)}", self._clock() + timedelta(seconds=self.life)
        with self._lock:
            self.given += 1
            self._good[token] = (account, end)
        return token, end


def bearer(request: Request) -> str:
    """The token that a request shows, or an empty text."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""
