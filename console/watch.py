"""Waiting until everything runs, and telling people about what does not."""

import http.client
import re
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from typing import TextIO

from redis.exceptions import RedisError

from config.redis_connection import connect
from config.settings import Settings
from console.banner import local_address
from console.home import StartError
from console.supervision import Exit, Supervisor

READY_WITHIN = 120.0
"""Seconds until the front door must answer. A small machine with much else to do needs more than half of them."""

NEEDED = ("redis", "web")
HOPELESS = 2
"""Times that one of these may end before it is given up."""

SAME_AGAIN = 60.0
"""Seconds in which the ends of one process are told once."""


def say(stream: TextIO, text: str) -> None:
    """Tell people, if anybody is still there: a terminal that was closed must not keep us from stopping in order."""
    with suppress(OSError):
        print(text, file=stream, flush=True)


def wait_until_ready(settings: Settings, supervisor: Supervisor, stop: threading.Event) -> bool:
    """True when events can be taken in, False when we were stopped meanwhile. Raises: StartError."""
    deadline = time.monotonic() + READY_WITHIN
    exits: Counter[str] = Counter()
    suspect = "web"
    while not stop.is_set():
        if _is_ready(settings):
            return True
        ended = _next_exit(settings, supervisor, within=0.1)
        if ended:
            suspect = ended.program
            exits[suspect] += 1
            if suspect in NEEDED and exits[suspect] >= HOPELESS:
                raise StartError(f"{suspect} does not start ({ended.how}){_evidence(settings, suspect)}")
        if time.monotonic() > deadline:
            raise StartError(f"not ready after {READY_WITHIN:.0f} seconds{_evidence(settings, suspect)}")
    return False


def watch(settings: Settings, supervisor: Supervisor, stop: threading.Event, err: TextIO) -> None:
    """Tell people what ended by itself, until we are to stop. Raises: StartError, when the supervisor is gone."""
    told: dict[str, float] = {}
    while not stop.is_set():
        ended = _next_exit(settings, supervisor, within=0.2)
        now = time.monotonic()
        if ended and now - told.get(ended.program, -SAME_AGAIN) >= SAME_AGAIN:
            told[ended.program] = now
            evidence = _evidence(settings, ended.program)
            say(err, f"windfall: {ended.program} ended ({ended.how}) and is started again{evidence}")


def _next_exit(settings: Settings, supervisor: Supervisor, *, within: float) -> Exit | None:
    ended = supervisor.next_exit(within=within)
    if supervisor.has_ended:
        raise StartError(f"the supervisor ended{_evidence(settings, 'supervisord')}")
    return ended


def _is_ready(settings: Settings) -> bool:
    """Whether the front door stores events, and our own Redis answers."""
    try:
        if settings.redis_is_embedded:
            with closing(connect(settings.redis_location)) as client:
                client.ping()
        host, port = local_address(settings.ingest_bind)
        with closing(http.client.HTTPConnection(host, port, timeout=2)) as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
    except (OSError, RedisError, http.client.HTTPException):
        return False


def _evidence(settings: Settings, program: str) -> str:
    """The log of a process, and its last words: the last error that it names, else its last line."""
    path = settings.home_path / "log" / f"{program}.log"
    try:
        text = path.read_text(errors="replace").rstrip()
    except OSError:
        return f", see {path}"
    words = [*text.splitlines()[-1:], *re.findall(r"^\w*(?:Error|Exception): .*$", text, re.MULTILINE)[-1:]]
    return f", see {path}" + (f": {words[-1][:300]}" if words else "")
