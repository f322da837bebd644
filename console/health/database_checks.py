"""The database: is it there, are its tables those of this version, and what in it needs a person?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from console.health.check import Check, fail, ok, warn
from console.health.effects_checks import effects_checks
from console.health.fleet_checks import fleet_checks
from console.home import words_of_demo
from console.patience import Patient
from console.senders import DAY, kinds_of
from console.stores import Stores
from domain.errors import DatabaseAway
from state.queries.counts import Activity, activity, stuck_since
from state.queries.database import DatabaseFacts, database_facts, revisions
from state.queries.rounds import Round, jamf_rounds, mdm_lists

PATIENCE = 8.0
"""Seconds; connecting alone may take five."""


@dataclass(slots=True, kw_only=True)
class DatabaseSeen:
    """``active``, ``rounds`` (of Jamf Pro) and ``lists`` (of MicroMDM) are None when the database could not tell."""

    checks: list[Check] = field(default_factory=list)
    active: Mapping[str, Activity] | None = None
    rounds: Mapping[str, Round] | None = None
    lists: Mapping[str, Round] | None = None


def look_at_database(stores: Stores, now: datetime) -> DatabaseSeen:
    """Never waits longer than PATIENCE."""
    fix = "Start the database, or correct WINDFALL_DATABASE_URL; events wait in Redis meanwhile."
    if stores.settings.database_location.startswith("sqlite"):
        fix = "Run `windfall db upgrade`, or correct WINDFALL_HOME; events wait in Redis meanwhile."
    demo = words_of_demo(stores.settings)
    fix = f"{fix} If you look for the demo: {demo}." if demo else fix
    try:
        return Patient(lambda: _look(stores, now)).ask(PATIENCE)
    except TimeoutError:
        return DatabaseSeen(checks=[fail("database", f"it does not answer within {PATIENCE:.0f} s", fix)])
    except DatabaseAway as exc:
        return DatabaseSeen(checks=[fail("database", f"it cannot be read: {exc}", fix)])


def _look(stores: Stores, now: datetime) -> DatabaseSeen:
    seen = DatabaseSeen(checks=[_database(database_facts(stores.engine))])
    current, head = revisions(stores.engine)
    if current != head:
        fix = "Run `windfall db upgrade` with the newest version you have."
        seen.checks.append(fail("migrations", f"tables are at {current or 'nothing'}, this version needs {head}", fix))
        return seen
    seen.checks.append(ok("migrations", head))
    seen.checks += _stuck(stuck_since(stores.engine, now - DAY))
    seen.checks += effects_checks(stores.engine, now)
    seen.checks += fleet_checks(stores.engine, now)
    seen.active = activity(stores.engine, kinds_of(stores.settings), since=now - DAY)
    seen.rounds = jamf_rounds(stores.engine)
    seen.lists = mdm_lists(stores.engine)
    return seen


def _database(facts: DatabaseFacts) -> Check:
    seen = f"{facts.dialect} {facts.version}"
    if facts.journal_mode is None:
        return ok("database", seen)
    seen = f"{seen}, journal {facts.journal_mode}"
    if facts.journal_mode != "wal":
        return warn("database", seen, "Put WINDFALL_HOME on a local disk: SQLite cannot keep its WAL where it is now.")
    return ok("database", seen)


def _stuck(numbers: Mapping[str, int]) -> Iterator[Check]:
    for status, number in sorted(numbers.items()):
        if number:
            fix = (
                f"See why with `windfall events --status {status}`, and all of it with `windfall events show <id>`; "
                "afterwards `windfall replay <id>`."
            )
            yield warn(status, f"{number} in the last day", fix)
        else:
            yield ok(status, "none in the last day")
