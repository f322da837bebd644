"""One HTTP request as a sender makes it, and what came back: what every simulated sender has in common."""

import base64
import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

Timeout = float | tuple[float, float]
"""Seconds: for each of connecting and reading, or (connecting, reading)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request to make.

    ``identifier`` finds the event again at the far end: the sender's own id, else the SHA-256 of the body in hex.
    ``event_type`` is the topic, notificationType or webhookEvent.
    """

    identifier: str
    event_type: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one attempt came to; ``status`` is None and ``error`` says why when no HTTP answer arrived.

    Without an answer the far end may have kept the event all the same.
    """

    identifier: str
    event_type: str
    body_sha256: str
    attempt: int
    status: int | None
    error: str
    duration_s: float

    @property
    def acknowledged(self) -> bool:
        """The far end said 200: from here on the event is its own to lose."""
        return self.status == 200


class Poster:
    """Posts deliveries over kept-alive connections, one session per thread.

    Proxies and ``.netrc`` of the environment are not used, and a redirect is an answer rather than an instruction: a
    simulator talks to the URL it was given and to nothing else.
    """

    def __init__(self, *, timeout: Timeout) -> None:
        self._timeout = timeout
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()

    def post(self, delivery: Delivery, *, attempt: int = 1) -> Result:
        """Make one attempt. Never raises for the network's sake; the error's class is named, never its text (URLs)."""
        status, error = None, ""
        started = time.perf_counter()
        try:
            request = requests.Request("POST", delivery.url, headers=dict(delivery.headers), data=delivery.body)
            answer = self._session().send(request.prepare(), timeout=self._timeout, allow_redirects=False)
            status = answer.status_code
        except (requests.RequestException, OSError, ValueError) as exc:
            error = type(exc).__name__
        return Result(
            identifier=delivery.identifier,
            event_type=delivery.event_type,
            body_sha256=sha256_hex(delivery.body),
            attempt=attempt,
            status=status,
            error=error,
            duration_s=time.perf_counter() - started,
        )

    def close(self) -> None:
        """Close every thread's connections; call it when no thread posts any more."""
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session


def sha256_hex(body: bytes) -> str:
    """The name of an event that carries no id of its own."""
    return hashlib.sha256(body).hexdigest()


def basic(user: str, password: str) -> str:
    """The value of a Basic ``Authorization`` header, in UTF-8."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def split_credentials(url: str) -> tuple[str, dict[str, str]]:
    """The URL without ``user:password@``, and the header that Go's HTTP client makes of them (empty without any).

    Source: https://pkg.go.dev/net/http#Client.Do
    """
    parts = urlsplit(url)
    if parts.username is None:
        return url, {}
    host = parts.netloc.rpartition("@")[2]
    header = basic(unquote(parts.username), unquote(parts.password or ""))
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": header}
