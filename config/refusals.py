"""Requests that the front door refused, by sender and reason: counted there, kept in Redis, shown by the console."""

from collections.abc import Mapping
from typing import Any

_KEY = "windfall:refused"


def add_refusals(client: Any, counts: Mapping[tuple[str, str], int]) -> None:
    """Add (sender, reason) → count. Raises: redis.exceptions.RedisError, then nothing or a part of it was added."""
    pipeline = client.pipeline(transaction=True)
    for (sender, reason), count in counts.items():
        pipeline.hincrby(_KEY, f"{sender}|{reason}", count)
    pipeline.execute()


def read_refusals(client: Any) -> dict[tuple[str, str], int]:
    """(sender, reason) → count, since Redis was set up."""
    found = {}
    for field, count in client.hgetall(_KEY).items():
        sender, _, reason = field.decode().partition("|")
        found[(sender, reason)] = int(count)
    return found
