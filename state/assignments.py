"""Assignments in a unit of work: read under the locks of their targets, changed in memory, written together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from domain.assignments import Result, Results, add_result, state_of
from domain.notification import Pair, serial_key
from state.keys import assignment_id
from state.portions import portions
from state.schema import assignment_failures, assignments
from state.upsert import insert_missing, upsert


@dataclass(slots=True, kw_only=True)
class Assignment:
    """One pair at one location, with all that was reported of it."""

    id: str
    u_id: str
    pair: Pair
    results: Results = field(default_factory=dict)
    changed: bool = False

    def add(self, result: Result) -> bool:
        """True when this is news."""
        news = add_result(self.results, result)
        self.changed |= news
        return news


class Assignments:
    """The assignments that a batch touches. Take the locks of their pairs first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[str, Assignment] = {}
        self._of_pair: dict[tuple[str, Pair], Assignment] = {}

    def load(self, pairs: Mapping[str, tuple[str, Pair]]) -> None:
        """Read these (id → location and pair), those that are new without results."""
        wanted = sorted(pairs)
        for part in portions(wanted):
            query = select(assignments.c.id, assignments.c.results).where(assignments.c.id.in_(part))
            for row in self._connection.execute(query):
                self._keep(row.id, *pairs[row.id], row.results)
        for identifier in wanted:
            if identifier not in self._found:
                self._keep(identifier, *pairs[identifier], {})

    def _keep(self, identifier: str, u_id: str, pair: Pair, results: Results) -> None:
        assignment = Assignment(id=identifier, u_id=u_id, pair=pair, results=results)
        self._found[identifier] = self._of_pair[u_id, pair] = assignment

    def of(self, u_id: str, pair: Pair) -> Assignment:
        """That of a pair, however its serial number is spelled."""
        found = self._of_pair.get((u_id, pair))
        if found is None:
            found = self._of_pair[u_id, pair] = self._found[assignment_id(u_id, pair)]
        return found

    def flush(self) -> None:
        changed = [found for _, found in sorted(self._found.items()) if found.changed]
        for portion in portions(changed):
            upsert(self._connection, assignments, [_row(assignment) for assignment in portion])
        for assignment in changed:
            assignment.changed = False


def _row(assignment: Assignment) -> dict[str, Any]:
    pair, state = assignment.pair, state_of(assignment.results)
    if state is None:
        raise ValueError("an assignment that nothing was reported of")
    return {
        "id": assignment.id,
        "u_id": assignment.u_id,
        "adam_id": pair.adam_id,
        "pricing_param": pair.pricing_param,
        "serial_number": pair.serial_number,
        "serial_key": None if pair.serial_number is None else serial_key(pair.serial_number),
        "client_user_id": pair.client_user_id,
        "state": state.state,
        "changed_at": state.at,
        "event_id": state.event_id,
        "error_number": state.error_number,
        "error_message": state.error_message or None,
        "results": assignment.results,
    }


def add_failures(connection: Connection, failures: "list[dict[str, Any]]") -> None:
    """Note what one of Apple's events could not do; rows are whole, and those that are known are left alone."""
    if failures:
        keys = ("u_id", "event_id", "assignment_id")
        unique = {tuple(row[name] for name in keys): row for row in failures}
        insert_missing(connection, assignment_failures, [unique[key] for key in sorted(unique)])
