"""Commands that people order: to which device or user, through which MDM server, owed once, and what they say."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from console.mdm_servers import missing
from console.stores import Stores
from domain.command_advice import advice, objection
from domain.commands import Command, payload, shown
from domain.errors import BadCommand, CannotSend, UnknownDevice
from domain.json_types import JSONObject
from domain.questions import platform_of
from state.channels import Channel
from state.ordering import order
from state.queries import Engine
from state.queries.commands import one_command
from state.queries.devices import NAMES, Addressee, addressees, devices_with_user, users_of
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed

BY_PEOPLE = "command:"
"""How the keys begin of commands that people ordered."""

OPEN = ("pending", "sent", "NotNow")
"""States of a command in which its device may still answer."""

LOOK_EVERY = 0.5
"""Seconds between two looks for an answer."""

MOST_NAMED = 20
"""Users that an error lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command for a device or one of its users, checked and addressed; ``hints`` are worth knowing and no error."""

    command: Command
    device_id: str
    sender: str
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom people mean: a device, or a ``user`` of it."""

    device: Addressee
    user: Channel | None = None

    @property
    def id(self) -> str:
        """As commands are addressed."""
        return self.user.id if self.user else self.device.id


def prepare(
    stores: Stores, command: Command, name: str, *, by: tuple[str, ...] = NAMES, user: str | None = None
) -> Order:
    """The order of a command for the device of this name, or for this ``user`` of it.

    Raises: BadCommand; UnknownDevice, also for an unknown user; CannotSend, when several have this name or nothing
    takes commands to it.
    """
    found = find_recipient(stores.engine, name, by=by, user=user)
    device = found.device
    refusal = objection(command, platform=platform_of(device.facts), is_to_user=found.user is not None)
    if refusal:
        raise BadCommand(refusal)
    if device.sender is None:
        raise CannotSend(f"no MDM server has told of the device {device.id} yet, so nobody knows where it is enrolled")
    problem = missing(stores.settings, device.sender) or (found.user.obstacle if found.user else None)
    if problem:
        raise CannotSend(problem)
    # What cannot be written would be found out when it is sent.
    payload(command, "")
    hints = (*advice(command), *_reachable(stores, found))
    return Order(command=command, device_id=found.id, sender=device.sender, hints=hints)


def _reachable(stores: Stores, found: Recipient) -> Iterator[str]:
    """What stands between a command and whom it is for."""
    device, user = found.device, found.user
    if device.enrolled is False:
        yield "the device is not enrolled: nothing reaches it, and once it enrols anew this command is void"
    if user is None:
        return
    if not user.is_enrolled:
        yield f"the user {user.name} is not enrolled at present: nothing reaches them before they log in"
    known = stores.settings.senders.get(device.sender or "")
    if known is not None and known.kind == "micromdm":
        others = devices_with_user(stores.engine, user, device.sender or "")
        if others:
            yield (
                f"the same user is on {', '.join(others)}, and MicroMDM keeps one queue for all of them: whoever asks "
                "first carries it out, and here it may stay unanswered"
            )


def find_recipient(engine: Engine, name: str, *, by: tuple[str, ...] = NAMES, user: str | None = None) -> Recipient:
    """Whom people mean; a user's channel is also called by its own id, `UDID:UserID`.

    Raises: UnknownDevice, which names the users that there are; CannotSend, which names all whom people may mean.
    """
    device_id, colon, user_id = name.partition(":")
    if user is None and colon and "device_id" in by and addressees(engine, device_id, by=("device_id",)):
        name, user = device_id, user_id
    device = find_device(engine, name, by=by)
    return Recipient(device=device, user=_find_user(engine, device, user) if user is not None else None)


def _find_user(engine: Engine, device: Addressee, wanted: str) -> Channel:
    """By id, else by short name."""
    users, called = users_of(engine, device.id), wanted.casefold()
    found = [one for one in users if called in (one.id.casefold(), one.user_id.casefold())]
    found = found or [one for one in users if one.short_name and one.short_name.casefold() == called]
    if len(found) == 1:
        return found[0]
    told = ", ".join(_called(one) for one in (found or users)[:MOST_NAMED])
    if found:
        raise CannotSend(f"several users of {device.id} are called {wanted}: name one of them by its id: {told}")
    there = f"its users are: {told}" if users else "none of its users was heard"
    raise UnknownDevice(f"there is no user {wanted} on the device {device.id}; {there}")


def _called(user: Channel) -> str:
    return f"{user.user_id} ({user.short_name})" if user.short_name not in (None, user.user_id) else user.user_id


def find_device(engine: Engine, name: str, *, by: tuple[str, ...] = NAMES) -> Addressee:
    """Raises: UnknownDevice; CannotSend, which names all whom people may mean."""
    found = addressees(engine, name, by=by)
    if not found:
        raise UnknownDevice(f"there is no device with the {_either(by)} {name} at an MDM server")
    if len(found) > 1:
        ids = ", ".join(device.id for device in found)
        raise CannotSend(f"several devices are called {name}: name one of them by its device id: {ids}")
    return found[0]


def place(stores: Stores, placed: Order, *, now: datetime, key: str | None = None) -> JSONObject:
    """Owe the command and say what became of it. Under a ``key`` that was used before nothing new is owed.

    Raises: CannotSend, when the key was used for another command; DatabaseAway.
    """
    action = SendCommand(
        device_id=placed.device_id,
        sender=placed.sender,
        request_type=placed.command.request_type,
        arguments=dict(placed.command.arguments),
    )
    record = Owed(action=action, key=f"{BY_PEOPLE}{key or uuid.uuid4().hex}").record(now)
    ordered = order(stores.engine, record)
    wanted = (placed.device_id, placed.command.request_type, shown(placed.command))
    if not ordered.is_new and (ordered.device_id, ordered.request_type, ordered.arguments) != wanted:
        raise CannotSend(f"the idempotency key {key} was used for another command: {ordered.id}")
    if ordered.is_new:
        stores.wake_deliverer(record.destination)
    return {
        "id": ordered.id,
        "command_uuid": ordered.command_uuid,
        "device_id": ordered.device_id,
        "request_type": ordered.request_type,
        "state": ordered.state,
        "advice": list(placed.hints),
    }


def wait_for_answer(
    engine: Engine,
    identifier: str,
    *,
    seconds: float,
    monotonic: Callable[[], float],
    pause: Callable[[float], None],
) -> JSONObject:
    """A command as it is once its device has answered or nobody waits for it any more, or after so many seconds."""
    until = monotonic() + seconds
    while True:
        command = one_command(engine, identifier) or {}
        left = until - monotonic()
        if command.get("state") not in OPEN or left <= 0:
            return command
        pause(min(LOOK_EVERY, left))


def _either(names: tuple[str, ...]) -> str:
    words = {"device_id": "id", "udid": "UDID", "serial_number": "serial number"}
    *first, last = (words[name] for name in names)
    return f"{', '.join(first)} or {last}" if first else last
