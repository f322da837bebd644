"""Reads all records of a Jamf Pro now and then: its webhooks are sent once, and who was away has missed some.

Nobody is gone because a read does not name him: pages move while they are read, and a server may hide what it has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog

from clients.jamf import JamfPro
from clients.jamf_records import Family
from config.slots import Slot
from domain.classification import digest
from domain.errors import ActionError, TransientError
from domain.facts import Stamp
from domain.jamf_round import PARTS, told_of_round
from state.destinations import note_failure, note_success, standing
from state.unit_of_work import unit_of_work
from tasks.deliver import Deliverer
from tasks.jamf_telling import tell_policies, tell_records, tell_version

log = structlog.get_logger()

PAUSES = (2.0, 10.0, 30.0)
"""Seconds before the 2nd, 3rd, … try of one page."""

LONGEST_PAUSE = 40.0
"""A server that asks for more quiet has it until the next read; a slot's lease ends soon after."""

AT_ONCE = 500
"""Records in one transaction."""

Read = TypeVar("Read")


class _SlotLost(Exception):
    """Somebody else may be reading by now."""


def reconcile(sender: str, deliverer: Deliverer) -> int:
    """Read one server; how many records were read. What it said before a failure stays; the rest is left as it is.

    One reads at a time, one request after the other. Raises: redis.exceptions.RedisError, and the database's errors.
    """
    outside = deliverer.outside
    server, destination = outside.jamf.get(sender), f"jamf:{sender}"
    if server is None or standing(outside.engine, destination).is_paused(outside.now()):
        return 0
    slot = deliverer.slots.take(f"jamf-reconcile:{sender}", 1)
    if slot is None:
        return 0
    round_ = _Round(sender, server, deliverer, slot)
    try:
        round_.work()
    except _SlotLost:
        log.warning("jamf_read_given_up", sender=sender, records=round_.records)
    finally:
        slot.release()
    return round_.records


@dataclass(slots=True)
class _Round:
    """One read of a server. A part that fails, for want of a privilege perhaps, keeps nobody from the others."""

    sender: str
    server: JamfPro
    deliverer: Deliverer
    slot: Slot
    records: int = 0

    def work(self) -> None:
        """Every part, unless the server is away; how that went is told, so that `windfall doctor` can say it."""
        began = self.deliverer.outside.now()
        ways: Mapping[str, Callable[[], None]] = {
            "version": self._version,
            "computers": lambda: self._records("computer"),
            "mobile_devices": lambda: self._records("mobile_device"),
            "policies": self._policies,
        }
        failed: dict[str, str] = {}
        away: ActionError | None = None
        for part in PARTS:
            error = away or self._try(part, ways[part])
            if error is not None:
                failed[part] = str(error)
                away = error if _is_away(error) else None
        self._tell(failed, began)
        outside, destination = self.deliverer.outside, f"jamf:{self.sender}"
        if away is None and len(failed) < len(PARTS) and standing(outside.engine, destination).failures:
            note_success(outside.engine, destination, outside.now())
        if failed:
            without = ", ".join(failed)
            log.warning("jamf_read_in_part", sender=self.sender, records=self.records, reason=f"without {without}")
        else:
            log.info("jamf_read", sender=self.sender, records=self.records)

    def _try(self, part: str, read: Callable[[], None]) -> ActionError | None:
        try:
            read()
        except ActionError as exc:
            log.warning("jamf_not_read", sender=self.sender, kind=part, records=self.records, error=str(exc))
            return exc
        return None

    def _tell(self, failed: Mapping[str, str], began: datetime) -> None:
        outside, stamp = self.deliverer.outside, Stamp(at=began, rank=0, by=digest(self.sender, "round"))
        with unit_of_work(outside.engine, outside.now()) as uow:
            uow.jamf.tell_server(self.sender, told_of_round(failed, stamp), stamp)

    def _version(self) -> None:
        outside = self.deliverer.outside
        began = outside.now()
        version = self._patiently(self.server.version)
        with unit_of_work(outside.engine, outside.now()) as uow:
            tell_version(uow, self.sender, version, began)

    def _records(self, family: Family) -> None:
        outside = self.deliverer.outside
        pages = self._patiently(lambda: self.server.records(family))
        while True:
            began = outside.now()
            page = self._patiently(lambda: next(pages, None))
            if page is None:
                return
            for start in range(0, len(page), AT_ONCE):
                with unit_of_work(outside.engine, outside.now()) as uow:
                    tell_records(uow, self.sender, page[start : start + AT_ONCE], began)
            self.records += len(page)

    def _policies(self) -> None:
        outside = self.deliverer.outside
        began = outside.now()
        names = sorted(self._patiently(self.server.policy_names).items())
        for start in range(0, len(names), AT_ONCE):
            with unit_of_work(outside.engine, outside.now()) as uow:
                tell_policies(uow, self.sender, dict(names[start : start + AT_ONCE]), began)

    def _patiently(self, read: Callable[[], Read]) -> Read:
        """Once more after a while, or after as long as the server asks for. Raises: ActionError, `_SlotLost`."""
        pauses = iter(PAUSES)
        while True:
            self._renew()
            try:
                return read()
            except ActionError as exc:
                self._blame(exc)
                pause = _pause_after(exc, next(pauses, None))
                if pause is None:
                    raise
                log.info("jamf_read_waits", sender=self.sender, seconds=pause, error=str(exc))
            self._renew()
            self.deliverer.pause(pause)

    def _renew(self) -> None:
        if not self.slot.renew():
            raise _SlotLost

    def _blame(self, error: ActionError) -> None:
        """Where the server itself is at fault, who reads single records there is told to wait, too."""
        if _is_away(error):
            outside = self.deliverer.outside
            retry_after = error.retry_after if isinstance(error, TransientError) else None
            note_failure(
                outside.engine, f"jamf:{self.sender}", error=str(error), now=outside.now(), retry_after=retry_after
            )


def _is_away(error: ActionError) -> bool:
    return error.down or (isinstance(error, TransientError) and error.retry_after is not None)


def _pause_after(error: ActionError, least: float | None) -> float | None:
    """None when it is not tried again: it cannot help, was tried often enough, or would take too long."""
    if least is None or not isinstance(error, TransientError):
        return None
    pause = max(least, error.retry_after or 0.0)
    return pause if pause <= LONGEST_PAUSE else None
