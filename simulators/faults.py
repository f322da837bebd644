"""What can go wrong with a server, switched on and off while it runs, from any thread."""

import threading
from dataclasses import dataclass
from enum import StrEnum


class Down(StrEnum):
    """The ways a whole server can be unwell."""

    REFUSING = "refusing"
    """Nothing listens: connections are refused, and those there were are cut."""
    SILENT = "silent"
    """Requests are taken and never answered, nor acted upon."""
    DRIPPING = "dripping"
    """The answer's header comes a byte at a time and never ends."""
    ERROR = "error"
    """500 to everything."""
    UNAVAILABLE = "unavailable"
    """503 with ``Retry-After`` to everything."""


class Slip(StrEnum):
    """The ways a single call can go wrong."""

    ERROR_FIRST = "error first"
    """The server's own error; nothing was done."""
    REPLY_LOST = "reply lost"
    """It was done, and the connection is reset instead of an answer."""
    REPLY_HANGS = "reply hangs"
    """It was done, and no answer ever comes."""


@dataclass(slots=True, kw_only=True)
class _Planned:
    slip: Slip
    left: int
    path: str


class Faults:
    """How a server fares at present. ``over`` is set when the present state has ended: whoever hangs then lets go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        self.down: Down | None = None
        self.retry_after_s = 30
        self.drip_s = 1.0
        self.over = threading.Event()

    def become(self, down: Down | None) -> None:
        """From now on ``down``, or well with None."""
        with self._lock:
            ended, self.over, self.down = self.over, threading.Event(), down
        ended.set()

    def error_before_storing(self, calls: int = 1, *, path: str = "") -> None:
        """The next ``calls`` whose path contains ``path`` get the server's own error and have no effect."""
        self._plan(_Planned(slip=Slip.ERROR_FIRST, left=calls, path=path))

    def lose_reply(self, calls: int = 1, *, path: str = "", hang: bool = False) -> None:
        """The next ``calls`` whose path contains ``path`` take effect, and the connection is reset (or hangs)."""
        self._plan(_Planned(slip=Slip.REPLY_HANGS if hang else Slip.REPLY_LOST, left=calls, path=path))

    def take(self, path: str) -> Slip | None:
        """What goes wrong with this call; each planned slip is spent once."""
        with self._lock:
            for planned in self._planned:
                if planned.left and planned.path in path:
                    planned.left -= 1
                    return planned.slip
        return None

    def _plan(self, planned: _Planned) -> None:
        with self._lock:
            self._planned.append(planned)
