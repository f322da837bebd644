"""The effects side of the Celery app: tasks that reach out, on threads, because they mostly wait."""

import threading
import time
from typing import Any

from celery import Celery

from config.broker import deliverer_waker
from config.contract import DELIVER, EFFECTS
from config.redis_connection import connect
from config.settings import Settings
from config.slots import Slots
from state.engine import open_engine
from tasks.deliver import Deliverer, deliver
from tasks.jamf_reconcile import reconcile
from tasks.resync import INTERVAL as RESYNC_INTERVAL
from tasks.resync import resync
from tasks.setup import jamf_readable
from workers.setup import outside_of

RESYNC = "effects.resync"
RECONCILE = "effects.jamf_reconcile"

LOOK_INTERVAL = 60.0
"""Seconds between two looks whether a Jamf Pro is due to be read: by its last round, not by the start of beat."""


def add_effects(app: Celery, settings: Settings) -> dict[str, Any]:
    """Register the tasks; what beat should do for them."""
    held: list[Deliverer] = []
    opening = threading.Lock()

    def deliverer() -> Deliverer:
        with opening:
            if not held:
                held.append(open_deliverer(settings, app))
            return held[0]

    @app.task(name=DELIVER)
    def _deliver(destination: str) -> None:
        deliver(destination, deliverer())

    @app.task(name=RESYNC)
    def _resync(sender: str) -> None:
        resync(sender, deliverer().outside, deliverer().wake)

    @app.task(name=RECONCILE)
    def _reconcile(sender: str) -> None:
        if seconds := every.get(sender):
            reconcile(sender, deliverer(), every=seconds)

    servers = [name for name, sender in settings.senders.items() if sender.kind == "micromdm" and sender.url]
    every = {name: settings.senders[name].reconcile_every for name in jamf_readable(settings)}
    return {f"resync-{name}": _job(RESYNC, name, RESYNC_INTERVAL) for name in servers} | {
        f"jamf-reconcile-{name}": _job(RECONCILE, name, LOOK_INTERVAL) for name, seconds in every.items() if seconds
    }


def _job(task: str, sender: str, seconds: float) -> dict[str, Any]:
    return {
        "task": task,
        "args": [sender],
        "schedule": seconds,
        "options": {"queue": EFFECTS, "expires": seconds},
    }


def open_deliverer(settings: Settings, app: Celery) -> Deliverer:
    """Connections of one effects process, shared by its threads."""
    engine = open_engine(settings.database_location, threads=settings.effects_threads)
    return Deliverer(
        outside=outside_of(settings, engine),
        slots=Slots(connect(settings.redis_location)),
        wake=deliverer_waker(app),
        monotonic=time.monotonic,
        pause=time.sleep,
    )
