"""One fsync for many threads: the first to come writes for all who came while the one before was writing."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from domain.errors import CannotStore


class _Ticket:
    """One thread's place in the queue."""

    __slots__ = ("error", "frame", "settled")

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.settled = False
        self.error: OSError | None = None


class GroupCommit:
    """Collects frames of many threads into groups and has one thread at a time write one group.

    There is no thread of its own: of the threads that wait, whichever wakes first leads the next group, also when its
    own frame is not in it.
    """

    def __init__(self, write: Callable[[Sequence[bytes]], None], *, max_bytes: int) -> None:
        """``write`` gets up to ``max_bytes`` at once, or one longer frame; it returns when they are durable."""
        self._write = write
        self._max_bytes = max_bytes
        self._turn = threading.Condition()
        self._queue: deque[_Ticket] = deque()
        self._leading = False
        self._closed = False

    @property
    def waiting(self) -> int:
        """Frames that no group has taken yet."""
        return len(self._queue)

    @property
    def closed(self) -> bool:
        """True from the moment in which newcomers are refused."""
        return self._closed

    def submit(self, frame: bytes) -> None:
        """Return when the frame is durable.

        Raises:
            CannotStore: the write of its group failed, or `close` came first.
        """
        ticket = _Ticket(frame)
        with self._turn:
            if self._closed:
                raise CannotStore("the spool is closed")
            self._queue.append(ticket)
            while not ticket.settled:
                if self._leading:
                    self._turn.wait()
                else:
                    self._lead()
        if ticket.error is not None:
            msg = f"the spool cannot write: {ticket.error}"
            raise CannotStore(msg) from ticket.error

    def close(self) -> None:
        """Refuse from now on, and wait until everything that came before is written."""
        with self._turn:
            self._closed = True
            self._turn.wait_for(lambda: not self._leading and not self._queue)

    def _lead(self) -> None:
        """Write one group with the lock released, then tell everybody."""
        group = self._take()
        error: OSError | None = OSError("interrupted")  # stands when ``write`` is left by anything but an OSError
        self._leading = True
        self._turn.release()
        try:
            self._write([ticket.frame for ticket in group])
            error = None
        except OSError as exc:
            error = exc
        finally:
            self._turn.acquire()
            self._leading = False
            for ticket in group:
                ticket.settled, ticket.error = True, error
            self._turn.notify_all()

    def _take(self) -> list[_Ticket]:
        """The head of the queue, at least one ticket."""
        group = [self._queue.popleft()]
        size = len(group[0].frame)
        while self._queue and size + len(self._queue[0].frame) <= self._max_bytes:
            group.append(self._queue.popleft())
            size += len(group[-1].frame)
        return group
