"""Commands in a unit of work: those that a batch's answers belong to, and those that a fresh enrolment makes void."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, tuple_

from domain.clock import id_prefix
from domain.json_types import JSONObject
from state.changes import is_one_of, write_changes
from state.portions import portions
from state.schema import actions, commands

OPEN = ("pending", "sent", "NotNow")
"""States in which an answer is still expected."""

ANSWERED = ("Acknowledged", "Error", "CommandFormatError")
"""States that are the device's last word."""


@dataclass(slots=True, kw_only=True)
class Command:
    """One command to one enrolment. ``state`` is `pending sent void dead` or the device's last word.

    ``arguments`` are those that people may see.
    """

    id: str
    command_uuid: str
    device_id: str
    sender: str
    request_type: str
    arguments: JSONObject
    state: str
    called_at: datetime | None
    answered_at: datetime | None
    pushes: int
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def change(self, **values: Any) -> None:
        self.state = values.get("state", self.state)
        self.answered_at = values.get("answered_at", self.answered_at)
        self.changes |= values


class Commands:
    """The commands that a batch touches, locked until commit unless it only looks at them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[str, Command] = {}
        self._named: dict[tuple[str, str], Command] = {}

    def load_answered(self, answers: Iterable[tuple[str, str]]) -> None:
        """Those that these answers (command_uuid, enrolment id) belong to; most belong to none of ours."""
        for portion in portions(sorted(set(answers))):
            self._load(tuple_(commands.c.command_uuid, commands.c.device_id).in_(portion))

    def load_open(self, device_ids: Iterable[str]) -> None:
        """All that these devices have not answered yet."""
        for portion in portions(sorted(set(device_ids))):
            self._load(commands.c.device_id.in_(portion) & commands.c.state.in_(OPEN))

    def look_at(self, ids: Iterable[str]) -> None:
        """Read these too, only to look at them: they are not locked."""
        for portion in portions(sorted(set(ids) - self._found.keys())):
            self._load(commands.c.id.in_(portion), locked=False)

    def _load(self, condition: Any, *, locked: bool = True) -> None:
        columns = [commands.c[name] for name in Command.__slots__ if name != "changes"]
        query = select(*columns).where(condition).order_by(commands.c.id)
        for row in self._connection.execute(query.with_for_update() if locked else query).mappings():
            if row["id"] not in self._found:
                command = Command(**row)
                self._found[command.id] = self._named[command.command_uuid, command.device_id] = command

    def owed_under(self, key: str) -> Command | None:
        """The command that is owed under this key of its action, only to look at it; None when none is stored."""
        identifier = self._connection.scalar(select(actions.c.id).where(actions.c.key == key))
        if identifier is not None:
            self.look_at([identifier])
        return self._found.get(identifier or "")

    def was_tried(self, identifier: str) -> bool:
        """Whether anybody began to send this command, and that was no mistake."""
        attempts = self._connection.scalar(select(actions.c.attempts).where(actions.c.id == identifier))
        return bool(attempts)

    def answered_by(self, command_uuid: str, device_id: str) -> Command | None:
        """The command that an answer belongs to."""
        return self._named.get((command_uuid, device_id))

    def ids(self) -> list[str]:
        """Of all that were loaded."""
        return sorted(self._found)

    def of_id(self, identifier: str) -> Command | None:
        """A command that was loaded, None when it was not."""
        return self._found.get(identifier)

    def open_of(self, device_id: str, *, users: bool = False) -> Sequence[Command]:
        """Those of them that were loaded; ``users``: its users' too."""
        found = (command for command in self._found.values() if command.is_open)
        return [c for c in found if c.device_id == device_id or (users and c.device_id.startswith(f"{device_id}:"))]

    def flush(self) -> None:
        write_changes(self._connection, commands, {c.id: c.changes for c in self._found.values() if c.changes})
        for command in self._found.values():
            command.changes = {}


def unanswered_since(moment: datetime) -> "ColumnElement[bool]":
    """Commands whose answer is still waited for: what was asked earlier than ``moment`` may have been lost."""
    # Ids sort by time.
    return commands.c.state.in_(OPEN) & (commands.c.id >= id_prefix(moment))


def add_commands(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """New commands, each whole; their ids are those of the actions that send them."""
    if rows:
        connection.execute(commands.insert(), sorted(rows, key=lambda row: str(row["id"])))


def void_commands(connection: Connection, reasons: Mapping[str, str]) -> None:
    """Commands (id → why) that nobody needs any more: neither sent, where still possible, nor retried by people."""
    rows = {i: {"state": "void", "error": reason, "next_push_at": None} for i, reason in reasons.items()}
    write_changes(connection, commands, rows, where=is_one_of(commands.c.state, (*OPEN, "dead")))
