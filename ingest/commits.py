"""One trip for many threads: the first to come makes it for all who came while the one before was under way."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from domain.errors import CannotStore

Item = TypeVar("Item")


class _Ticket(Generic[Item]):
    """One thread's place in the queue; it waits for ``turn``, which comes when it is served or is to lead."""

    __slots__ = ("error", "item", "leads", "turn")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.turn = threading.Lock()
        self.turn.acquire()
        self.leads = False
        self.error: BaseException | None = None


class GroupCommit(Generic[Item]):
    """Collects what many threads bring into groups, and has one thread at a time make one group durable.

    There is no thread of its own: the one whose item is the oldest leads, and wakes only those it has served and the
    next leader. A condition would wake them all, each time.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], None],
        *,
        max_bytes: int,
        size: Callable[[Item], int] = len,  # type: ignore[assignment]
    ) -> None:
        """``commit`` gets up to ``max_bytes`` at once, or one longer item; it returns when they are durable."""
        self._commit = commit
        self._max_bytes = max_bytes
        self._size = size
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._queue: deque[_Ticket[Item]] = deque()
        self._busy = False
        self._closed = False

    @property
    def waiting(self) -> int:
        """Items that no group has taken yet."""
        return len(self._queue)

    @property
    def closed(self) -> bool:
        """True from the moment in which newcomers are refused."""
        return self._closed

    def submit(self, item: Item) -> None:
        """Return when the item is durable.

        Raises:
            CannotStore: `close` came first. Otherwise what the commit of its group raised.
        """
        ticket = _Ticket(item)
        with self._lock:
            if self._closed:
                raise CannotStore("the spool is closed")
            self._queue.append(ticket)
            leads = not self._busy
            self._busy = True
        if not leads:
            ticket.turn.acquire()
            leads = ticket.leads
        if leads:
            self._lead()
        if ticket.error is not None:
            raise ticket.error

    def close(self) -> None:
        """Refuse from now on, and wait until everything that came before is durable."""
        with self._lock:
            self._closed = True
            self._idle.wait_for(lambda: not self._busy)

    def _lead(self) -> None:
        """Commit one group, whose first item is the caller's own; then serve the others, and name the next leader."""
        group = self._take()
        error: BaseException | None = None
        try:
            self._commit([ticket.item for ticket in group])
        except BaseException as exc:
            error = exc if isinstance(exc, Exception) else CannotStore("interrupted")
            if not isinstance(exc, Exception):
                raise
        finally:
            for ticket in group:
                ticket.error = error
            for ticket in group[1:]:
                ticket.turn.release()
            self._hand_over()

    def _hand_over(self) -> None:
        with self._lock:
            if self._queue:
                self._queue[0].leads = True
                self._queue[0].turn.release()
            else:
                self._busy = False
                self._idle.notify_all()

    def _take(self) -> list[_Ticket[Item]]:
        """The head of the queue, at least one ticket."""
        with self._lock:
            group = [self._queue.popleft()]
            size = self._size(group[0].item)
            while self._queue and size + self._size(self._queue[0].item) <= self._max_bytes:
                group.append(self._queue.popleft())
                size += self._size(group[-1].item)
            return group
