"""Logs: one JSON object a line, and only keys that are known to be harmless."""

import atexit
import logging
import sys
import threading
import time
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "exception",
        "action_id", "actions", "attempts", "bodies", "bytes", "command_uuid", "commands", "delivery_id",
        "destination", "device_id", "devices", "dropped", "duration_ms", "error", "event_id", "events", "file",
        "inbox", "inboxes", "key", "keys", "kind", "next_in_s", "offset", "pid", "process", "reason", "records",
        "seconds", "sender", "state", "status", "stored", "topic", "tries", "type",
    }
)  # fmt: skip
"""What a log line may say. A payload, a token or a header is none of it; an unknown key is named, its value is not."""


def only_allowed(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every key that is not on the list, and name them, so that a missing one is noticed."""
    if ALLOWED.issuperset(entry):
        return entry
    unknown = sorted(key for key in entry if key not in ALLOWED and not key.startswith("_"))
    for key in unknown:
        del entry[key]
    if unknown:
        entry["dropped"] = unknown
    return entry


class Lines:
    """Standard output, a line at a time, for as long as somebody reads it.

    A broken pipe must not turn a stored event into an error. With ``hold`` seconds, lines of level info wait that long
    for others: writing each one by itself makes a busy process's threads hand the interpreter around for nothing. A
    process that is killed takes the last of them along; warnings and errors never wait.
    """

    def __init__(self, *, hold: float = 0.0) -> None:
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._hold = hold
        if hold:
            atexit.register(self._flush)
            threading.Thread(target=self._flush_for_ever, name="flush-logs", daemon=True).start()

    def info(self, line: str) -> None:
        self._lines.append(line)
        if not self._hold:
            self._flush()

    def warning(self, line: str) -> None:
        self._lines.append(line)
        self._flush()

    debug = info
    error = critical = exception = warning

    def _flush(self) -> None:
        with self._lock, suppress(OSError, ValueError):
            lines, self._lines = self._lines, []
            if lines:
                sys.stdout.write("\n".join(lines) + "\n")
                sys.stdout.flush()

    def _flush_for_ever(self) -> None:
        while True:
            time.sleep(self._hold)
            self._flush()


class _Foreign(logging.Handler):
    """Lines of libraries, through the same pipe."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.warning(self.format(record))


def configure_logs(level: int = logging.INFO, *, hold: float = 0.0) -> None:
    """Send our own lines, and warnings of the libraries, to stdout. Call it after a fork when there is a ``hold``."""
    lines = Lines(hold=hold)
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, only_allowed, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    handler = _Foreign(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                only_allowed,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
