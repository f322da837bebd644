"""The console as a Flask app: the JSON API and the metrics. Private, unlike the front door."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sentry_sdk
import structlog
from flask import Flask, Response, jsonify, request
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException

from config.broker import make_app, waker
from config.settings import Settings
from console.api import Reader, create_api, demand_token
from console.api_orders import Orders
from console.metrics import CONTENT_TYPE, StoresCollector, render_metrics
from console.replay import Replayer
from console.stores import Stores, redis_words
from domain.errors import BadCommand, BadQuery, CannotReplay, CannotRetry, CannotSend, DatabaseAway, UnknownDevice

log = structlog.get_logger()


def create_app(settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Flask:
    """Nothing is connected before the first request."""
    app = Flask("console", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    stores = Stores(settings=settings)
    wake = waker(make_app(settings, name="windfall.console", brisk=True))
    replayer = Replayer(engine=stores.engine, inboxes=stores.inboxes, wake=wake)
    collector = StoresCollector(stores, now)
    tokens = settings.api_tokens()

    @app.before_request
    def guard() -> None:
        """Also where there is nothing: without the token nobody learns what exists."""
        if request.path == "/api" or request.path.startswith("/api/"):
            demand_token(tokens)

    @app.get("/")
    def root() -> Response:
        """For whoever opens the address that the banner names; what the API has, it tells who has the token."""
        return jsonify(api="/api/", metrics="/metrics", authorization="Bearer <API token>, for the API")

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(render_metrics(collector), content_type=CONTENT_TYPE)

    app.extensions["windfall.stores"] = stores
    orders = Orders(stores=stores, replayer=replayer, now=now)
    app.register_blueprint(create_api(Reader(stores=stores, now=now), orders))
    app.register_error_handler(Exception, _answer)
    return app


def _answer(exc: Exception) -> Any:
    """Whatever goes wrong is an answer in JSON."""
    if isinstance(exc, HTTPException):
        response = _error(exc.code or 500, exc.description or exc.name)
        response.headers.extend((name, value) for name, value in exc.get_headers() if name == "Allow")
        if exc.code == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response
    for kind, status, words in _ANSWERS:
        if isinstance(exc, kind):
            return _error(status, words(exc))
    log.error("request_failed", error=type(exc).__name__, exc_info=exc)
    sentry_sdk.capture_exception(exc)
    return _error(500, "unexpected error; the console's log says more")


_ANSWERS: tuple[tuple[type[Exception], int, Callable[[Any], str]], ...] = (
    (BadQuery, 400, str),
    (BadCommand, 400, str),
    (UnknownDevice, 404, str),
    (CannotReplay, 409, str),
    (CannotRetry, 409, str),
    (CannotSend, 409, str),
    (DatabaseAway, 503, lambda exc: f"the database does not answer: {exc}"),
    (RedisError, 503, lambda exc: f"Redis is away: {redis_words(exc)}"),
)


def _error(status: int, text: str) -> Response:
    response = jsonify(error=text)
    response.status_code = status
    return response
