"""`python -m console`: granian with the console; and, in its worker, the app itself."""

from config.importing import imported  # isort: split

from flask import Flask

from config.loading import load_settings, settings_or_exit
from config.logs import configure_logs
from config.processes import end_with_parent
from config.reporting import start_reporting
from config.serving import serve, server_process
from console.app import create_app

imported()

THREADS = 4
"""Requests at the same time; people and one Prometheus need few."""


def build() -> Flask:
    """What granian's worker serves; called in the worker."""
    configure_logs()
    end_with_parent(server_process())
    settings = load_settings()
    start_reporting(settings.sentry_location, process="console")
    return create_app(settings)


def main() -> None:
    configure_logs()
    settings = settings_or_exit()
    serve("console.__main__:build", settings.console_bind, workers=1, threads=THREADS)


if __name__ == "__main__":
    main()
