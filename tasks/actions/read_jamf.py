"""One read in a Jamf Pro: a device's record, a policy's name, or the server's version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from clients.jamf import JamfPro
from domain.errors import ActionError, TransientError
from state.outbox import Claimed
from state.unit_of_work import unit_of_work
from tasks.effects import Needless, Result, Results
from tasks.jamf_telling import tell_policies, tell_records, tell_version
from tasks.outside import Outside

What: TypeAlias = Literal["computer", "mobile_device", "policy", "version"]

MOST_MISSES = 3
"""Reads after which a record is not there: before, the node that was asked may not have it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadJamf:
    """``jamf_id`` is the number of the record or policy; empty for the version."""

    kind: ClassVar[str] = "read_jamf"

    sender: str
    what: What
    jamf_id: str = ""

    @property
    def destination(self) -> str:
        return f"jamf:{self.sender}"

    @classmethod
    def perform_many(cls, claimed: Sequence[Claimed], outside: Outside) -> Iterator[Results]:
        """One by one: there is no asking for several."""
        for one in claimed:
            asked = cls(**one.arguments)
            server = outside.jamf.get(asked.sender)
            result: Result
            try:
                if server is None:
                    result = Needless(note="not read: nobody says how to read this Jamf Pro any more")
                elif asked.perform(server, outside):
                    result = None
                elif one.attempt < MOST_MISSES:
                    result = TransientError(f"{asked.sender} has no {asked.what} {asked.jamf_id} yet, or any more")
                else:
                    result = f"there is no {asked.what} {asked.jamf_id}"
            except ActionError as exc:
                result = exc
            yield [(one, result)]

    def perform(self, server: JamfPro, outside: Outside) -> bool:
        """Read and store; False when there is no such thing. Safe to do twice, as what is read is told as facts.

        A server tells of its start before it can answer. Raises: TransientError, PermanentError.
        """
        began = outside.now()
        if self.what == "version":
            if not server.is_healthy():
                raise TransientError(f"{self.sender} is up, and says that it is not well yet")
            version = server.version()
            with unit_of_work(outside.engine, outside.now()) as uow:
                tell_version(uow, self.sender, version, began)
            return True
        if self.what == "policy":
            name = server.policy_name(self.jamf_id)
            with unit_of_work(outside.engine, outside.now()) as uow:
                tell_policies(uow, self.sender, {self.jamf_id: name} if name else {}, began)
            return name is not None
        record = server.record(self.what, self.jamf_id)
        with unit_of_work(outside.engine, outside.now()) as uow:
            tell_records(uow, self.sender, [record] if record else [], began)
        return record is not None
