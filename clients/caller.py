"""One HTTP request within one deadline, and what its outcome means: answered, try again, or nobody knows."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from ssl import SSLError
from urllib.parse import quote, urlsplit

from requests import PreparedRequest, Request, RequestException, Response
from urllib3.exceptions import HTTPError

from clients.answers import Answer, showable
from clients.deadline import attempt
from clients.transport import Transport
from clients.trouble import beneath, reason
from domain.errors import ActionError, OutcomeUnknown, PermanentError, TransientError

DEADLINE = 15.0
"""Seconds for one attempt, from the look-up of the name to the last byte of the answer."""

MOST_READ = 1024 * 1024
"""Bytes of an answer, where the call says nothing else."""

QUIET = frozenset({429, 503})
"""The far end is away, or asks for quiet. https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4 (checked 2026-11)."""

EARLY = frozenset({408, 425})
"""It has not taken the request in."""

GATEWAY = frozenset({502, 504, *range(520, 525)})
"""A proxy has had no answer from behind it, which may have done the work all the same. 520 to 524 are Cloudflare's:
https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/ (checked 2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. ``basic`` is user and password, ``bearer`` a token instead.

    They and ``secrets`` are taken out of whatever the far end says.
    ``harmless`` means that doing it twice is as good as once: a lost answer is then a failure like any other.
    """

    method: str
    url: str
    body: bytes = b""
    content_type: str = "application/json"
    accept: str = ""
    basic: tuple[str, str] | None = None
    bearer: str = field(default="", repr=False)
    harmless: bool = False
    most: int = MOST_READ
    secrets: tuple[str, ...] = ()

    def headers(self) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "User-Agent": "Windfall"}
        if self.accept:
            headers["Accept"] = self.accept
        if self.body:
            headers["Content-Type"] = self.content_type
        return headers

    def all_secrets(self) -> Iterator[str]:
        yield from self.secrets
        yield self.bearer
        if self.basic:
            yield from (self.basic[1], quote(self.basic[1], safe=""), _token(self.basic))


class _TooMuch(Exception):
    """The answer is longer than the call allows."""


class Caller:
    """Speaks to one far end; any number of threads may. Messages name it as ``name``, with its host.

    Without ``keeps`` no connection stays open after its answer.
    """

    def __init__(
        self,
        name: str,
        *,
        deadline: float = DEADLINE,
        keeps: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._name = name
        self._deadline = deadline
        self._now = now
        self._transport = Transport(keeps=keeps)

    def call(self, call: Call) -> Answer:
        """The answer, whatever its status.

        Raises:
            PermanentError: this can never be sent, or (to a harmless call) the answer is longer than it may be.
            TransientError: nothing of the request has left; or it was harmless, and no full answer came.
            OutcomeUnknown: it has left at least in part, and no full answer came.
        """
        with attempt(self._deadline) as current:
            try:
                return self._exchange(call)
            except (RequestException, HTTPError, HTTPException, OSError, ValueError, _TooMuch) as exc:
                # Requests' own errors quote the URL: the chain goes on from what lies beneath them.
                raise self._failure(call, exc, sent=current.sent) from beneath(exc)

    def refusal(self, call: Call, answer: Answer) -> ActionError:
        """The error that a status stands for, where the vendor's documents give it no meaning of its own."""
        said = self.said(call, answer)
        after = answer.retry_after(self._now())
        status = answer.status
        if status in QUIET:
            return TransientError(said, retry_after=after, down=True)
        if status in EARLY:
            return TransientError(said, retry_after=after)
        if 200 <= status < 300:
            return _lost(call, f"{said} (not its documented answer: does a proxy answer in its place?)", down=True)
        if status >= 500:
            return _lost(call, said, retry_after=after, down=status in GATEWAY)
        if 300 <= status < 400:
            return PermanentError(f"{said} (it redirects: give the URL that it redirects to)")
        return PermanentError(said)

    def said(self, call: Call, answer: Answer) -> str:
        """Who answered what, fit to be shown."""
        told = showable(answer.words(), call.all_secrets())
        return f"{self.place(call)} answered {answer.status}" + (f": {told}" if told else "")

    def place(self, call: Call) -> str:
        """The far end's name with host and port, and nothing else of its URL."""
        try:
            host = urlsplit(call.url).netloc.rpartition("@")[2]
        except ValueError:
            host = ""
        return f"{self._name} ({showable(host)})" if host else self._name

    def _exchange(self, call: Call) -> Answer:
        def sign(request: PreparedRequest) -> PreparedRequest:
            if call.basic:
                request.headers["Authorization"] = f"Basic {_token(call.basic)}"
            elif call.bearer:
                request.headers["Authorization"] = f"Bearer {call.bearer}"
            return request

        auth = sign if call.basic or call.bearer else None
        request = Request(call.method, call.url, headers=call.headers(), data=call.body, auth=auth).prepare()
        response = self._transport.send(request, stream=True)
        body = _read(response, call.most)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=headers, body=body)

    def _failure(self, call: Call, exc: Exception, *, sent: bool) -> ActionError:
        place = self.place(call)
        if isinstance(exc, _TooMuch):
            told = f"{place} answered with more than {call.most} bytes"
            return PermanentError(told) if call.harmless else OutcomeUnknown(told)
        if sent:
            return _lost(call, f"{place} was sent the request and did not answer in full: {reason(exc)}", down=True)
        if isinstance(exc, ValueError) and not isinstance(exc, SSLError):
            return PermanentError(f"{place}: the URL or a header cannot be sent ({type(exc).__name__})")
        return TransientError(f"{place} cannot be reached: {reason(exc)}", down=True)


def _token(basic: tuple[str, str]) -> str:
    return base64.b64encode(":".join(basic).encode()).decode()


def _read(response: Response, most: int) -> bytes:
    """The body as it comes. Only after its last byte another request may have the connection."""
    body = bytearray()
    try:
        for chunk in response.raw.stream(64 * 1024, decode_content=False):
            body += chunk
            if len(body) > most:
                break
        else:
            response.raw.release_conn()
            return bytes(body)
    finally:
        response.raw.close()
    raise _TooMuch


def _lost(call: Call, message: str, *, retry_after: float | None = None, down: bool) -> TransientError:
    kind = TransientError if call.harmless else OutcomeUnknown
    return kind(message, retry_after=retry_after, down=down)
