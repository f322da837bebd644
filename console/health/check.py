"""One thing that was looked at: how it is, and what to do about it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from domain.json_types import JSONObject

Status = Literal["ok", "warn", "fail"]

MOST_MISSED = 3
"""Times that a server may not be read when it should be before people should know."""

START_EFFECTS = "Start `python -m workers effects` and beat (`windfall up` starts everything), or look at their logs."


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``seen`` says what there is, ``fix`` which command or setting helps, in one sentence; None when all is well."""

    name: str
    status: Status
    seen: str
    fix: str | None = None

    def as_json(self) -> JSONObject:
        return {"id": self.name, **asdict(self)}


def ok(name: str, seen: str) -> Check:
    return Check(name=name, status="ok", seen=seen)


def warn(name: str, seen: str, fix: str) -> Check:
    """People should know; events are still taken in and processed."""
    return Check(name=name, status="warn", seen=seen, fix=fix)


def fail(name: str, seen: str, fix: str) -> Check:
    """Events are not taken in, not processed, or not safe."""
    return Check(name=name, status="fail", seen=seen, fix=fix)


def span(seconds: float) -> str:
    """A time that people can read: `3 s`, `12 min`, `5 h`, `3 d`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def ago(moment: datetime, now: datetime) -> str:
    return f"{span(max(0.0, (now - moment).total_seconds()))} ago"


def size(number: float) -> str:
    """Bytes that people can read: `812 B`, `3.4 MiB`."""
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
