"""Hints about the fleet: what somebody should renew in time. It is no fault of Windfall's, so nothing warns."""

from collections.abc import Iterator
from datetime import datetime

from console.device_health import EXPIRES_SOON
from console.health.check import Check, ok
from state.queries import Engine
from state.queries.expiring import Ending, ending_certificates

_NAMES = {"identity": "identity certificates", "other": "other certificates"}
_DAYS = EXPIRES_SOON.days


def fleet_checks(engine: Engine, now: datetime) -> Iterator[Check]:
    """Raises: DatabaseAway."""
    endings = ending_certificates(engine, now, until=now + EXPIRES_SOON)
    told = [f"{name} {_words(endings[kind])}" for kind, name in _NAMES.items() if endings[kind] != Ending()]
    if told:
        way = f"`windfall devices certificates --expires-before {_DAYS}d` lists them"
        yield ok("certificates", f"{'; '.join(told)}; {way}")
    else:
        yield ok("certificates", f"none that is known expires within {_DAYS} days")


def _words(ending: Ending) -> str:
    """`expire within 30 days on 3 devices and have expired on 1`."""
    soon, over = f"expire within {_DAYS} days on {_devices(ending.expiring)}", "have expired on"
    if not ending.expired:
        return soon
    return f"{soon} and {over} {ending.expired}" if ending.expiring else f"{over} {_devices(ending.expired)}"


def _devices(number: int) -> str:
    return f"{number} device" if number == 1 else f"{number} devices"
