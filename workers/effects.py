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
from tasks.resync import INTERVAL as RESYNC_INTERVAL
from tasks.resync import resync
from workers.setup import outside_of

RESYNC = "effects.resync"


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

    return {
        f"resync-{name}": {
            "task": RESYNC,
            "args": [name],
            "schedule": RESYNC_INTERVAL,
            "options": {"queue": EFFECTS, "expires": RESYNC_INTERVAL},
        }
        for name, sender in settings.senders.items()
        if sender.kind == "micromdm" and sender.url
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
