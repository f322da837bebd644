"""The worker's Celery app: one task per event type, made from the routing table, and the beat jobs."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from celery import Celery, signals

from config.broker import deliverer_waker, make_app, waker
from config.contract import HOUSEKEEPING, ROUTES
from config.inbox import Inboxes
from config.logs import configure_logs
from config.processes import end_with_parent
from config.redis_connection import connect
from config.reporting import report_error, start_reporting
from config.settings import Settings
from state.engine import open_engine
from tasks.drain import drain
from tasks.effects import load_actions
from tasks.following import INTERVAL as FOLLOW_INTERVAL
from tasks.following import follow
from tasks.healing import (
    DUE_INTERVAL,
    IDENTIFY_INTERVAL,
    PUSH_INTERVAL,
    UNOWED_INTERVAL,
    identify,
    owe_installs,
    push_again,
    wake_due,
)
from tasks.inventory import INTERVAL as INVENTORY_INTERVAL
from tasks.inventory import refresh
from tasks.prune import INTERVAL as PRUNE_INTERVAL
from tasks.prune import prune
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tasks.setup import setup_of
from tasks.sweep import INTERVAL, sweep
from tasks.wording import load_notices
from workers.effects import add_effects

EXPIRY = 60.0
"""Seconds after which a tick of a beat job is too old to be worth doing. Beat's clock writes it and a worker's clock
reads it, so it is far above what clocks differ by."""

NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""When beat starts, everything is due: nobody waits an hour for the first list of devices."""


def create_app(settings: Settings) -> Celery:
    """Everything a worker or beat needs; connections are opened by each process for itself, after its fork."""
    load_handlers()
    load_actions()
    load_notices()
    app = make_app(settings, name="windfall")
    held: dict[str, Services] = {}
    main_process = os.getpid()

    def services() -> Services:
        if "services" not in held:
            held["services"] = open_services(settings, app)
        return held["services"]

    _add_drains(app, services)
    jobs = _add_housekeeping(app, settings, services) | add_effects(app, settings)
    app.conf.beat_schedule = {name: job | {"last_run_at": NEVER} for name, job in jobs.items()}

    @signals.setup_logging.connect(weak=False)
    def _logs(**_: Any) -> None:
        configure_logs()

    @signals.task_failure.connect(weak=False)
    def _failed(exception: BaseException, sender: Any, **_: Any) -> None:
        report_error(exception, task=sender.name)

    @signals.worker_process_init.connect(weak=False)
    def _forked(**_: Any) -> None:
        held.clear()
        end_with_parent(main_process)
        start_reporting(settings.sentry_location, process="worker")

    return app


def open_services(settings: Settings, app: Celery) -> Services:
    """Connections of one worker process. Raises: ValueError, when there is no fingerprint key."""
    key = settings.fingerprint_keys().current()
    if key is None:
        raise ValueError(
            f"no fingerprint key: put one into {settings.secrets_path / 'fingerprint-key'}, or start with `windfall up`"
        )
    return Services(
        engine=open_engine(settings.database_location),
        inboxes=Inboxes(connect(settings.redis_location)),
        wake=waker(app),
        fingerprint=keyed_fingerprint(key),
        setup=setup_of(settings),
        wake_deliverer=deliverer_waker(app),
    )


def _add_drains(app: Celery, services: Callable[[], Services]) -> None:
    def make(name: str) -> None:
        @app.task(name=name)
        def _drain(shard: int = 0) -> None:
            drain(f"{name}:{shard}", services())

    for name in ROUTES:
        make(name)


def _add_housekeeping(app: Celery, settings: Settings, services: Callable[[], Services]) -> dict[str, Any]:
    """Register the jobs; when beat should do them."""

    @app.task(name="housekeeping.sweep")
    def _sweep() -> None:
        sweep(services())

    @app.task(name="housekeeping.prune")
    def _prune() -> None:
        if prune(services(), body_days=settings.body_days):
            app.send_task("housekeeping.prune", queue=HOUSEKEEPING, ignore_result=True)

    jobs: dict[str, tuple[Callable[[Services], object], float]] = {
        "due": (wake_due, DUE_INTERVAL),
        "follow": (follow, FOLLOW_INTERVAL),
        "owe-installs": (owe_installs, UNOWED_INTERVAL),
        "push-again": (push_again, PUSH_INTERVAL),
        "identify": (identify, IDENTIFY_INTERVAL),
        "inventory": (refresh, INVENTORY_INTERVAL),
    }

    def make(name: str, job: Callable[[Services], object]) -> None:
        @app.task(name=f"{HOUSEKEEPING}.{name}")
        def _job() -> None:
            job(services())

    for name, (job, _) in jobs.items():
        make(name, job)
    intervals = {"sweep": INTERVAL, "prune": PRUNE_INTERVAL} | {name: interval for name, (_, interval) in jobs.items()}
    return {
        name: {
            "task": f"{HOUSEKEEPING}.{name}",
            "schedule": interval,
            "options": {"queue": HOUSEKEEPING, "expires": max(interval, EXPIRY)},
        }
        for name, interval in intervals.items()
    }
