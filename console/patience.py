"""Asking something that may never answer: a stopped database keeps its connections open and says nothing."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Patient(Generic[Answer]):
    """Runs a function on a thread of its own. Whoever asks while it runs waits for the same answer."""

    def __init__(self, function: Callable[[], Answer]) -> None:
        self._function = function
        self._running: Future[Answer] | None = None
        self._lock = threading.Lock()

    def ask(self, seconds: float) -> Answer:
        """The function's answer. Raises: TimeoutError after so many seconds, or what the function raises."""
        with self._lock:
            if self._running is None or self._running.done():
                self._running = Future()
                # A daemon, because a process must be able to end while this waits for ever.
                threading.Thread(target=self._run, args=(self._running,), daemon=True).start()
            running = self._running
        return running.result(timeout=seconds)

    def _run(self, future: "Future[Answer]") -> None:
        try:
            future.set_result(self._function())
        except BaseException as exc:  # noqa: BLE001 - it is raised to whoever asked
            future.set_exception(exc)
