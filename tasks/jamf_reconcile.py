"""Reads all records of a Jamf Pro now and then: its webhooks are sent once, and who was away has missed some.

Nobody is gone because a read does not name him: pages move while they are read, and a server may hide what it has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from clients.jamf import JamfPro
from clients.jamf_pages import START, Place, Records
from clients.jamf_records import Family
from domain.classification import digest
from domain.clock import parse_time, rfc3339
from domain.errors import ActionError
from domain.facts import Stamp
from domain.jamf_round import PARTS, STALE, UNREAD, Stop, read_at, told_of_beginning, told_of_round, told_of_stop
from domain.json_types import JSONObject
from state.destinations import note_success, standing
from state.queries.rounds import is_round_due, last_round, unended_since
from state.unit_of_work import unit_of_work
from tasks.deliver import Deliverer
from tasks.jamf_patience import Patience, SlotLost, asks_for_quiet, is_away
from tasks.jamf_telling import tell_policies, tell_records, tell_version
from tasks.manners import slots_of

log = structlog.get_logger()

AT_ONCE = 500
"""Records in one transaction."""


def reconcile(sender: str, deliverer: Deliverer, *, every: float = 0.0) -> int:
    """Read one server; how many records were read. What it said before a failure stays; the rest is left as it is.

    Nothing, while the last round is not ``every`` seconds old yet, whoever made it (see `is_round_due`); one that was
    broken off goes on where it was. One reads at a time, one request after the other.

    Raises: redis.exceptions.RedisError, and the database's errors.
    """
    outside = deliverer.outside
    server = outside.jamf.get(sender)
    if server is None:
        return 0
    place = slots_of(f"jamf:{sender}", outside.setup).removeprefix("jamf:")
    slot = deliverer.slots.take(f"jamf-reconcile:{place}", 1)
    if slot is None:
        return 0
    round_ = _Round(sender, server, deliverer, Patience(sender, deliverer, slot), every)
    try:
        slot.keep()
        # Asked with the slot in hand: whoever had it may have read everything just now.
        if is_round_due(outside.engine, sender, every, outside.now()):
            round_.work()
    except SlotLost:
        log.warning("jamf_read_given_up", sender=sender, records=round_.records)
    finally:
        slot.release()
    return round_.records


@dataclass(slots=True)
class _Round:
    """One read of a server. A part that fails, for want of a privilege perhaps, keeps nobody from the others.

    ``place`` is how far the part that is being read has come, ``has_moved`` whether anything was read at all;
    ``unread`` counts records by part that could not be.
    """

    sender: str
    server: JamfPro
    deliverer: Deliverer
    patience: Patience
    every: float
    records: int = 0
    place: Place = START
    has_moved: bool = False
    unread: dict[str, int] = field(default_factory=dict)

    def work(self) -> None:
        """From where the last one was broken off, unless the server is left alone just now."""
        outside = self.deliverer.outside
        last, now = last_round(outside.engine, self.sender), outside.now()
        stop = last.stop if last and self._goes_on(last.stop, last.at, now) else None
        paused_until = standing(outside.engine, f"jamf:{self.sender}").paused_until
        if paused_until is not None and paused_until > now:
            self._wait(paused_until, stop)
            return
        if last and stop:
            self.unread = dict(last.unread)
        self._read(stop or Stop(part=PARTS[0]), dict(last.failed) if last and stop else {})

    def _goes_on(self, stop: Stop | None, at: datetime, now: datetime) -> bool:
        """Not for ever: where a server is stuck at one page, all before it is due to be read again, too."""
        if stop is None:
            return False
        since = parse_time(stop.since) or at
        return (now - since).total_seconds() < (STALE if stop.has_moved else min(self.every, STALE))

    def _wait(self, until: datetime, stop: Stop | None) -> None:
        """The round is due all the same, and goes on at once when that is over; it is told when no other one waits."""
        now = self.deliverer.outside.now()
        log.info("jamf_read_waits", sender=self.sender, seconds=(until - now).total_seconds(), reason="left alone")
        if stop is None:
            words = f"{self.sender} was away or asked for quiet, and is left alone until {rfc3339(until)}"
            waiting = Stop(part=PARTS[0], has_moved=True, since=rfc3339(now))
            stamp = self._stamp()
            facts = told_of_round(dict.fromkeys(PARTS, words), stamp) | told_of_stop(waiting)
            self._tell(facts | {UNREAD: {}}, stamp)

    def _read(self, begin: Stop, failed: dict[str, str]) -> None:
        """Every part from there on, unless the server is away. How that went is told, with what ``failed`` before, so
        that `windfall doctor` can say it.
        """
        stamp = self._stamp()
        since = unended_since(self.deliverer.outside.engine, self.sender)
        self._tell(told_of_beginning(stamp, since), stamp)
        away: ActionError | None = None
        stop: Stop | None = None
        read = []
        for part in PARTS[PARTS.index(begin.part) :]:
            if part != begin.part and begin.is_passed and (stop is not None or part not in failed):
                continue  # it had its turn
            error = away or self._try(part, begin)
            if error is None:
                self.has_moved = True
                read.append(part)
                failed.pop(part, None)
                continue
            failed[part] = str(error)
            if away is None and is_away(error):
                stop = stop or self._stop(part, begin, stamp, error)
                away = error if asks_for_quiet(error) or not stop.is_passed else None
        facts = told_of_round(failed, stamp, read) | told_of_stop(stop) | {UNREAD: dict(self.unread)}
        if begin.began_at and begin.part in read:
            facts[read_at(begin.part)] = begin.began_at
        self._tell(facts, stamp)
        self._report(failed, is_away=away is not None)

    def _stop(self, part: str, begin: Stop, stamp: Stamp, error: ActionError) -> Stop:
        """Where it is broken off once more and nothing came, it may be this one page: the parts behind have a turn."""
        is_same, now = part == begin.part and bool(begin.since), rfc3339(stamp.at)
        is_stuck = is_same and part != PARTS[0] and not self.has_moved and not asks_for_quiet(error)
        return Stop(
            part=part,
            page=self.place.page,
            seen=self.place.seen,
            began_at=((begin.began_at if is_same else "") or now) if self.place.page else "",
            has_moved=self.has_moved,
            since=begin.since or now,
            is_passed=is_stuck or (is_same and begin.is_passed),
        )

    def _report(self, failed: Mapping[str, str], *, is_away: bool) -> None:
        outside, destination = self.deliverer.outside, f"jamf:{self.sender}"
        if self.has_moved and not is_away and standing(outside.engine, destination).failures:
            note_success(outside.engine, destination, outside.now())
        if failed:
            without = ", ".join(failed)
            log.warning("jamf_read_in_part", sender=self.sender, records=self.records, reason=f"without {without}")
        else:
            log.info("jamf_read", sender=self.sender, records=self.records)

    def _try(self, part: str, begin: Stop) -> ActionError | None:
        self.place = Place(page=begin.page, seen=begin.seen) if part == begin.part else START
        if self.place == START:
            self.unread.pop(part, None)
        ways: Mapping[str, Callable[[], None]] = {
            "version": self._version,
            "computers": lambda: self._records("computers", "computer"),
            "mobile_devices": lambda: self._records("mobile_devices", "mobile_device"),
            "policies": self._policies,
        }
        try:
            ways[part]()
        except ActionError as exc:
            log.warning("jamf_not_read", sender=self.sender, kind=part, records=self.records, error=str(exc))
            return exc
        return None

    def _stamp(self) -> Stamp:
        return Stamp(at=self.deliverer.outside.now(), rank=0, by=digest(self.sender, "round"))

    def _tell(self, facts: JSONObject, stamp: Stamp) -> None:
        outside = self.deliverer.outside
        with unit_of_work(outside.engine, outside.now()) as uow:
            uow.jamf.tell_server(self.sender, facts, stamp)

    def _version(self) -> None:
        outside = self.deliverer.outside
        began = outside.now()
        version = self.patience.read(self.server.version)
        with unit_of_work(outside.engine, outside.now()) as uow:
            tell_version(uow, self.sender, version, began)

    def _records(self, part: str, family: Family) -> None:
        outside = self.deliverer.outside
        pages = self.patience.read(lambda: self.server.records(family, self.place))
        try:
            while True:
                began = outside.now()
                page = self.patience.read(lambda: next(pages, None))
                if page is None:
                    break
                for start in range(0, len(page), AT_ONCE):
                    with unit_of_work(outside.engine, outside.now()) as uow:
                        tell_records(uow, self.sender, page[start : start + AT_ONCE], began)
                self.records += len(page)
                self.place, self.has_moved = pages.place, True
        finally:
            self._note_unread(part, pages)

    def _note_unread(self, part: str, pages: Records) -> None:
        if pages.unread:
            self.unread[part] = self.unread.get(part, 0) + pages.unread
            words = f"in the place of its id the first has {pages.first_unread!r}"
            log.warning("jamf_records_unread", sender=self.sender, kind=part, records=pages.unread, reason=words)

    def _policies(self) -> None:
        outside = self.deliverer.outside
        began = outside.now()
        names = sorted(self.patience.read(self.server.policy_names).items())
        for start in range(0, len(names), AT_ONCE):
            with unit_of_work(outside.engine, outside.now()) as uow:
                tell_policies(uow, self.sender, dict(names[start : start + AT_ONCE]), began)
