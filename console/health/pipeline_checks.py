"""Between the door and the database: do events move?"""

from collections.abc import Callable, Iterator
from datetime import datetime

from redis.exceptions import RedisError

from config.broker import make_app, ping_workers
from config.contract import INBOXES
from console.health.check import Check, fail, ok, size, span, warn
from console.spool import look_at_spool
from console.stores import Stores, redis_words
from tasks.sweep import INTERVAL

SLOW, STUCK = 30.0, 300.0
"""Seconds that the oldest event waits for a worker."""

_WORKER = "Start a worker with `python -m workers worker` (`windfall up` starts everything), or look at its log."
_EFFECTS = "Start one with `python -m workers effects` (`windfall up` starts everything), or look at its log."
_BEAT = "Start beat with `python -m workers beat`, and a worker (`windfall up` starts everything)."


def pipeline_checks(stores: Stores, now: datetime) -> Iterator[Check]:
    yield _spool(stores, now)
    looks: dict[str, Callable[[], Check]] = {
        "inboxes": lambda: _inboxes(stores),
        "beat": lambda: _beat(stores, now),
        "workers": lambda: _workers(stores),
    }
    for name, look in looks.items():
        try:
            yield look()
        except (RedisError, OSError) as exc:
            yield fail(name, f"not known while Redis is away: {redis_words(exc)}", "See what is said of redis.")
            return


def _spool(stores: Stores, now: datetime) -> Check:
    place = stores.settings.spool_path
    try:
        seen = look_at_spool(place)
    except OSError as exc:
        return warn("spool", f"cannot be read: {exc}", f"Run this as the user who owns {place}.")
    if seen.bytes:
        waiting = f"{size(seen.bytes)} for up to {span(seen.oldest_age(now))}, on this machine"
        return warn(
            "spool", waiting, "Bring Redis back, and keep `python -m ingest` running: it publishes what waits here."
        )
    if seen.damaged_bytes:
        fix = f"Look at the files in {place / 'damaged'}, then move them away."
        return warn("spool", f"{size(seen.damaged_bytes)} that could not be read to the end", fix)
    return ok("spool", "empty, on this machine")


def _inboxes(stores: Stores) -> Check:
    waiting = [state for state in stores.inboxes.states(INBOXES) if state.length]
    if not waiting:
        return ok("inboxes", "empty")
    oldest = max(waiting, key=lambda state: state.oldest_age or 0.0)
    age = oldest.oldest_age or 0.0
    seen = f"{sum(state.length for state in waiting)} events wait, the oldest for {span(age)} in {oldest.inbox}"
    if age >= STUCK:
        return fail("inboxes", seen, _WORKER)
    return warn("inboxes", seen, _WORKER) if age >= SLOW else ok("inboxes", seen)


def _beat(stores: Stores, now: datetime) -> Check:
    swept_at = stores.inboxes.swept_at()
    if swept_at is None:
        return fail("beat", "it never swept", _BEAT)
    age = max(0.0, (now - swept_at).total_seconds())
    if age >= 3 * INTERVAL:
        return fail("beat", f"its last sweep was {span(age)} ago", _BEAT)
    return ok("beat", f"its last sweep was {span(age)} ago")


def _workers(stores: Stores) -> Check:
    names = ping_workers(make_app(stores.settings, name="windfall.console", brisk=True), within=stores.patience)
    for role, way_out in (("worker", _WORKER), ("effects", _EFFECTS)):
        if not any(name.startswith(f"{role}@") for name in names):
            return fail("workers", f"no {role} process answers", way_out)
    return ok("workers", ", ".join(names))
