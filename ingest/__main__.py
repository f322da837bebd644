"""`python -m ingest`: granian with this app; and, in each of its workers, the app itself."""

from config.importing import imported  # isort: split

from flask import Flask

from clients.scep import ChallengeProvider
from config.broker import make_app, waker
from config.inbox import Inboxes
from config.loading import load_settings, settings_or_exit
from config.logs import configure_logs
from config.processes import end_with_parent
from config.redis_connection import connect
from config.reporting import start_reporting
from config.serving import serve, server_process
from ingest.app import create_app
from ingest.publisher import Publisher
from ingest.scep import Challenges
from ingest.spool import Spool

imported()

CONNECT_TIMEOUT, TIMEOUT = 0.5, 1.0
"""Seconds that the first request after Redis is gone waits for it."""

HOLD_LOGS = 0.2
"""Seconds that a line per delivery may wait for others."""

FREE_BYTES = 64 * 1024 * 1024
"""What the spool leaves free on its disk."""


def build() -> Flask:
    """What each granian worker serves; called in the worker."""
    configure_logs(hold=HOLD_LOGS)
    end_with_parent(server_process())
    settings = load_settings()
    start_reporting(settings.sentry_location, process="web")
    celery = make_app(settings, name="windfall.ingest", brisk=True)
    client = connect(settings.redis_location)
    publisher = Publisher(
        inboxes=Inboxes(connect(settings.redis_location, connect_timeout=CONNECT_TIMEOUT, timeout=TIMEOUT)),
        rescue=Inboxes(client),
        spool=Spool(settings.spool_path, max_bytes=settings.spool_max_bytes, min_free_bytes=FREE_BYTES),
        wake=waker(celery),
        client=client,
    )
    publisher.start()
    return create_app(settings, publisher, Challenges(settings, ChallengeProvider))


def main() -> None:
    configure_logs()
    settings = settings_or_exit()
    serve(
        "ingest.__main__:build", settings.ingest_bind, workers=settings.ingest_workers, threads=settings.ingest_threads
    )


if __name__ == "__main__":
    main()
