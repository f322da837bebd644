"""The front door as a Flask app: who is it, is it an event, store it, answer."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from config.reporting import report_error, without_path_secret
from config.secret_file import Secrets
from config.sections import SenderSettings
from config.settings import Settings
from domain.classification import Arrival, Classified, classify, quarantine_key
from domain.envelope import Envelope
from domain.errors import CannotStore, MalformedEvent, Rejected, Unauthorized, UnknownSender
from domain.kinds import KINDS
from ingest.body import announced_length, check_encoding, read_body, unpack
from ingest.knock import Headers, Knock, Signature
from ingest.publisher import Publisher
from ingest.scep import Challenges

log = structlog.get_logger()

RETRY_AFTER = 10
"""Seconds; what a sender is told when an event can be stored nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One sender's entrance: its settings, its secrets, and the module that knows its kind."""

    name: str
    settings: SenderSettings
    secrets: Secrets
    source: ModuleType
    signature: Signature | None

    def knock(self, headers: Headers, path_secret: str | None) -> Knock:
        return Knock(
            headers=headers, path_secret=path_secret, secret_header=self.settings.header, signature=self.signature
        )


def load_sources() -> Mapping[str, ModuleType]:
    """Kind → module of `sources/`; a kind without one stops the start."""
    return {kind: import_module(f"ingest.sources.{kind.replace('-', '_')}") for kind in KINDS}


def create_app(
    settings: Settings,
    publisher: Publisher,
    challenges: Challenges | None = None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Flask:
    """The door with all its senders; ``publisher`` is started by the caller. Without ``challenges`` none are given."""
    app = Flask("ingest", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would repeat the path, and with it a secret
    doors = _doors(settings)

    @app.post("/webhooks/<sender>", provide_automatic_options=False)
    @app.post("/webhooks/<sender>/<secret>", provide_automatic_options=False)
    def receive(sender: str, secret: str | None = None) -> Response:
        try:
            arrival, envelope = _taken(_door(doors, sender), secret, publisher, now())
            if challenges is not None and challenges.expected(arrival, envelope.type):
                return _challenge(arrival, challenges.answer(arrival), publisher)
            return Response(f'{{"delivery_id":"{arrival.delivery_id}"}}\n', mimetype="application/json")
        except Rejected as refusal:
            publisher.refuse(sender if sender in doors else "unknown", refusal.reason)
            log.info(
                "delivery_refused",
                sender=sender if sender in doors else None,
                status=refusal.status,
                reason=refusal.reason,
            )
            return _error(refusal.status, str(refusal))
        except CannotStore as exc:
            log.warning("delivery_not_stored", sender=sender, error=str(exc))
            response = _error(503, "this event can be stored neither in Redis nor in the spool; send it again later")
            response.headers["Retry-After"] = str(RETRY_AFTER)
            return response

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> Response:
        ready, report = publisher.readiness()
        response = jsonify(report)
        response.status_code = 200 if ready else 503
        return response

    app.register_error_handler(Exception, _unexpected)
    return app


def _doors(settings: Settings) -> Mapping[str, Door]:
    sources = load_sources()
    return {
        name: Door(
            name=name,
            settings=sender,
            secrets=settings.sender_secrets(name),
            source=sources[sender.kind],
            signature=_signature(sender),
        )
        for name, sender in settings.senders.items()
    }


def _signature(sender: SenderSettings) -> Signature | None:
    if sender.signature_header is None:
        return None
    return Signature(
        header=sender.signature_header,
        algorithm=sender.signature_algorithm,
        encoding=sender.signature_encoding,
        prefix=sender.signature_prefix or "",
    )


def _unexpected(exc: Exception) -> Any:
    """Whatever goes wrong is an answer in JSON, and is reported with what is known of the event."""
    if isinstance(exc, HTTPException):
        response = _error(exc.code or 500, exc.description or exc.name)
        response.headers.extend((name, value) for name, value in exc.get_headers() if name == "Allow")
        return response
    log.error("delivery_failed", error=type(exc).__name__, exc_info=exc)
    report_error(
        exc, url=without_path_secret(request.path), sender=(request.view_args or {}).get("sender"), **g.get("event", {})
    )
    return _error(500, "unexpected error")


def _error(status: int, text: str) -> Response:
    response = jsonify(error=text)
    response.status_code = status
    return response


def _door(doors: Mapping[str, Door], name: str) -> Door:
    door = doors.get(name)
    if door is None or not door.secrets.accepted():
        raise UnknownSender("there is no such sender, or it has no secret and is therefore off")
    return door


def _taken(
    door: Door, path_secret: str | None, publisher: Publisher, received_at: datetime
) -> tuple[Arrival, Envelope]:
    """The event, when it is stored. Raises: Rejected, CannotStore."""
    environ, headers = request.environ, request.headers
    encoding = check_encoding(environ.get("HTTP_CONTENT_ENCODING"))
    arrival = Arrival(
        delivery_id=os.urandom(16).hex(),
        sender=door.name,
        kind=door.settings.kind,
        content_type=headers.get("Content-Type", ""),
        remote_addr=environ.get("REMOTE_ADDR", ""),
        body=_body(door, door.knock(headers, path_secret), environ),
        received_at=received_at,
    )
    try:
        arrival = replace(arrival, body=unpack(arrival.body, encoding, door.source.MAX_BODY))
        envelope = arrival.envelope(classify(arrival))
    except MalformedEvent as exc:
        _quarantine(arrival, str(exc), publisher)
        raise
    g.event = {"event_id": arrival.delivery_id, "type": envelope.type}
    stored = publisher.publish(envelope)
    log.info("delivery_stored", sender=door.name, type=envelope.type, delivery_id=arrival.delivery_id, stored=stored)
    return arrival, envelope


def _challenge(arrival: Arrival, challenge: bytes | None, publisher: Publisher) -> Response:
    """The challenge and nothing else. Without one, nothing at all: Jamf Pro would take any text of a 2xx for it."""
    response = Response(challenge, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    if challenge is None:
        publisher.refuse(arrival.sender, "no_challenge")
        response.status_code = 502
        del response.headers["Content-Type"]
    return response


def _body(door: Door, knock: Knock, environ: Mapping[str, Any]) -> bytes:
    """The body, as it came, of a sender that may come in. Raises: Unauthorized, BodyTooLarge."""
    limit: int = door.source.MAX_BODY
    secrets = door.secrets.accepted()
    signed = hasattr(door.source, "signs") and door.source.is_signed(knock)
    admitted = door.source.admits(knock, secrets)
    if not admitted and not signed:
        raise Unauthorized("the secret is missing or wrong")
    length = announced_length(environ.get("CONTENT_LENGTH"), limit)
    raw = read_body(environ["wsgi.input"], limit, length=length)
    if not admitted and not door.source.signs(knock, raw, secrets):
        raise Unauthorized("the signature is wrong")
    return raw


def _quarantine(arrival: Arrival, error: str, publisher: Publisher) -> None:
    """Keep what an authenticated sender sent and we cannot read; it is answered 400 all the same."""
    try:
        publisher.publish(arrival.envelope(Classified(type="", key=quarantine_key(arrival)), error=error))
    except CannotStore as exc:
        log.warning("quarantine_full", sender=arrival.sender, error=str(exc))
