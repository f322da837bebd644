"""Delivers what is owed to one destination: claim what is due, perform it, settle it; leave after a while.

Any number may deliver; slots bound how many do so at a time. The ledger is the only one who retries.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from config.reporting import report_error
from config.slots import Slot, Slots
from domain.errors import ActionError, OutcomeUnknown, TransientError
from state.destinations import Standing, note_failure, note_success, standing
from state.engine import is_database_trouble
from state.outbox import Claimed, NewAction, Settlement, claim, is_due, settle
from tasks.effects import Needless, NotTried, Results, perform
from tasks.judging import dead_notices, follow_ups, given_back, settlement_of
from tasks.manners import CLAIM, Manner, manner_of, slots_of
from tasks.outside import Outside
from tasks.services import Wake

log = structlog.get_logger()

SLICE = 5.0
"""Seconds after which a delivery makes room for others and wakes the next."""

STUBBORN = 120.0
"""Seconds for which the end of an attempt is written again and again while the database is in trouble."""

PATIENCE = 45.0
"""Seconds after its claim at which no further action is begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """What a delivery is given. ``wake`` tells that something is due at a destination."""

    outside: Outside
    slots: Slots
    wake: Wake
    monotonic: Callable[[], float]
    pause: Callable[[float], None]
    jitter: Callable[[], float] = field(default=lambda: random.uniform(0.9, 1.1))  # noqa: S311 - spreads retries


def deliver(destination: str, deliverer: Deliverer) -> str:
    """Work for one destination and say why it ended: `busy` (enough others do), `paused`, `unconfigured` (nobody
    says where it is), `idle` or `yielded`.

    Raises: redis.exceptions.RedisError and the database's errors; claims then run out by themselves.
    """
    outside = deliverer.outside
    if destination.startswith("mdm:") and destination.removeprefix("mdm:") not in outside.mdm:
        return "unconfigured"
    manner = manner_of(destination, outside.setup)
    now = standing(outside.engine, destination)
    if now.is_paused(outside.now()):
        return "paused"
    slot = deliverer.slots.take(slots_of(destination, outside.setup), 1 if now.is_probed else manner.slots)
    if slot is None:
        return "busy"
    try:
        slot.keep()
        outcome = _Round(destination, manner, deliverer, slot).work()
    finally:
        slot.release()
    # Whoever was told of something new after our last look found all slots taken.
    late = outcome == "idle" and is_due(outside.engine, destination, outside.now())
    if outcome == "yielded" or late:
        deliverer.wake(destination)
    return outcome


@dataclass(slots=True)
class _Round:
    """The work of one hand between taking its slot and giving it back."""

    destination: str
    manner: Manner
    deliverer: Deliverer
    slot: Slot
    standing: Standing = field(default_factory=Standing)
    one_by_one: bool = False

    @property
    def outside(self) -> Outside:
        return self.deliverer.outside

    def work(self) -> str:
        until = self.deliverer.monotonic() + SLICE
        while self.deliverer.monotonic() < until and self.slot.renew():
            self.standing = standing(self.outside.engine, self.destination)
            if self.standing.is_paused(self.outside.now()):
                return "paused"
            if self.standing.is_probed and self.slot.number > 0:
                return "busy"
            limit = 1 if self.standing.is_probed or self.one_by_one else self.manner.claim
            if limit > 1 and self.manner.gather and self._is_due():
                self.deliverer.pause(self.manner.gather)
            claimed = self._claim(limit)
            if not claimed:
                return "idle"
            if len(claimed) == self.manner.claim:
                self.deliverer.wake(self.destination)
            self._perform(claimed)
        return "yielded"

    def _is_due(self) -> bool:
        return is_due(self.outside.engine, self.destination, self.outside.now())

    def _claim(self, limit: int) -> list[Claimed]:
        now = self.outside.now()
        until = now + timedelta(seconds=CLAIM)
        return claim(self.outside.engine, self.destination, now=now, until=until, limit=limit)

    def _perform(self, claimed: Sequence[Claimed]) -> None:
        """Perform and settle, until the destination turns out to be away or time is up; give back the rest."""
        left = {one.id: one for one in claimed}
        last = self.deliverer.monotonic() + PATIENCE
        try:
            if self._wait_for_turn():
                for results in perform(claimed, self.outside):
                    for one, _ in results:
                        left.pop(one.id, None)
                    self._end_turn()
                    self._settle(results)
                    if self.standing.is_paused(self.outside.now()) or self.deliverer.monotonic() > last:
                        break
                    if left and not self._wait_for_turn():
                        break
        except Exception as exc:  # noqa: BLE001 - whatever an action raises is recorded with it
            self._failed(list(left.values()), exc)
        else:
            self._write([given_back(one) for one in left.values()])

    def _wait_for_turn(self) -> bool:
        """Keep the pace, also after calls that others made with our slot before; False when the slot is not ours."""
        wait = self.slot.take_turn(self.manner.interval) if self.manner.interval else 0.0
        if wait:
            self.deliverer.pause(wait)
        return wait is not None and self.slot.renew()

    def _end_turn(self) -> None:
        if self.manner.interval:
            self.slot.take_turn(0.0)

    def _failed(self, left: Sequence[Claimed], exc: Exception) -> None:
        """Something we did not think of: when it was one of many, they are tried one by one to find out which."""
        log.exception("actions_failed", destination=self.destination, actions=len(left))
        report_error(exc, destination=self.destination)
        if len(left) > 1:
            self.one_by_one = True
            self._write([given_back(one) for one in left])
        elif left:
            self._settle([(left[0], OutcomeUnknown(f"{type(exc).__name__}: see the log of the effects process"))])

    def _settle(self, results: Results) -> None:
        now = self.outside.now()
        pairs = [(one, settlement_of(one, result, now, jitter=self.deliverer.jitter())) for one, result in results]
        owed = {one.id: list(dead_notices(one, end, now, self.outside.setup)) for one, end in pairs}
        for one, result in results:
            owed[one.id] += follow_ups(one, result, now)
        ours = self._write([settlement for _, settlement in pairs], owed)
        self._report(pairs, ours)
        self._judge(results)
        for destination in sorted({action.destination for end in ours for action in owed[end.id]}):
            self.deliverer.wake(destination)

    def _write(
        self, settlements: Sequence[Settlement], owed: Mapping[str, Sequence[NewAction]] | None = None
    ) -> list[Settlement]:
        """Settle, also while the database is in trouble: what happened once would be done again if nobody wrote it."""
        until = self.deliverer.monotonic() + STUBBORN
        while True:
            try:
                return settle(self.outside.engine, settlements, self.outside.now(), owed=owed)
            except Exception as exc:
                if not is_database_trouble(exc) or self.deliverer.monotonic() > until:
                    raise
                log.warning("settle_delayed", destination=self.destination, error=type(exc).__name__)
                self.slot.renew()
                self.deliverer.pause(1.0)

    def _judge(self, results: Results) -> None:
        """Does the destination itself answer? Only that opens its breaker, and only a success closes it."""
        # What many got from one call is one result.
        for result in {id(result): result for _, result in results}.values():
            if isinstance(result, ActionError):
                self._blame(result)
            elif self.standing.failures and not isinstance(result, NotTried | Needless):
                note_success(self.outside.engine, self.destination, self.outside.now())
                self.standing = Standing()

    def _blame(self, error: ActionError) -> None:
        retry_after = error.retry_after if isinstance(error, TransientError) else None
        if error.down or retry_after is not None:
            now = self.outside.now()
            self.standing = note_failure(
                self.outside.engine, self.destination, error=str(error), now=now, retry_after=retry_after
            )

    def _report(self, pairs: Sequence[tuple[Claimed, Settlement]], ours: Sequence[Settlement]) -> None:
        settled = {settlement.id for settlement in ours}
        for one, settlement in pairs:
            facts = {
                "action_id": one.id,
                "kind": one.kind,
                "destination": one.destination,
                "attempts": one.attempt,
                "state": settlement.state if one.id in settled else "lost",
                "error": settlement.error,
            }
            if facts["state"] == "dead":
                log.error("action_dead", **facts)
                report_error(f"action dead: {settlement.error}", action_id=one.id, kind=one.kind)
            else:
                log.info("action_settled", **facts)
