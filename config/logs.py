"""Logs: one JSON object a line, and only keys that are known to be harmless."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "exception",
        "action_id", "attempts", "bodies", "bytes", "command_uuid", "delivery_id", "device_id", "dropped",
        "duration_ms", "error", "event_id", "events", "file", "inbox", "inboxes", "key", "keys", "kind",
        "next_in_s", "offset", "pid", "process", "reason", "records", "seconds", "sender", "state", "status",
        "stored", "topic", "tries", "type",
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


class _Stdout:
    """Standard output, for as long as somebody reads it: a broken pipe must not turn a stored event into an error."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            sys.stdout.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stdout.flush()


def configure_logs(level: int = logging.INFO) -> None:
    """Send our own lines, and warnings of the libraries, to stdout."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, only_allowed, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Stdout())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_Stdout())
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
