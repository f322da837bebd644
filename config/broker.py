"""Celery, as a doorbell: its messages say only "you have mail", so losing one loses nothing.

Every setting is here for a reason; docs/decisions/celery.md has them all.
"""

from collections.abc import Callable
from typing import Any

import structlog
from celery import Celery
from kombu.entity import Queue
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from config.contract import DELIVER, EFFECTS, EVENT_QUEUES, HOUSEKEEPING, ROUTES, task_of_inbox
from config.settings import Settings

log = structlog.get_logger()

TIME_LIMIT = 25
"""Seconds after which a drain is killed; below the inbox lease, so that a successor never meets a drain that hangs."""

_COMMON: dict[str, Any] = {
    # Never pickle; never a result.
    "task_serializer": "json",
    "accept_content": ["json"],
    "result_backend": None,
    "task_ignore_result": True,
    # A typo must raise, not fill a queue that nobody reads.
    "task_create_missing_queues": False,
    "task_default_queue": HOUSEKEEPING,
    # A wake is a hint: acknowledged early, never retried; the sweep finds what a lost one leaves.
    "task_acks_late": False,
    "task_publish_retry": False,
    "task_time_limit": TIME_LIMIT,
    "worker_prefetch_multiplier": 1,
    # Its socket is what notices that Redis was restarted.
    "worker_enable_remote_control": True,
    "worker_send_task_events": False,
    "worker_hijack_root_logger": False,
    "worker_max_memory_per_child": 400_000,  # KiB
    # Seconds until a dead child's task counts as lost; no result of it is awaited.
    "worker_lost_wait": 1.0,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_channel_error_retry": True,
    "enable_utc": True,
    "timezone": "UTC",
}

_TRANSPORT: dict[str, Any] = {
    "global_keyprefix": "windfall:celery:",
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
_PATIENT = {"socket_connect_timeout": 2, "socket_timeout": 5}
_BRISK = {"socket_connect_timeout": 0.5, "socket_timeout": 1}


def make_app(settings: Settings, *, name: str, brisk: bool = False) -> Celery:
    """A Celery app on our queues; ``brisk`` is for the front door, which would rather lose a wake than wait."""
    app = Celery(name, broker=settings.broker_location, set_as_current=not brisk)
    app.conf.update(_COMMON)
    app.conf.update(
        task_queues=[_queue(name) for name in (*EVENT_QUEUES, HOUSEKEEPING, EFFECTS)],
        task_routes={task: {"queue": queue} for task, queue in ROUTES.items()},
        broker_transport_options={**_TRANSPORT, **(_BRISK if brisk else _PATIENT)},
        broker_connection_timeout=0.5 if brisk else 4,
    )
    return app


def _queue(name: str) -> Any:
    """A plain queue, published to by its name: nothing is bound that could be flushed away."""
    return Queue(name, routing_key=name)  # type: ignore[no-untyped-call]


def waker(app: Celery) -> Callable[[str], None]:
    """A function that wakes an inbox's drain; a wake that cannot be sent is left to the sweep."""

    def wake(inbox: str) -> None:
        try:
            app.send_task(task_of_inbox(inbox), ignore_result=True)
        except (OperationalError, RedisError, OSError) as exc:
            log.warning("wake_not_sent", inbox=inbox, error=type(exc).__name__)

    return wake


def deliverer_waker(app: Celery) -> Callable[[str], None]:
    """A function that says that something is due at a destination; what is not said, the next look finds."""

    def wake(destination: str) -> None:
        try:
            app.send_task(DELIVER, args=[destination], queue=EFFECTS, ignore_result=True)
        except (OperationalError, RedisError, OSError) as exc:
            log.warning("wake_not_sent", destination=destination, error=type(exc).__name__)

    return wake


def ping_workers(app: Celery, *, within: float) -> list[str]:
    """Names (`worker@host`, `effects@host`) of the Celery processes that answer within so many seconds, sorted.

    Raises: OSError, when the broker is away.
    """
    try:
        return sorted(app.control.inspect(timeout=within).ping() or {})
    except OperationalError as exc:
        raise ConnectionError(str(exc)) from exc
