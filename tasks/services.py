"""What a task is given: connections, clocks and ids, made once per process and handed in."""

import hmac
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeAlias

from sqlalchemy import Engine

from config.inbox import Inboxes
from domain.clock import id_prefix
from tasks.setup import Setup

Wake: TypeAlias = Callable[[str], None]
"""Tells the workers that an inbox has mail, or a destination something due. A hint: it may be lost."""


def new_id(now: datetime) -> str:
    """32 hex digits that sort by time: 12 of milliseconds, 20 at random."""
    return id_prefix(now) + os.urandom(10).hex()


def keyed_fingerprint(key: bytes) -> Callable[[bytes], str]:
    """16 hex digits that tell whether two secrets are the same, and nothing else to those without the key."""

    def fingerprint(secret: bytes) -> str:
        return hmac.new(key, secret, sha256).hexdigest()[:16]

    return fingerprint


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One worker process's connections. Make it after the fork."""

    engine: Engine
    inboxes: Inboxes
    wake: Wake
    fingerprint: Callable[[bytes], str]
    setup: Setup = field(default_factory=Setup)
    wake_deliverer: Wake = field(default=lambda _: None)
    now: Callable[[], datetime] = field(default=_now)
    monotonic: Callable[[], float] = field(default=time.monotonic)
    pause: Callable[[float], None] = field(default=time.sleep)

    def wake_deliverers(self, destinations: Iterable[str]) -> None:
        """Say that something new is owed there; what a lost hint leaves, the next look for due actions finds."""
        for destination in sorted(destinations):
            self.wake_deliverer(destination)
