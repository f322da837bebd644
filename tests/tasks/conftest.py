from dataclasses import dataclass, field

import pytest

from config.inbox import Inboxes
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint

load_handlers()


@dataclass
class RecordedWakes:
    inboxes: list[str] = field(default_factory=list)

    def __call__(self, inbox: str) -> None:
        self.inboxes.append(inbox)


@pytest.fixture
def wakes():
    return RecordedWakes()


@pytest.fixture
def services(engine, redis_client, wakes):
    return Services(engine=engine, inboxes=Inboxes(redis_client), wake=wakes, fingerprint=keyed_fingerprint(b"k" * 32))
