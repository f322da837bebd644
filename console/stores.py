"""What the console reads from: the settings, Redis and the database. Nothing is connected before it is used."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from redis.exceptions import RedisError

from config.broker import deliverer_waker, make_app
from config.inbox import Inboxes
from config.redis_connection import connect
from config.settings import Settings
from state.engine import open_engine
from state.queries import Engine
from tasks.setup import Setup, setup_of

CONNECT_TIMEOUT, TIMEOUT = 1.0, 2.0
"""Seconds that people wait to hear that Redis is away."""


@dataclass(frozen=True, kw_only=True)
class Stores:
    """One console process's connections; safe to use from many threads."""

    settings: Settings
    # Seconds in which a worker must answer.
    patience: float = 1.0

    @cached_property
    def engine(self) -> Engine:
        return open_engine(self.settings.database_location)

    @cached_property
    def redis(self) -> Any:
        return connect(self.settings.redis_location, connect_timeout=CONNECT_TIMEOUT, timeout=TIMEOUT)

    @cached_property
    def setup(self) -> Setup:
        """What people configured that decisions depend on."""
        return setup_of(self.settings)

    @cached_property
    def inboxes(self) -> Inboxes:
        return Inboxes(self.redis)

    @cached_property
    def wake_deliverer(self) -> Callable[[str], None]:
        """Says that something is due at a destination."""
        return deliverer_waker(make_app(self.settings, name="windfall.console", brisk=True))

    def close(self) -> None:
        self.redis.close()
        self.engine.dispose()


def redis_words(exc: RedisError | OSError) -> str:
    """Why Redis is away, in one line."""
    return str(exc).strip().partition("\n")[0] or type(exc).__name__
