"""NanoMDM's queues, and the differences between the databases it can keep them in.

Source: https://github.com/micromdm/nanomdm/tree/main/storage
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from simulators.mdm_server import Command

MOST_UUIDS = 100_000
"""Of so many commands the UUIDs are remembered; the real server remembers all."""


class Storage(StrEnum):
    """KV is the default, files; the two SQL stores know their enrolments."""

    KV = "filekv"
    MYSQL = "mysql"
    POSTGRESQL = "pgsql"


class NotQueued(Exception):
    """The whole call failed, nothing is stored. The text is what the database says."""


@dataclass(slots=True)
class _Line:
    commands: list[Command] = field(default_factory=list)
    not_now: set[str] = field(default_factory=set)


class Queues:
    """One line per enrolment id. Not locked: its server is."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lines: dict[str, _Line] = {}
        self._uuids: dict[str, None] = {}
        self.known: set[str] = set()
        """Ids that ever sent a TokenUpdate; SQL stores accept no others."""

    def add(self, ids: Sequence[str], command: Command) -> None:
        """Queue a command for all ``ids``, or for none.

        Raises:
            NotQueued: its UUID was used before; on SQL stores also when an id is unknown.
        """
        if command.command_uuid in self._uuids:
            raise NotQueued(self._already(command.command_uuid))
        if self._storage is not Storage.KV and not self.known.issuperset(ids):
            raise NotQueued(_STRANGER[self._storage])
        self._uuids[command.command_uuid] = None
        if len(self._uuids) > MOST_UUIDS:
            del self._uuids[next(iter(self._uuids))]
        for id_ in dict.fromkeys(ids):
            self._lines.setdefault(id_, _Line()).commands.append(command)

    def next(self, id_: str, status: str, command_uuid: str) -> Command | None:
        """Note the answer to a command and give the next one.

        One answered NotNow keeps its place, and is passed over only right after a NotNow.
        """
        line = self._lines.get(id_, _Line())
        if status == "NotNow":
            line.not_now.add(command_uuid)
        elif status != "Idle":
            if not command_uuid and self._storage is Storage.KV:
                raise ValueError("empty command UUID")
            line.commands = [one for one in line.commands if one.command_uuid != command_uuid]
        passed_over = line.not_now if status == "NotNow" else ()
        return next((one for one in line.commands if one.command_uuid not in passed_over), None)

    def clear(self, id_: str) -> None:
        """Forget what waits for this id and for its users."""
        for key in [key for key in self._lines if key == id_ or key.startswith(f"{id_}:")]:
            del self._lines[key]

    def of(self, id_: str) -> list[Command]:
        """What waits for this id."""
        return list(self._lines.get(id_, _Line()).commands)

    def _already(self, command_uuid: str) -> str:
        return {
            Storage.KV: f"command already exists: {command_uuid}",
            Storage.MYSQL: f"Error 1062 (23000): Duplicate entry '{command_uuid}' for key 'commands.PRIMARY'",
            Storage.POSTGRESQL: 'ERROR: duplicate key value violates unique constraint "commands_pkey" (23505)',
        }[self._storage]


_STRANGER = {
    Storage.MYSQL: "Error 1452 (23000): Cannot add or update a child row: a foreign key constraint fails",
    Storage.POSTGRESQL: 'ERROR: insert or update on table "enrollment_queue" violates foreign key constraint (23503)',
}
