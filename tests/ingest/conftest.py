"""A door's real stores, and a look into its inboxes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.inbox import Inboxes
from domain.envelope import Envelope
from ingest.publisher import Publisher
from ingest.spool import Spool
from tests.ingest.spools import Open, spools


@pytest.fixture
def publisher(redis_client, tmp_path):
    spool = Spool(tmp_path / "spool", max_bytes=10_000_000, min_free_bytes=0)
    inboxes = Inboxes(redis_client)
    made = Publisher(inboxes=inboxes, rescue=inboxes, spool=spool, wake=lambda inbox: None, client=redis_client)
    yield made
    made.stop()


@pytest.fixture
def stored(redis_client):
    """What is in an inbox, as envelopes."""

    def read(inbox):
        return [Envelope.read(entry.head, entry.body) for entry in Inboxes(redis_client).peek(inbox, limit=10)]

    return read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "var" / "spool"


@pytest.fixture
def open_spool(root: Path) -> Iterator[Open]:
    with spools(root) as opener:
        yield opener


@pytest.fixture
def spool(open_spool: Open) -> Spool:
    return open_spool()
