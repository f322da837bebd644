"""A device that people ask for everything, with its users: what is owed, and how far its answers have come."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from console.commanding import LOOK_EVERY, OPEN, find_device, prepare
from console.stores import Stores
from domain.clock import rfc3339
from domain.errors import UnknownDevice
from domain.json_types import JSONObject
from domain.questions import INFORMATION, questions_of, questions_of_users, subject_of
from state.channels import Channel
from state.commands import ANSWERED
from state.inquiries import MOST_USERS
from state.outbox import NewAction
from state.queries import Engine
from state.queries.devices import NAMES
from state.queries.inquiries import Inquiry, one_inquiry
from state.queries.reading import database_errors, must_exist
from tasks.inventory import DIGESTS, ask_now, ask_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What time it is for somebody who waits."""

    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def inquire(stores: Stores, name: str, *, now: datetime, by: tuple[str, ...] = NAMES) -> JSONObject:
    """Ask the device of this name for everything; its `progress`, with what is worth knowing as `advice`.

    What it has not answered yet is not asked again.

    Raises: UnknownDevice; CannotSend, when several have this name or nothing takes commands to it; DatabaseAway.
    """
    device = find_device(stores.engine, name, by=by)
    checked = prepare(stores, INFORMATION.command, device.id, by=("device_id",))
    _owe(stores, device.id, ask_now, now)
    state = progress(stores.engine, device.id)
    left_out = [f"the user {one['user']} is not asked: {one['reason']}" for one in state["users_left_out"]]
    return {**state, "advice": [*checked.hints, *left_out]}


def progress(engine: Engine, device_id: str) -> JSONObject:
    """Each question that there is for this device and for its users, and what became of the last time it was asked.

    Of an item `user` and `channel_id` say which user it is to, None: the device itself. `complete`: the device was
    asked everything, and all that was asked was answered, or nobody waits for an answer any more. `users_left_out` are
    users with the reason why nothing is asked of them. Raises: UnknownDevice, DatabaseAway.
    """
    inquiry = one_inquiry(engine, device_id, DIGESTS.values())
    if inquiry is None:
        raise UnknownDevice(f"there is no device with the id {device_id}")
    information = inquiry.asked.get((device_id, DIGESTS[INFORMATION.request_type]), {})
    subject = subject_of(
        inquiry.facts,
        is_user_enrollment=inquiry.is_user_enrollment,
        is_informed=inquiry.waits_for is None and information.get("state") in ANSWERED,
    )
    items = [_item(inquiry, question.request_type) for question in questions_of(subject)]
    is_asked = all(item["state"] for item in items) and inquiry.waits_for is None
    asking = questions_of_users(subject)
    items += [_item(inquiry, question.request_type, user) for user in inquiry.users for question in asking]
    waiting = [item["request_type"] for item in items if item["state"] in OPEN]
    return {
        "device_id": inquiry.device_id,
        "platform": subject.platform,
        "asked_at": rfc3339(inquiry.asked_at) if inquiry.asked_at else None,
        "next_at": rfc3339(inquiry.due_at) if inquiry.due_at else None,
        "complete": is_asked and not waiting,
        "unanswered": waiting,
        "items": items,
        "users_left_out": [_left_out(user) for user in inquiry.left_out],
    }


def follow(stores: Stores, device_id: str, clock: Clock, *, seconds: float) -> Iterator[JSONObject]:
    """`progress` each time that more was answered, until it is complete or after so many seconds.

    A device that says what it is meanwhile is asked the rest. Raises: DatabaseAway.
    """
    until, told = clock.monotonic() + seconds, ""
    while True:
        state = progress(stores.engine, device_id)
        if not state["complete"] and not state["unanswered"]:
            _owe(stores, device_id, ask_on, clock.now())
            state = progress(stores.engine, device_id)
        if str(state["items"]) != told:
            told = str(state["items"])
            yield state
        left = until - clock.monotonic()
        if state["complete"] or left <= 0:
            return
        clock.pause(min(LOOK_EVERY, left))


def _owe(
    stores: Stores, device_id: str, ask: Callable[[Engine, str, datetime], list[NewAction]], now: datetime
) -> None:
    must_exist(stores.engine)
    with database_errors():
        owed = ask(stores.engine, device_id, now)
    for destination in sorted({action.destination for action in owed}):
        stores.wake_deliverer(destination)


def _item(inquiry: Inquiry, request_type: str, user: Channel | None = None) -> JSONObject:
    """`state` is that of the command, None when it was never asked."""
    asked = inquiry.asked.get((user.id if user else inquiry.device_id, DIGESTS[request_type]), {})
    names = {"command_id": "id", "command_uuid": "command_uuid", "state": "state", "asked_at": "created_at"}
    names |= {name: name for name in ("sent_at", "answered_at", "next_push_at", "error")}
    whose = {"user": user.name if user else None, "channel_id": user.id if user else None}
    return {"request_type": request_type, **whose, **{name: asked.get(column) for name, column in names.items()}}


def _left_out(user: Channel) -> JSONObject:
    reason = user.obstacle or f"only the {MOST_USERS} users of a device who were heard last are"
    return {"user": user.name, "channel_id": user.id, "reason": reason}
