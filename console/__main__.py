"""`python -m console`: granian with the console; and, in its worker, the app itself."""

import sys

from flask import Flask
from granian.constants import Interfaces
from granian.server import Server

from config.loading import SettingsError, load_settings
from config.logs import configure_logs
from config.processes import end_with_parent
from config.reporting import start_reporting
from console.app import create_app

THREADS = 4
"""Requests at the same time; people and one Prometheus need few."""


def build() -> Flask:
    """What granian's worker serves; called in the worker."""
    configure_logs()
    end_with_parent()
    settings = load_settings()
    start_reporting(settings.sentry_location, process="console")
    return create_app(settings)


def main() -> None:
    configure_logs()
    try:
        settings = load_settings()
    except SettingsError as exc:
        sys.exit(f"windfall: the configuration is wrong\n{exc}")
    host, _, port = settings.console_bind.rpartition(":")
    Server(
        "console.__main__:build",
        factory=True,
        address=host.strip("[]"),
        port=int(port),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        log_access=False,
        respawn_failed_workers=True,
        websockets=False,
    ).serve()


if __name__ == "__main__":
    main()
