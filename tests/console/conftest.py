"""A console on the real stores, and events in them."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import Engine

from config.inbox import Inboxes
from config.settings import Settings
from console.app import create_app
from console.cli import windfall
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tests.databases import location_of

load_handlers()

TOKEN = "an-api-token"
SECRETS = {"micromdm": "micro-secret", "nanomdm": "nano-secret", "jamf": "jamf-secret"}


class RecordedWakes:
    """Takes wakes where Celery would."""

    def __init__(self) -> None:
        self.inboxes: list[str] = []

    def __call__(self, inbox: str) -> None:
        self.inboxes.append(inbox)


@pytest.fixture
def database_location(request: pytest.FixtureRequest) -> str:
    """SQLite: how things are told does not depend on the database. What is found does; `BOTH_DATABASES` asks for it."""
    return location_of(request)


@pytest.fixture
def wakes() -> RecordedWakes:
    return RecordedWakes()


@pytest.fixture
def services(engine: Engine, redis_client: Redis, wakes: RecordedWakes) -> Services:
    """What a worker has, to put events into the stores."""
    return Services(engine=engine, inboxes=Inboxes(redis_client), wake=wakes, fingerprint=keyed_fingerprint(b"k" * 32))


@pytest.fixture
def make_settings(tmp_path: Path, redis_location: str) -> Callable[..., Settings]:
    """Settings on the test's Redis with three senders on; more on top."""

    def make(**more: Any) -> Settings:
        senders = {name: {"kind": name, "secrets": secret} for name, secret in SECRETS.items()}
        given = {"home": tmp_path / "home", "redis_url": redis_location, "api_token": TOKEN, "senders": senders}
        return Settings(**{**given, **more})

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_location: str, redis_client: Redis) -> Settings:
    return make_settings(database_url=database_location)


@pytest.fixture
def open_app() -> Iterator[Callable[..., Flask]]:
    """Makes consoles, and closes what they opened."""
    opened: list[Flask] = []

    def make(settings: Settings) -> Flask:
        opened.append(create_app(settings))
        return opened[-1]

    yield make
    for app in opened:
        app.extensions["windfall.stores"].close()


@pytest.fixture
def client(open_app: Callable[..., Flask], settings: Settings) -> FlaskClient:
    """Somebody who has the token."""
    return with_token(open_app(settings))


@pytest.fixture
def run_windfall(tmp_path: Path, redis_location: str, redis_client: Redis) -> Callable[..., Result]:
    """`windfall` with arguments, in this process; upper-case keywords are settings."""

    def run(*arguments: str, stdin: str | None = None, **settings: str) -> Result:
        environment = {f"WINDFALL_{name}": value for name, value in settings.items()}
        secrets = {f"WINDFALL_SENDER_{name.upper()}_SECRETS": secret for name, secret in SECRETS.items()}
        common = {"WINDFALL_HOME": str(tmp_path / "home"), "WINDFALL_REDIS_URL": redis_location}
        return CliRunner().invoke(windfall, arguments, input=stdin, env={**common, **secrets, **environment})

    return run


@pytest.fixture
def silent_server() -> Iterator[str]:
    """HOST:PORT of something that takes connections and never says a word, as a stopped server does."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def with_token(app: Flask, token: str = TOKEN) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client
