"""How requests reaches a far end here: over sockets with a deadline, and never over a connection gone stale."""

import logging
import time
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.response import HTTPResponse

from clients.deadline import TimedSocket, open_socket, trusting

MOST_IDLE = 4.0
"""Seconds that a connection may wait for its next request. Apache and Node.js close one after 5 by default, and a
request that meets the closing has an unknown outcome."""

MOST_KEPT = 64
"""Connections kept open per far end; more are opened when needed, and closed after use."""

# Its lines name URLs, and a chat's URL is its secret.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class _Connection(HTTPConnection):
    _idle_since = 0.0

    @property
    def is_connected(self) -> bool:
        """The pool asks before it hands out a connection again, and closes one that says no."""
        return super().is_connected and time.monotonic() - self._idle_since < MOST_IDLE

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        response = super().getresponse()
        self._idle_since = time.monotonic()
        return response

    def _new_conn(self) -> TimedSocket:
        try:
            return open_socket(self._dns_host, self.port)
        except OSError as exc:
            raise NewConnectionError(self, type(exc).__name__) from exc


class _TLSConnection(_Connection, HTTPSConnection):
    """Inside TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection

    def __init__(self, *args: Any, **options: Any) -> None:
        """One context for all its connections: to read the authorities takes longer than many a request."""
        super().__init__(*args, ssl_context=trusting(), **options)


class _Unkept(HTTPConnectionPool):
    """Closes what comes back, whether or not the far end does."""

    def _put_conn(self, conn: Any) -> None:
        if conn:
            conn.close()
        super()._put_conn(conn)


class _UnkeptPool(_Unkept, _Pool):
    """Without TLS."""


class _UnkeptTLSPool(_Unkept, _TLSPool):
    """Inside TLS."""


_KEPT = {"http": _Pool, "https": _TLSPool}
_UNKEPT = {"http": _UnkeptPool, "https": _UnkeptTLSPool}


class Transport(HTTPAdapter):
    """Sends a prepared request once: no retries, redirects, proxies, cookies or `.netrc`. Any number of threads may.

    Used without a `requests.Session`, which is what adds all those. Without ``keeps`` each request has a connection of
    its own, which is closed with the last byte of the answer.
    """

    def __init__(self, *, keeps: bool = True) -> None:
        self._keeps = keeps
        super().__init__(pool_connections=4, pool_maxsize=MOST_KEPT)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _KEPT if self._keeps else _UNKEPT

    def add_headers(self, request: PreparedRequest, **_: Any) -> None:
        if not self._keeps:
            request.headers["Connection"] = "close"

    def cert_verify(self, conn: Any, *_: object) -> None:
        """The context knows its authorities; requests would load its own into it for every connection."""
        conn.cert_reqs = "CERT_REQUIRED"
