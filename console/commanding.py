"""Commands that people order: to which device, through which MDM server, owed once, and what the device says."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from console.mdm_servers import missing
from console.stores import Stores
from domain.commands import Command, advice, payload, shown
from domain.errors import CannotSend, UnknownDevice
from domain.json_types import JSONObject
from state.ordering import order
from state.queries import Engine
from state.queries.commands import one_command
from state.queries.devices import NAMES, Addressee, addressees
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed

OPEN = ("pending", "sent", "NotNow")
"""States of a command in which its device may still answer."""

LOOK_EVERY = 0.5
"""Seconds between two looks for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command for a device, checked and addressed; ``hints`` are worth knowing and no error."""

    command: Command
    device_id: str
    sender: str
    hints: tuple[str, ...]


def prepare(stores: Stores, command: Command, name: str, *, by: tuple[str, ...] = NAMES) -> Order:
    """The order of a command for the device of this name.

    Raises: BadCommand; UnknownDevice; CannotSend, when several have this name or nothing takes commands to it.
    """
    device = find_device(stores.engine, name, by=by)
    if device.sender is None:
        raise CannotSend(f"no MDM server has told of the device {device.id} yet, so nobody knows where it is enrolled")
    problem = missing(stores.settings, device.sender)
    if problem:
        raise CannotSend(problem)
    # What cannot be written would be found out when it is sent.
    payload(command, "")
    hints = advice(command)
    if device.enrolled is False:
        hints += ("the device is not enrolled: nothing reaches it, and once it enrols anew this command is void",)
    return Order(command=command, device_id=device.id, sender=device.sender, hints=hints)


def find_device(engine: Engine, name: str, *, by: tuple[str, ...] = NAMES) -> Addressee:
    """Raises: UnknownDevice; CannotSend, which names all whom people may mean."""
    found = addressees(engine, name, by=by)
    if not found:
        raise UnknownDevice(f"there is no device with the {_either(by)} {name}")
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
    record = Owed(action=action, key=f"command:{key or uuid.uuid4().hex}").record(now)
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
