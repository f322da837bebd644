"""A Jamf Pro server: its API of many versions, the Classic API beside it, and webhooks that tell what happens.

Source: https://developer.jamf.com/jamf-pro/reference
Source: https://developer.jamf.com/jamf-pro/reference/classic-api
"""

import random
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from domain.json_types import JSON
from simulators.http_server import Answer, HttpServer, Request
from simulators.jamf_definitions import Definitions, Refused
from simulators.jamf_events import EVENTS, JamfEvent, Subject
from simulators.jamf_library import HTML, Act, Build, Library, as_json, errors, is_classic, missing, page
from simulators.jamf_shapes import Record
from simulators.jamf_tokens import Account, Tokens, bearer

CLIENT = Account(name="7f9c-client", secret="client secret & more")
USER = Account(name="svc-windfall", secret="pass:word ü", is_user=True)


class JamfApi(HttpServer):
    """What ``library`` holds may be changed at will. ``forbidden`` are paths for which nobody has the privilege.

    ``most_at_once`` is how many requests were inside together; ``gate`` holds each of them up.
    """

    def __init__(
        self,
        *,
        build: Build | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        accounts: Sequence[Account] = (CLIENT, USER),
        port: int = 0,
    ) -> None:
        super().__init__(port=port)
        self.build = build or Build()
        self.catalog = Library(build=self.build)
        self.tokens = Tokens(*accounts, clock=clock, life=self.build.token_life, times=self.build.times)
        self.webhooks = Definitions(self.build.form)
        self.healthy = True
        self.forbidden: set[str] = set()
        self.most_at_once = 0
        self.gate: Callable[[], object] = lambda: None
        self._clock = clock
        self._rng = random.Random(1)
        self._inside = 0
        self._hidden: dict[str, int] = {}
        self._oddities: list[Answer] = []
        self._state = threading.RLock()

    def fire(self, name: str, *, about: Record | None = None, **fields: JSON) -> int:
        """Something happens; how many definitions tell of it. ``about`` is the device, ``fields`` replace its own."""
        computers, mobiles = (list(known.values()) for known in (self.catalog.computers, self.catalog.mobiles))
        computer, mobile = (
            (about or next(iter([*own, *others]))).fields
            for own, others in ((computers, mobiles), (mobiles, computers))
        )
        subject = Subject(computer=computer, mobile=mobile, at=self._clock(), rng=self._rng)
        event = JamfEvent(name=name, webhook_id=0, event={**EVENTS[name](subject), **fields}, at=subject.at)
        return self.webhooks.carry(event)

    def hide(self, path: str, calls: int) -> None:
        """The next ``calls`` reads of this path find nothing yet: another node has what was written."""
        with self._state:
            self._hidden[path] = calls

    def be_busy(self, calls: int = 1, *, retry_after: int = 3) -> None:
        """429 to the next calls."""
        self._oddities += [Answer(status=429, headers={**HTML, "Retry-After": str(retry_after)})] * calls

    def show_page(self, status: int, calls: int = 1) -> None:
        """The balancer before it answers the next calls with a page."""
        text = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
        self._oddities += [Answer(status=status, body=text.encode(), headers=HTML)] * calls

    def stop(self) -> None:
        self.webhooks.close()
        super().stop()

    def answer(self, request: Request) -> Answer:
        with self._state:
            self._inside += 1
            self.most_at_once = max(self.most_at_once, self._inside)
            odd = self._oddities.pop(0) if self._oddities else None
        try:
            self.gate()
            return odd or self._openly(request) or self._with_token(request)
        finally:
            with self._state:
                self._inside -= 1

    def failure(self) -> Answer:
        return page(500, "Internal Server Error")

    def _openly(self, request: Request) -> Answer | None:
        """What needs no token."""
        asked = (request.method, request.path)
        if asked == ("POST", self.build.oauth):
            given = self.tokens.to_client(request.body)
            return as_json(given) if given else as_json({"error": "invalid_client"}, status=401)
        if asked == ("POST", "/api/v1/auth/token"):
            given = self.tokens.to_user(request)
            return as_json(given) if given else errors(401, "INVALID_CREDENTIALS", "Unauthorized")
        if asked == ("GET", "/api/v1/health-check"):
            return Answer(status=204 if self.healthy else 503, headers={})
        if asked == ("GET", "/"):
            text = f'<html><head>\n  <meta name="version" content="{self.build.version}">\n</head></html>'
            return Answer(status=200, body=text.encode(), headers=HTML)
        return None

    def _with_token(self, request: Request) -> Answer:
        account = self.tokens.owner(bearer(request))
        if account is None:
            return page(401, "Unauthorized") if is_classic(request) else errors(401, "INVALID_TOKEN", "Unauthorized")
        if request.path in self.forbidden:
            return page(401, "Unauthorized") if is_classic(request) else errors(403, "INVALID_PRIVILEGE", "Forbidden")
        answer = self._route(request)
        return replace(answer, after=lambda: self._tell(request, account, answer))

    def _tell(self, request: Request, account: Account, answer: Answer) -> None:
        """Every call is an event too; whether those of the Jamf Pro API are is not known, so here they are."""
        if self.catalog.computers or self.catalog.mobiles:
            self.fire(
                "RestAPIOperation",
                authorizedUsername=account.name,
                restAPIOperationType=request.method,
                operationSuccessful=answer.status < 400,
            )

    def _route(self, request: Request) -> Answer:
        if self._is_hidden(request.path):
            return missing(request)
        for pattern, act in self._routes(request.method).items():
            match = re.fullmatch(pattern, request.path)
            if match:
                return act(request, match[1] if match.lastindex else "")
        return missing(request)

    def _routes(self, method: str) -> dict[str, Act]:
        one = r"/JSSResource/webhooks/(id/\d+|name/[^/]+)"
        if method == "GET":
            listing: Act = lambda *_: as_json(self.webhooks.listing())  # noqa: E731
            return {**self.catalog.routes(), "/JSSResource/webhooks": listing, one: self._webhook}
        if method == "POST":
            alive, void = "/api/v1/auth/keep-alive", "/api/v1/auth/invalidate-token"
            return {alive: self._keep_alive, void: self._invalidate, one: self._webhook}
        return {one: self._webhook} if method in {"PUT", "DELETE"} else {}

    def _is_hidden(self, path: str) -> bool:
        with self._state:
            left = self._hidden.get(path, 0)
            self._hidden[path] = max(left - 1, 0)
            return left > 0

    def _keep_alive(self, request: Request, _: str) -> Answer:
        given = self.tokens.keep_alive(bearer(request))
        return as_json(given) if given else errors(401, "INVALID_TOKEN", "Unauthorized")

    def _invalidate(self, request: Request, _: str) -> Answer:
        self.tokens.void(bearer(request))
        return Answer(status=204, headers={})

    def _webhook(self, request: Request, named: str) -> Answer:
        key, _, value = named.partition("/")
        number = 0
        try:
            if request.method != "POST":
                number = self.webhooks.find(key, value)
            if request.method == "GET":
                return as_json(self.webhooks.shown(number))
            if request.method == "DELETE":
                self.webhooks.remove(number)
            else:
                number = self.webhooks.save(request.body, number)
        except Refused as exc:
            return page(exc.status, str(exc))
        body = f'<?xml version="1.0" encoding="UTF-8"?><webhook><id>{number}</id></webhook>'.encode()
        return Answer(
            status=200 if request.method == "DELETE" else 201, body=body, headers={"Content-Type": "text/xml"}
        )
