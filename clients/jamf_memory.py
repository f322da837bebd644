"""What was learned of a far end and stays true for a while: asked by one thread, remembered for all."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """Values for ``age`` seconds, at most ``most`` of them: the oldest goes. What could not be asked is not remembered,
    and neither is None: that there is nothing may be over soon.

    Two threads that miss the same one at a time both ask.
    """

    def __init__(self, age: float, *, most: int, monotonic: Callable[[], float]) -> None:
        self._age = age
        self._most = most
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key, ask: Callable[[], Value]) -> Value:
        """The value, None too if that is what was learned now. Raises: what ``ask`` raises."""
        with self._lock:
            known = self._known.get(key)
        if known is not None and self._monotonic() < known[0]:
            return known[1]
        value = ask()
        if value is not None:
            self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = (self._monotonic() + self._age, value)
            if len(self._known) > self._most:
                del self._known[next(iter(self._known))]

    def forget(self, key: Key) -> None:
        with self._lock:
            self._known.pop(key, None)
