"""Asks devices and their users for everything: when people want it, and by itself what is older than a configured age.

Each device has a moment of its own in that age, so that a fleet is asked evenly; its users are asked together with it.
A question that has no answer is not asked again: its answer will be new, however late it comes.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import structlog

from domain.clock import made_at
from domain.commands import digest
from domain.questions import INFORMATION, QUESTIONS, Question, questions_of, questions_of_users, subject_of
from state.commands import ANSWERED, OPEN
from state.inquiries import Asked, Before, count_placed, unplaced
from state.outbox import NewAction
from state.queries import Engine
from state.unit_of_work import UnitOfWork, unit_of_work
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed, action_id
from tasks.services import Services

log = structlog.get_logger()

INTERVAL = 60.0
"""Seconds between two looks."""

HEARD = timedelta(days=7)
"""A device that was not heard for so long is not asked by itself: the answers would come late, and all at once."""

FORGOTTEN = timedelta(days=30)
"""For a question that was not answered for so long the device is not pushed any more; it may be asked anew."""

AT_ONCE = 500
"""Devices in one transaction."""

PLACE_INTERVAL = 600.0
"""Seconds between two looks for devices without a moment: they are looked for among all. Less when the age is short."""

PLACED_AT_ONCE = 5000

LEAST = 5
"""Devices that may be asked in a minute, however small the fleet is."""

LOCK = "inquiries"

_COMMANDS = {question.request_type: question.command for question in QUESTIONS}

DIGESTS: Mapping[str, str] = {request_type: digest(command) for request_type, command in _COMMANDS.items()}
"""What tells a question from others of its type, by request type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What was asked before, by device or user and digest of the question.

    Answers from ``fresh`` on are new enough. ``left_out`` are questions (to whom, request type) that are not asked now.
    """

    before: Mapping[tuple[str, str], Before]
    fresh: datetime | None = None
    left_out: Collection[tuple[str, str]] = ()

    def of(self, speaker: str, question: Question) -> Before | None:
        return self.before.get((speaker, DIGESTS[question.request_type]))

    def is_open(self, speaker: str, question: Question) -> bool:
        known = self.of(speaker, question)
        return known is not None and known.unanswered > 0

    def is_silent(self, speaker: str) -> bool:
        """Answers are waited for, and nothing asked together with the newest of those questions, or later, has one."""
        known = [before for before in (self.of(speaker, question) for question in QUESTIONS) if before is not None]
        waiting = [made_at(before.id) for before in known if before.unanswered and before.state in OPEN]
        answered = [made_at(before.id) for before in known if before.state in ANSWERED]
        return bool(waiting) and max(waiting) > max(answered, default="")

    def is_fresh(self, speaker: str, question: Question) -> bool:
        known = self.of(speaker, question)
        answered_at = known.answered_at if known is not None else None
        return self.fresh is not None and answered_at is not None and answered_at > self.fresh

    def has_said_what_it_is(self, device: Asked) -> bool:
        """Or refused to."""
        known = self.of(device.device_id, INFORMATION)
        return known is not None and not known.unanswered and known.state in ANSWERED


def moment(device_id: str, age: timedelta, *, after: datetime) -> datetime:
    """The next time at which this device is asked: the same place in every age, spread evenly over all devices."""
    seconds = age.total_seconds()
    place = int.from_bytes(sha256(device_id.encode()).digest()[:8], "big") / 2**64 * seconds
    rounds = math.floor((after.timestamp() - place) / seconds) + 1
    return datetime.fromtimestamp(rounds * seconds + place, UTC)


def share(devices: int, age: timedelta) -> int:
    """How many are asked in a minute at most: twice what an even spread takes, so that a backlog goes away."""
    return max(LEAST, math.ceil(2 * devices * INTERVAL / age.total_seconds()))


def ask_now(engine: Engine, device_id: str, now: datetime) -> list[NewAction]:
    """Ask one device for everything, as people want it; what is owed now and was not before.

    Nothing is, when it has answered none of these questions yet.
    """
    with unit_of_work(engine, now) as uow:
        found = uow.inquiries.take(device_id)
        _ask(uow, found, _past(uow, found))
    return uow.owed


def ask_on(engine: Engine, device_id: str, now: datetime) -> list[NewAction]:
    """Ask one device for the rest, once it has said what it is; the same."""
    with unit_of_work(engine, now) as uow:
        _ask_rest(uow, [one for one in uow.inquiries.take(device_id) if one.waits_for is not None])
    return uow.owed


def refresh(services: Services) -> int:
    """Ask the devices whose moment has come, and for the rest those that said what they are; how many questions.

    Two at once, or one that is repeated, ask nothing twice and no more in a minute than one alone.
    """
    until, total = services.monotonic() + INTERVAL / 2, 0
    for step in (_go_on, _place, _ask_due):
        more = True
        while more and services.monotonic() < until:
            owed, more = step(services)
            services.wake_deliverers({action.destination for action in owed})
            total += len(owed)
    if total:
        log.info("devices_asked", records=total)
    return total


def _go_on(services: Services) -> tuple[list[NewAction], bool]:
    with unit_of_work(services.engine, services.now()) as uow:
        found = uow.inquiries.take_answered(limit=AT_ONCE)
        _ask_rest(uow, found)
    return uow.owed, len(found) == AT_ONCE


def _place(services: Services) -> tuple[list[NewAction], bool]:
    """Give a moment to devices that have none, and a nearer one to those whose age was longer before."""
    age, now, senders = services.setup.inventory_age, services.now(), services.setup.mdm_servers
    if age is None or not senders:
        return [], False
    every = max(INTERVAL, min(PLACE_INTERVAL, age.total_seconds() / 5))
    if now.timestamp() % every >= INTERVAL:
        return [], False
    found = unplaced(services.engine, senders, until=now + age, limit=PLACED_AT_ONCE)
    if found:
        with unit_of_work(services.engine, now) as uow:
            uow.inquiries.place({device_id: moment(device_id, age, after=now) for device_id in found})
    return [], len(found) >= PLACED_AT_ONCE


def _ask_due(services: Services) -> tuple[list[NewAction], bool]:
    """What is due, as far as this minute has room; and whether there may be more."""
    age, now, senders = services.setup.inventory_age, services.now(), services.setup.mdm_servers
    if age is None or not senders:
        return [], False
    most = share(count_placed(services.engine), age)
    with unit_of_work(services.engine, now) as uow:
        # Whoever else does this now waits, and finds how much room is left.
        uow.take_locks([LOCK])
        minute = now.replace(second=0, microsecond=0)
        room = min(AT_ONCE, most - uow.inquiries.asked_since(minute))
        due = uow.inquiries.take_due(now, limit=room) if room > 0 else []
        there = [one for one in due if _is_there(one, senders, now)]
        past = _past(uow, there)
        _ask(uow, there, replace(past, fresh=now - age / 2, left_out=_of_silent(there, past)))
        uow.inquiries.write({one.device_id: {"due_at": moment(one.device_id, age, after=now)} for one in due})
    return uow.owed, 0 < room == len(due)


def _is_there(device: Asked, senders: Collection[str], now: datetime) -> bool:
    heard = device.last_seen_at is not None and device.last_seen_at >= now - HEARD
    return device.enrolled is not False and device.sender in senders and heard


def _past(uow: UnitOfWork, found: Sequence[Asked]) -> _Past:
    speakers = [speaker for device in found for speaker in _speakers(device)]
    return _Past(before=uow.inquiries.before(speakers, DIGESTS.values(), since=uow.now - FORGOTTEN))


def _speakers(device: Asked) -> list[str]:
    """Ids that commands are addressed to: the device's first, then its users'."""
    return [device.device_id, *(user.id for user in device.users)]


def _of_silent(found: Sequence[Asked], past: _Past) -> set[tuple[str, str]]:
    """All questions to those who answer none; who leaves some open is asked the others."""
    speakers = [speaker for device in found for speaker in _speakers(device)]
    silent = [speaker for speaker in speakers if past.is_silent(speaker)]
    return {(speaker, question.request_type) for speaker in silent for question in QUESTIONS}


def _ask_rest(uow: UnitOfWork, found: Sequence[Asked]) -> None:
    """What is left to ask of devices that have answered what they are, or refused to."""
    past = _past(uow, found)
    closed = [one for one in found if not past.is_open(one.device_id, INFORMATION)]
    uow.inquiries.write({one.device_id: {"waits_for": None} for one in closed})
    answered = [one for one in found if past.has_said_what_it_is(one)]
    known = {(one.device_id, INFORMATION.request_type) for one in answered}
    _ask(uow, answered, replace(past, left_out=known))


def _ask(uow: UnitOfWork, found: Sequence[Asked], past: _Past) -> None:
    """Owe the questions to these devices and their users, but what they have not answered yet, or lately."""
    changes: dict[str, dict[str, object]] = {}
    for device in found:
        subject = subject_of(
            device.facts, is_user_enrollment=device.is_user_enrollment, is_informed=past.has_said_what_it_is(device)
        )
        asking = [(device.device_id, question) for question in questions_of(subject)]
        asking += [(user.id, question) for user in device.users for question in questions_of_users(subject)]
        owed = len(uow.owed)
        asked = {
            (speaker, question.request_type): _owe(uow, device.sender or "", speaker, question, past)
            for speaker, question in asking
            if (speaker, question.request_type) not in past.left_out
        }
        changes[device.device_id] = {"asked_at": uow.now} if len(uow.owed) > owed else {}
        waits_for = asked.get((device.device_id, INFORMATION.request_type))
        if not subject.is_known and waits_for is not None:
            changes[device.device_id]["waits_for"] = waits_for
    uow.inquiries.write({device_id: values for device_id, values in changes.items() if values})


def _owe(uow: UnitOfWork, sender: str, speaker: str, question: Question, past: _Past) -> str:
    """Id of the command that asks: a new one, or the one that is on its way, or was answered a moment ago."""
    known = past.of(speaker, question)
    if known is not None and (known.unanswered or past.is_fresh(speaker, question)):
        return known.id
    command = _COMMANDS[question.request_type]
    action = SendCommand(
        device_id=speaker, sender=sender, request_type=command.request_type, arguments=dict(command.arguments)
    )
    # Whoever else has seen the same question last asks this one under the same key.
    key = f"inventory:{speaker}:{question.request_type}:{known.id if known else ''}"
    uow.owe(Owed(action=action, key=key).record(uow.now))
    return action_id(key, uow.now)
