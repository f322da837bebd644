"""A door's real stores, and a look into its inboxes."""

import pytest

from config.inbox import Inboxes
from domain.envelope import Envelope
from ingest.publisher import Publisher
from ingest.spool import Spool


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
