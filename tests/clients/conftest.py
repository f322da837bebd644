"""Far ends that answer as a test asks, for all clients."""

import socket
from collections.abc import Iterator

import pytest

from tests.clients.far_end import FarEnd, far_end_of, listening
from tests.clients.smtp_end import SMTPEnd


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    with far_end_of() as end:
        yield end


@pytest.fixture
def mail_end() -> Iterator[SMTPEnd]:
    end = SMTPEnd()
    with listening(end.serve) as port:
        end.port = port
        yield end
        end.over.set()


@pytest.fixture
def nobody() -> str:
    """A URL at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
