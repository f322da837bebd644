"""How decisions become rows of the ledger: an action, the key that names the one effect, and when."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from domain.classification import digest
from domain.clock import id_prefix
from state.outbox import NewAction
from state.schema import LONGEST_ID

_NAMESPACE = uuid.UUID("77696e64-6661-6c6c-8000-000000000000")
"""Of the command_uuids we make: "windfall" in ASCII."""


class Action(Protocol):
    """One effect. A frozen dataclass of JSON values, found in `tasks/actions/` by its ``kind``."""

    kind: ClassVar[str]

    @property
    def destination(self) -> str:
        """What fails, waits and is paced together: `mdm:<sender>`, `jamf:<sender>`, `mail` or `chat`."""
        ...


class ToDevice(Action, Protocol):
    """An action about one device, by which people find it."""

    @property
    def device_id(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An action and the ``key`` that names its effect: it is owed once, however often this is decided.

    ``after`` is in seconds. Owed again before that, it waits as long anew, but at most ``long`` seconds in all; None:
    it does not.
    """

    action: Action
    key: str
    after: float = 0.0
    long: float | None = None

    def record(self, now: datetime) -> NewAction:
        """The row. Its id comes from the key and the time, so that who decides can know it beforehand."""
        command = getattr(self.action, "command_row", None)
        identifier = action_id(self.key, now)
        return NewAction(
            id=identifier,
            key=self.key if len(self.key) <= LONGEST_ID else digest(self.key),
            kind=self.action.kind,
            destination=self.action.destination,
            arguments=asdict(self.action),  # type: ignore[call-overload]  # every action is a dataclass
            created_at=now,
            not_before=now + timedelta(seconds=self.after),
            device_id=getattr(self.action, "device_id", None),
            command=command(identifier, now) if command is not None else None,
            long=None if self.long is None else timedelta(seconds=self.long),
        )


def action_id(key: str, now: datetime) -> str:
    return id_prefix(now) + digest(key)[:20]


def command_uuid_of(identifier: str) -> str:
    """The command_uuid under which an action's command goes out, unless it shares a call with others."""
    return str(uuid.uuid5(_NAMESPACE, identifier)).upper()
