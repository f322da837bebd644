"""A bounded number of hands per destination, over all processes and machines."""

from contextlib import suppress

import redis
from redis.lock import Lock

LEASE = 60.0
"""Seconds after which a slot is free again when its holder died; above what one step of its work takes."""


class Slot:
    """One of a destination's slots, ours until it is released or not renewed for `LEASE` seconds."""

    def __init__(self, lock: "Lock", number: int) -> None:
        self._lock = lock
        self.number = number

    def renew(self) -> bool:
        """False when it was lost meanwhile, or Redis does not say."""
        try:
            return bool(self._lock.reacquire())
        except redis.exceptions.RedisError:
            return False

    def release(self) -> None:
        with suppress(redis.exceptions.RedisError):
            self._lock.release()


class Slots:
    """Slots in Redis, named after what they are for."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def take(self, name: str, count: int) -> Slot | None:
        """The first free one of ``count`` slots, None when all are taken. Raises: redis.exceptions.RedisError."""
        for number in range(count):
            lock = self._client.lock(
                f"windfall:slot:{name}:{number}", timeout=LEASE, blocking=False, thread_local=False
            )
            if lock.acquire():
                return Slot(lock, number)
        return None
