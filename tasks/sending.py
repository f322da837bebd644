"""Commands out of the door, so that each device gets each once: what may have gone out is stored before it does.

MicroMDM takes a UUID twice, so after a lost reply its queue is looked at first. NanoMDM refuses a UUID it has, so there
the identical call is repeated.
"""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from clients.micromdm import MicroMDM
from clients.nanomdm import MOST_IDS, Enqueued, NanoMDM
from domain.commands import never_twice
from domain.errors import ActionError, OutcomeNeverKnown, OutcomeUnknown, TransientError
from state.calls import begin_call, call_again, members, uncall
from state.later_orders import has_later_orders
from state.outbox import Claimed
from tasks.effects import NOT_TRIED, Result, Results
from tasks.letter import UNKNOWN, Letter, final, still_unknown
from tasks.outside import Outside

AT_ONCE = 10
"""Commands that are noted as called together, and then sent one after the other."""

HELD = timedelta(seconds=1)
"""For so long commands that were noted as called go out without another look at whether they are still wanted."""

MOST_CALLS = 40
"""Calls made for one group while it is taken apart to find the device that spoils it."""

MOST_CALLS_FOR_STRANGERS = 2 * MOST_IDS
"""The same, where each call finds a device that the server does not know: enough for half a group of them."""

NEEDED = 60.0
"""Seconds of its claim that a call of a group needs: when it runs out others begin to repeat what was called."""

ON_ITS_WAY = timedelta(seconds=60)
"""For so long after a call that got no reply, the device's answer may still be on its way to us."""

HAD_IT = (
    "not sent again: its server has it, or had it, and takes no UUID twice. Its device was only pushed; if that stays "
    "silent, order it anew"
)

_STRANGER = re.compile("foreign key", re.IGNORECASE)
"""How MySQL and PostgreSQL refuse a device that NanoMDM does not know. A UUID that it has is refused before that:
https://github.com/micromdm/nanomdm/blob/main/storage/pgsql/queue.go (checked 2026-11)."""


def send_each(letters: Sequence[Letter], server: MicroMDM, outside: Outside) -> Iterator[Results]:
    """One call a command; after the far end turned out to be away, no further one is begun."""
    for letter in letters:
        if letter.call.called_at is not None:
            yield [(letter.claimed, _send_again(letter, server, outside))]
    fresh = [letter for letter in letters if letter.call.called_at is None]
    while fresh:
        results = list(_send_fresh(fresh[:AT_ONCE], server, outside))
        yield results
        fresh = fresh[len(results) :]


def _send_fresh(letters: Sequence[Letter], server: MicroMDM, outside: Outside) -> Iterator[tuple[Claimed, Result]]:
    """As many of them, from the first on, as go out before the rest should be looked at again."""
    began, away = outside.now(), False
    begun = set(begin_call(outside.engine, [letter.call.id for letter in letters], began))
    for number, letter in enumerate(letters):
        if number and not away and outside.now() - began > HELD:
            rest = [later.call.id for later in letters[number:] if later.call.id in begun]
            uncall(outside.engine, rest, outside.now())
            return
        if letter.call.id not in begun:
            yield letter.claimed, NOT_TRIED
        elif away:
            uncall(outside.engine, [letter.call.id], outside.now())
            yield letter.claimed, NOT_TRIED
        else:
            result = _send(letter, server)
            away = isinstance(result, ActionError) and result.down
            yield letter.claimed, result


def _send(letter: Letter, server: MicroMDM) -> Result:
    try:
        server.send_command(letter.call.device_id, letter.payload)
    except ActionError as exc:
        return final(letter, exc)
    return None


def _send_again(letter: Letter, server: MicroMDM, outside: Outside) -> Result:
    """It was called before, and nobody knows with what success, or how it was lost. What waits in the queue did arrive.

    What does not may have been answered already, and the answer be on its way to us: that is waited for.
    """
    if never_twice(letter.command):
        return OutcomeNeverKnown(UNKNOWN)
    try:
        queue = server.queue(letter.call.device_id)
    except ActionError as exc:
        return still_unknown(exc)
    if any(queued.command_uuid == letter.call.command_uuid for queued in queue):
        found = "found in the device's queue"
        return f"the reply was lost; it was {found}" if letter.call.sent_at is None else f"not sent again: {found}"
    return _send_lost(letter, server, outside)


def _send_lost(letter: Letter, server: MicroMDM, outside: Outside) -> Result:
    """Once more, unless its answer may still come, or it would turn back what was ordered since."""
    call, now = letter.call, outside.now()
    if call.called_at is not None and now - call.called_at < ON_ITS_WAY:
        return OutcomeUnknown("the reply was lost, and it is not in the device's queue, or not any more")
    # The first try is that of a person who wants it all the same.
    if call.sent_at is not None and letter.claimed.attempt > 1 and has_later_orders(outside.engine, call.id):
        return "not sent again: its device was ordered something else since, which it could turn back"
    if not call_again(outside.engine, call.id, now):
        return NOT_TRIED
    result = _send(letter, server)
    if isinstance(result, ActionError):
        return still_unknown(result)
    return "sent again: its server did not have it any more" if call.sent_at else result


def send_to_many(letters: Sequence[Letter], server: NanoMDM, outside: Outside) -> Iterator[Results]:
    """Calls that may have gone out are repeated as they were; the rest is put together by what it says."""
    again: dict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        if letter.call.called_at is not None:
            again[letter.call.command_uuid].append(letter)
    for command_uuid, group in again.items():
        yield _repeat(command_uuid, group, server, outside)
    for group in _groups([letter for letter in letters if letter.call.called_at is None]):
        yield list(_Group(server, outside).send(group))


def _repeat(command_uuid: str, group: Sequence[Letter], server: NanoMDM, outside: Outside) -> Results:
    if never_twice(group[0].command):
        return [(letter.claimed, OutcomeNeverKnown(UNKNOWN)) for letter in group]
    # All who were in it, also those whose actions others have claimed.
    everybody = members(outside.engine, command_uuid)
    try:
        enqueued = server.enqueue(everybody, group[0].payload)
    except ActionError as exc:
        error = exc if _STRANGER.search(str(exc)) else still_unknown(exc)
        return [(letter.claimed, error) for letter in group]
    if enqueued.already:
        enqueued = replace(enqueued, push_errors=_push(everybody, server))
    return [(letter.claimed, _repeated(letter, enqueued)) for letter in group]


def _repeated(letter: Letter, enqueued: Enqueued) -> Result:
    """What its server took long ago, and the device may have had since, is not queued by being taken for known."""
    result = _result(letter, enqueued)
    if enqueued.already and letter.call.sent_at is not None and not isinstance(result, ActionError):
        failed = enqueued.push_errors.get(letter.call.device_id)
        return HAD_IT if failed is None else f"{HAD_IT}; that push failed: {failed}"
    return result


def _push(device_ids: Sequence[str], server: NanoMDM) -> Mapping[str, str]:
    """Push what was queued before: the server itself pushes only what is new to it."""
    try:
        return server.push(device_ids)
    except ActionError as exc:
        return dict.fromkeys(device_ids, str(exc))


def _groups(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """Commands that say the same, each device once in a group."""
    waves: dict[tuple[str, int], list[Letter]] = defaultdict(list)
    met: dict[tuple[str, str], int] = defaultdict(int)
    for letter in letters:
        name = (letter.call.digest, letter.call.device_id)
        waves[letter.call.digest, met[name]].append(letter)
        met[name] += 1
    for wave in waves.values():
        for start in range(0, len(wave), MOST_IDS):
            yield wave[start : start + MOST_IDS]


def _result(letter: Letter, enqueued: Enqueued) -> Result:
    """A push that failed is repeated with those of all unanswered commands; the command is queued."""
    device_id = letter.call.device_id
    if device_id in enqueued.queued:
        failed = enqueued.push_errors.get(device_id)
        return None if failed is None else f"queued; its push failed: {failed}"
    error = enqueued.refused.get(device_id, "the server said nothing of this device")
    # Refused to all it may be one device's error, of which the server did not say whose.
    is_vague = not enqueued.queued and len(enqueued.refused) > 1
    return final(letter, OutcomeUnknown(error)) if is_vague and never_twice(letter.command) else TransientError(error)


class _Group:
    """One group on its way, taken apart when the server refuses it as a whole; each part under its own UUID."""

    def __init__(self, server: NanoMDM, outside: Outside) -> None:
        self._server = server
        self._outside = outside
        self._calls = 0

    def send(self, group: Sequence[Letter]) -> Iterator[tuple[Claimed, Result]]:
        # A UUID that they once shared would look like one that the server has.
        command_uuid = str(uuid.uuid4()).upper() if len(group) > 1 else group[0].own_uuid
        begun = set(self._begin(group, command_uuid))
        yield from ((letter.claimed, NOT_TRIED) for letter in group if letter.call.id not in begun)
        ready = [_renamed(letter, command_uuid) for letter in group if letter.call.id in begun]
        if ready:
            yield from self._call(ready)

    def _begin(self, group: Sequence[Letter], command_uuid: str) -> list[str]:
        now = self._outside.now()
        if now + timedelta(seconds=NEEDED) > group[0].claimed.until:
            return []
        return begin_call(self._outside.engine, [letter.call.id for letter in group], now, command_uuid=command_uuid)

    def _call(self, group: Sequence[Letter]) -> Iterator[tuple[Claimed, Result]]:
        self._calls += 1
        try:
            enqueued = self._server.enqueue([letter.call.device_id for letter in group], group[0].payload)
        except ActionError as exc:
            if not self._is_worth_splitting(group, exc):
                yield from ((letter.claimed, final(letter, exc)) for letter in group)
                return
            # Surely nothing was queued: they may go out under other UUIDs.
            uncall(self._outside.engine, [letter.call.id for letter in group], self._outside.now())
            middle = len(group) // 2
            yield from self.send(group[:middle])
            yield from self.send(group[middle:])
        else:
            yield from ((letter.claimed, _result(letter, enqueued)) for letter in group)

    def _is_worth_splitting(self, group: Sequence[Letter], exc: ActionError) -> bool:
        definite = isinstance(exc, TransientError) and not isinstance(exc, OutcomeUnknown) and not exc.down
        most = MOST_CALLS_FOR_STRANGERS if _STRANGER.search(str(exc)) else MOST_CALLS
        return definite and len(group) > 1 and self._calls < most


def _renamed(letter: Letter, command_uuid: str) -> Letter:
    return replace(letter, call=replace(letter.call, command_uuid=command_uuid))
