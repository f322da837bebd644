"""Visits to many devices on a few threads: never two at one device at once, in the order they were asked for."""

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Visit = Callable[[], object]


@dataclass(order=True, slots=True)
class _Entry:
    due: float
    number: int
    name: str = field(compare=False)
    visit: Visit = field(compare=False)


class Rota:
    """What a visit raises is kept in ``errors`` and raised again by `settle`."""

    def __init__(self, *, workers: int) -> None:
        self.errors: list[Exception] = []
        self._entries: list[_Entry] = []
        self._busy: set[str] = set()
        self._held: dict[str, list[_Entry]] = {}
        self._number = 0
        self._closing = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"rota-{number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, name: str, visit: Visit, *, after: float = 0.0) -> None:
        """Pay ``visit`` to ``name`` in ``after`` seconds; a rota that was closed does nothing any more."""
        with self._changed:
            if self._closing:
                return
            self._number += 1
            heapq.heappush(self._entries, _Entry(time.monotonic() + after, self._number, name, visit))
            self._changed.notify()

    def settle(self, timeout: float) -> bool:
        """Wait until no visit is under way or to come; False when ``timeout`` seconds were not enough.

        Raises:
            RuntimeError: a visit failed.
        """
        with self._changed:
            done = self._changed.wait_for(lambda: not self._entries and not self._busy, timeout)
        self.check()
        return done

    def check(self) -> None:
        """Raise what a visit raised.

        Raises:
            RuntimeError: a visit failed.
        """
        if self.errors:
            raise RuntimeError("a visit failed") from self.errors[0]

    def close(self) -> None:
        """Forget the visits to come, and wait for those under way."""
        with self._changed:
            self._closing = True
            self._entries.clear()
            self._held.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (entry := self._next()) is not None:
            try:
                entry.visit()
            except Exception as exc:  # noqa: BLE001 - whatever it is, settle raises it
                self.errors.append(exc)
            with self._changed:
                self._busy.discard(entry.name)
                for held in self._held.pop(entry.name, ()):
                    heapq.heappush(self._entries, held)
                self._changed.notify_all()

    def _next(self) -> _Entry | None:
        with self._changed:
            while not self._closing:
                now = time.monotonic()
                while self._entries and self._entries[0].due <= now:
                    entry = heapq.heappop(self._entries)
                    if entry.name not in self._busy:
                        self._busy.add(entry.name)
                        return entry
                    self._held.setdefault(entry.name, []).append(entry)
                self._changed.wait(self._entries[0].due - now if self._entries else None)
            return None
