"""A mail server that answers each verb as a test asks, or drips, or breaks off."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.clients.far_end import Step, say

GOOD = {
    "connect": say(b"220 here\r\n"),
    "EHLO": say(b"250 here\r\n"),
    "MAIL": say(b"250 ok\r\n"),
    "RCPT": say(b"250 ok\r\n"),
    "DATA": say(b"354 go on\r\n"),
    ".": say(b"250 queued\r\n"),
    "QUIT": say(b"221 bye\r\n"),
}


@dataclass
class SMTPEnd:
    """``steps`` answer a verb, or a whole line of the client; `.` is the end of a mail. ``lines`` are what came."""

    port: int = 0
    steps: dict[str, Step] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        steps = GOOD | self.steps
        try:
            with connection, connection.makefile("rb") as arriving:
                steps["connect"](connection, self.over)
                while line := arriving.readline().decode().strip():
                    self.lines.append(line)
                    step = steps.get(line) or steps.get(line.partition(" ")[0].upper(), say(b"500 what\r\n"))
                    step(connection, self.over)
                    if line == "DATA" and step is GOOD["DATA"]:
                        self._take(arriving.readline)
                        steps["."](connection, self.over)
        except OSError:
            pass  # the client went, or the step did

    def _take(self, readline: Callable[[], bytes]) -> None:
        while (line := readline()) not in (b".\r\n", b""):
            self.lines.append(line.decode())
        if not line:
            raise ConnectionError
