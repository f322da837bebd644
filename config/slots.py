"""A bounded number of hands per destination, and the pace of each, over all processes and machines."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import redis
from redis.lock import Lock

LEASE = 60.0
"""Seconds after which a slot is free again when the process of its holder died."""

MOST_AHEAD = 10.0
"""Seconds for which a turn may be taken ahead; one that is further off was noted before the clock was set back."""

_TURN = """
local now, gap, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local last = tonumber(redis.call('GET', KEYS[1]) or 0)
if last > now + most then last = 0 end
local turn = math.max(now, last + gap)
redis.call('SET', KEYS[1], string.format('%.0f', turn), 'PX', ARGV[4])
return turn - now
"""
"""KEYS: the pace of a slot; ARGV: now, gap, `MOST_AHEAD`, lifetime, all in milliseconds. Takes the first turn that is
``gap`` after the last one, and returns how far off it is."""


class _Script(Protocol):
    def __call__(self, *, keys: list[str], args: list[int]) -> int: ...


class Slot:
    """One of a destination's slots, ours until it is released or not renewed for as long as its lease."""

    def __init__(self, slots: "Slots", name: str, number: int) -> None:
        self._slots = slots
        self._name = f"{name}:{number}"
        self._lock = slots.lock(f"windfall:slot:{self._name}")
        self._released = threading.Event()
        self.number = number

    def take(self) -> bool:
        """False when somebody has it. Raises: redis.exceptions.RedisError."""
        return bool(self._lock.acquire())

    def keep(self) -> None:
        """Renew it from now on until it is released, however long a call takes; only with the process that ends.

        Who hangs for ever keeps it therefore, and no second one comes to hang beside him.
        """
        threading.Thread(target=self._keep, name=f"slot {self._name}", daemon=True).start()

    def _keep(self) -> None:
        while not self._released.wait(self._slots.lease / 3):
            self.renew()

    def renew(self) -> bool:
        """False when it was lost meanwhile, or Redis does not say."""
        try:
            return bool(self._lock.reacquire())
        except redis.exceptions.RedisError:
            return False

    def take_turn(self, interval: float) -> float | None:
        """Seconds until the next call may be made here, ``interval`` after the last one by whoever had this slot then.

        That time is taken with it. With 0.0 it is only noted that a call has just ended. None: Redis does not say, and
        the slot is given up.
        """
        try:
            return self._slots.take_turn(f"windfall:pace:{self._name}", interval)
        except redis.exceptions.RedisError:
            self.release()
            return None

    def release(self) -> None:
        self._released.set()
        with suppress(redis.exceptions.RedisError):
            self._lock.release()


class Slots:
    """Slots in Redis, named after what they are for.

    ``clock`` tells the time in seconds to all who use them alike: Redis' own when it is left out.
    """

    def __init__(
        self, client: "redis.Redis", *, lease: float = LEASE, clock: Callable[[], float] | None = None
    ) -> None:
        self._client = client
        self._clock = clock or self._time_of_redis
        self._turn: _Script = client.register_script(_TURN)
        self.lease = lease

    def take(self, name: str, count: int) -> Slot | None:
        """The first free one of ``count`` slots, None when all are taken. Raises: redis.exceptions.RedisError."""
        for number in range(count):
            slot = Slot(self, name, number)
            if slot.take():
                return slot
        return None

    def lock(self, key: str) -> "Lock":
        """Not taken yet."""
        lock: Lock = self._client.lock(key, timeout=self.lease, blocking=False, thread_local=False)
        return lock

    def take_turn(self, key: str, interval: float) -> float:
        """As a slot's, for the pace under ``key``. Raises: redis.exceptions.RedisError."""
        args = [int(1000 * seconds) for seconds in (self._clock(), interval, MOST_AHEAD, interval + LEASE)]
        return self._turn(keys=[key], args=args) / 1000

    def _time_of_redis(self) -> float:
        seconds, microseconds = self._client.time()
        return float(seconds + microseconds / 1e6)
