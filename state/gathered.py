"""Things that are only ever told about: what a batch says is gathered, and joined at the end with what is stored.

Nobody reads them before deciding, so nothing is locked before; and as facts are joined, order does not matter.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from domain.facts import Facts, Stamp, join, learn
from domain.json_types import JSON
from state.changes import write_changes
from state.portions import portions
from state.upsert import insert_missing

Project = Callable[[Facts], Mapping[str, Any]]
"""The columns that repeat facts, to be searched by: all of them, whatever is known."""


class Gathered:
    """What a batch says of the rows of one table with `id`, `facts`, columns of identity and projected ones."""

    def __init__(self, connection: Connection, table: Table, project: Project) -> None:
        self._connection = connection
        self._table = table
        self._project = project
        self._told: dict[str, Facts] = {}
        self._identities: dict[str, Mapping[str, Any]] = {}

    def tell(self, identifier: str, identity: Mapping[str, Any], news: Mapping[str, JSON], stamp: Stamp) -> None:
        """Facts of a row; ``identity`` are the columns that its id is made from, and never change."""
        learn(self._told.setdefault(identifier, {}), news, stamp)
        self._identities[identifier] = identity

    def flush(self) -> None:
        """Write what is newer than what is stored; missing rows first, all in sorted order."""
        for portion in portions(sorted(self._told)):
            stored = self._locked(portion)
            for identifier in portion:
                facts = stored[identifier]
                if not join(facts, self._told[identifier]):
                    del stored[identifier]
            changes = {identifier: {**self._project(facts), "facts": facts} for identifier, facts in stored.items()}
            write_changes(self._connection, self._table, changes)
        self._told, self._identities = {}, {}

    def _locked(self, identifiers: Sequence[str]) -> dict[str, Facts]:
        columns = self._table.c
        known = set(self._connection.scalars(select(columns.id).where(columns.id.in_(identifiers))))
        missing = [{"id": i, **self._identities[i], "facts": {}} for i in identifiers if i not in known]
        if missing:
            insert_missing(self._connection, self._table, missing)
        query = select(columns.id, columns.facts).where(columns.id.in_(identifiers))
        return {row.id: row.facts for row in self._connection.execute(query.order_by(columns.id).with_for_update())}
