"""The task: one event, one transaction; acknowledged when it is done, harmless when it is done twice."""

from functools import cache
from typing import Any

from celery import Celery
from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects.postgresql import insert

from bench.textbook import settings
from bench.textbook.schema import notifications

app = Celery("textbook", broker=settings.BROKER_URL)
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    broker_connection_retry_on_startup=True,
)


@cache
def engine() -> Engine:
    """One a process; made when first used, which is after the fork."""
    return create_engine(settings.DATABASE_URL, pool_pre_ping=False)


@app.task(name="store_notification")
def store_notification(payload: dict[str, Any]) -> None:
    """Store the notification unless it is there."""
    row = {
        "notification_id": payload["notificationId"],
        "notification_type": payload["notificationType"],
        "body": payload,
    }
    with engine().begin() as connection:
        connection.execute(
            insert(notifications).values(**row).on_conflict_do_nothing(index_elements=["notification_id"])
        )
