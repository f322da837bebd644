"""A receiver of webhooks: keeps every JSON document that is posted to it."""

import json
from dataclasses import dataclass
from typing import Any

from simulators.http_server import Answer, HttpServer, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A document that was taken, and the headers it came with (names in lower case)."""

    path: str
    headers: dict[str, str]
    body: bytes
    document: Any


class JsonSink(HttpServer):
    """Takes JSON at any path and answers ``status``; 400 for anything else."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(port=port)
        self.received: list[Received] = []
        self.status = 200

    def answer(self, request: Request) -> Answer:
        try:
            document = json.loads(request.body)
        except ValueError:
            return Answer(status=400, body=b"not JSON\n")
        if self.status < 300:
            self.received.append(
                Received(path=request.path, headers=dict(request.headers), body=request.body, document=document)
            )
        return Answer(status=self.status, body=b"ok")
