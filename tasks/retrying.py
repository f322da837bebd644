"""Another try that a person asks for, and at once what it makes of installs: a new command, or why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from state import retrying
from state.failed_installs import Home, homes_of
from state.locks import lock_of_serial
from state.queries import Engine
from state.queries.reading import database_errors, despite_deadlocks
from state.retrying import Verdict
from state.unit_of_work import UnitOfWork, unit_of_work
from tasks.installing import decide_installs
from tasks.setup import Setup

UNCERTAIN = "its licence is uncertain: Apple's next word on that decides"
UNASKED = "no licence that Apple has confirmed for this device asks for it"


def retry(engine: Engine, setup: Setup, ids: Sequence[str], *, now: datetime, again: bool = False) -> list[Verdict]:
    """As `state.retrying.retry`; what is owed then is due at the destinations of the verdicts.

    An install that nobody wants any more is released, which is a refusal; one that cannot be sent yet waits, and the
    note says why. Raises: DatabaseAway.
    """
    once = _taking_once(setup)
    verdicts = despite_deadlocks(lambda: retrying.retry(engine, ids, now=now, again=again, once=once))
    begun = [verdict.install for verdict in verdicts if verdict.install is not None]
    if not begun:
        return verdicts
    decided = despite_deadlocks(lambda: _decide(engine, setup, begun, now))
    return [replace(verdict, **decided.get(verdict.install or "", {})) for verdict in verdicts]


def verdict_of(engine: Engine, setup: Setup, identifier: str, *, now: datetime) -> Verdict | None:
    """As `state.retrying.verdict_of`; what would become of an install is not said. Raises: DatabaseAway."""
    return retrying.verdict_of(engine, identifier, now=now, once=_taking_once(setup))


def _taking_once(setup: Setup) -> list[str]:
    return sorted(sender for sender, kind in setup.mdm_servers.items() if kind == "nanomdm")


def _decide(engine: Engine, setup: Setup, begun: Sequence[str], now: datetime) -> Mapping[str, Mapping[str, str]]:
    """What these installs make of the verdicts on them, by id. They have begun again, and wait for nobody."""
    with database_errors():
        homes = homes_of(engine, begun)
        keys = {home.serial_key for home in homes if home.serial_key}
        with unit_of_work(engine, now) as uow:
            uow.take_locks(lock_of_serial(key) for key in keys)
            for owed in decide_installs(uow, setup, keys, {home.adam_id for home in homes}):
                uow.owe(owed.record(uow.now))
            uow.installs.load_of_devices(home.device_id for home in homes)
            return {home.id: _outcome(uow, home) for home in homes}


def _outcome(uow: UnitOfWork, home: Home) -> Mapping[str, str]:
    install = next(one for one in uow.installs.of_device(home.device_id) if one.id == home.id)
    if install.state == "released":
        return {"refusal": f"its install is released: {install.reason}"}
    if install.state == "waiting" and install.command_id is None:
        if install.reason is None:
            install.change(uow.now, reason=_why_nothing(uow, home))
        return {"note": f"its install waits: {install.reason}"}
    owed = next((action for action in uow.owed if action.id == install.command_id), None)
    return {"destination": owed.destination} if owed is not None else {}


def _why_nothing(uow: UnitOfWork, home: Home) -> str:
    """What is neither wanted nor released: an uncertain licence leaves things as they are."""
    licences = uow.licences_of([home.serial_key] if home.serial_key else [], {home.adam_id})
    return UNCERTAIN if any(licence.state == "uncertain" for licence in licences) else UNASKED
