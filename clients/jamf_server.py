"""How a Jamf Pro server is spoken to: with a token, few requests at once, and one more try when the token died.

Source: https://developer.jamf.com/developer-guide/docs/jamf-pro-api-scalability-best-practices (checked 2026-11).
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from weakref import WeakValueDictionary

from clients.answers import Answer
from clients.caller import DEADLINE, MOST_READ, Call, Caller
from clients.jamf_token import Login, Tokens
from clients.jamf_words import in_words
from domain.errors import ActionError, TransientError
from domain.json_types import JSON, JSONObject
from domain.server_url import same_server

MOST_AT_ONCE = 5
"""Requests on their way to one server, each on a connection of its own; Jamf asks for no more connections."""

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer and the call it answers."""

    call: Call
    answer: Answer

    @property
    def is_missing(self) -> bool:
        """Says the server, or a balancer before it."""
        return self.answer.status == 404


_gates: "WeakValueDictionary[str, threading.BoundedSemaphore]" = WeakValueDictionary()
_opening = threading.Lock()


def _gate_of(server: str) -> threading.BoundedSemaphore:
    """The one of this server, for as long as anybody in this process has it."""
    with _opening:
        return _gates.setdefault(server, threading.BoundedSemaphore(MOST_AT_ONCE))


class _Gated(Caller):
    """A caller that at most `MOST_AT_ONCE` threads use at a time, together with all others of this server.

    No connection is kept: others count them, however idle they are.
    """

    def __init__(self, name: str, url: str, *, deadline: float) -> None:
        super().__init__(name, deadline=deadline, keeps=False)
        self._gate = _gate_of(same_server(url))

    def call(self, call: Call) -> Answer:
        with self._gate:
            return super().call(call)


class JamfServer:
    """One server at ``url``, and at nothing else: redirects and addresses that it tells are not followed."""

    def __init__(
        self,
        url: str,
        login: Login,
        *,
        name: str,
        deadline: float = DEADLINE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url.rstrip("/")
        self._login = login
        self._caller = _Gated(name, self._url, deadline=deadline)
        self._tokens = Tokens(self._url, login, self._caller, monotonic=monotonic)

    def get(self, path: str, query: Query = (), *, most: int = MOST_READ) -> Reply:
        """The answer, whatever its status; after a 401 once more with a new token.

        Raises: TransientError, PermanentError, as `Caller.call` and `Tokens.current` say.
        """
        token = self._tokens.current()
        reply = self._ask(path, query, token, most)
        if reply.answer.status != 401:
            return reply
        self._tokens.drop(token)
        return self._ask(path, query, self._tokens.current(), most)

    def get_openly(self, path: str) -> Reply:
        """The same without a token."""
        return self._ask(path, (), "", MOST_READ)

    def _ask(self, path: str, query: Query, token: str, most: int) -> Reply:
        url = f"{self._url}{path}?{urlencode(query)}" if query else self._url + path
        accept = "application/json" if token else ""
        call = Call(method="GET", url=url, accept=accept, bearer=token, harmless=True, most=most)
        return Reply(call=call, answer=self._caller.call(call))

    def document(self, reply: Reply) -> JSONObject:
        """The documented answer. Raises: `refusal`, for anything else."""
        document = reply.answer.document() if reply.answer.status == 200 else None
        if document is None:
            raise self.refusal(reply)
        return document

    def list_in(self, reply: Reply, key: str) -> list[JSON]:
        """The same of a list. What is no list is no empty one."""
        entries = self.document(reply).get(key)
        if not isinstance(entries, list):
            raise self.refusal(reply)
        return entries

    def refusal(self, reply: Reply) -> ActionError:
        """A missing privilege is mended by people, and keeps nobody from reading what is not behind it."""
        answer = in_words(reply.answer)
        said = self._caller.said(reply.call, answer)
        if answer.status in {401, 403}:
            return TransientError(f"{said} (may {self._login.name} read this? See its API role or privileges)")
        if answer.status == 404:
            return TransientError(said)
        return self._caller.refusal(reply.call, answer)
