"""Registered users in a unit of work: Apple's fields as facts, read under the users' locks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from domain.facts import Facts, Stamp, fact, learn
from domain.json_types import JSON
from state.keys import user_id
from state.portions import portions
from state.schema import LONGEST_ID, users
from state.upsert import upsert

ENDED = False
"""Value of a fact that is no longer so: an older event, heard later, does not bring it back."""


@dataclass(slots=True, kw_only=True)
class User:
    """A registered user of one location: Apple's fields as facts, and the `error` of a request that failed last."""

    id: str
    u_id: str
    client_user_id: str
    facts: Facts = field(default_factory=dict)
    changed_at: datetime | None = None
    changed: bool = False

    def learn(self, news: Mapping[str, JSON], stamp: Stamp) -> None:
        if learn(self.facts, news, stamp):
            self.changed = True
            self.changed_at = max(self.changed_at or stamp.at, stamp.at)


class Users:
    """The users that a batch touches. Take their locks first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[str, User] = {}

    def load(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Read these (location, clientUserId), new ones without facts."""
        ids = {user_id(*names): names for names in wanted}
        for part in portions(sorted(ids)):
            query = select(users.c.id, users.c.facts, users.c.changed_at).where(users.c.id.in_(part))
            known = {row.id: row for row in self._connection.execute(query)}
            for identifier in part:
                u_id, client_user_id = ids[identifier]
                user = User(id=identifier, u_id=u_id, client_user_id=client_user_id)
                if identifier in known:
                    user.facts, user.changed_at = known[identifier].facts, known[identifier].changed_at
                self._found[identifier] = user

    def of(self, u_id: str, client_user_id: str) -> User:
        return self._found[user_id(u_id, client_user_id)]

    def flush(self) -> None:
        changed = [user for _, user in sorted(self._found.items()) if user.changed]
        if changed:
            upsert(self._connection, users, [_row(user) for user in changed])
        for user in changed:
            user.changed = False


def _row(user: User) -> dict[str, Any]:
    status, email = fact(user.facts, "status"), fact(user.facts, "email")
    return {
        "id": user.id,
        "u_id": user.u_id,
        "client_user_id": user.client_user_id,
        "status": status[:LONGEST_ID] if isinstance(status, str) else None,
        "email": email[:LONGEST_ID] if isinstance(email, str) else None,
        "changed_at": user.changed_at,
        "facts": user.facts,
    }
