"""What devices answer about themselves becomes typed state: lists, security, place; and what changed before."""

from domain.device_event import CONNECT, DeviceEvent
from domain.inventory.answers import Asked, read_answers
from domain.inventory.location import read_location
from domain.inventory.security import read_security
from state.unit_of_work import UnitOfWork
from tasks.registry import on

ANSWERED = ("Acknowledged", "Error")
"""An order to install updates may fail and tell all the same what became of each."""

REMEMBERED = ("OSVersion", "BuildVersion", "DeviceName")
"""Facts whose earlier values are kept."""


@on(CONNECT)
def inventoried(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Lists, recognised by the command when it is ours, else by their keys; a user channel has lists of its own."""
    if event.status in ANSWERED:
        asked = _asked(event, uow)
        for answer in read_answers(event.payload, asked):
            if event.status == "Acknowledged" or answer.list == "os_update_results":
                uow.inventory.tell_list(event.device_id or "", event.channel_id, answer, event.stamp)


@on(CONNECT)
def secured(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Facts of SecurityInfo."""
    if event.status == "Acknowledged":
        news = read_security(event.payload)
        if news:
            uow.inventory.tell_security(event.device_id or "", event.channel_id, news, event.stamp)


@on(CONNECT)
def located(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Where a device in Lost Mode is."""
    if event.status == "Acknowledged" and event.channel_id is None:
        place = read_location(event.payload)
        if place is not None:
            uow.inventory.tell_location(event.device_id or "", place, event.stamp)


@on(CONNECT, "mdm.Authenticate")
def remembered(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Values that a device's facts have had, from check-ins and DeviceInformation."""
    if event.channel_id is not None or event.status not in (None, "Acknowledged"):
        return
    said = event.payload.get("QueryResponses") if event.topic == CONNECT else event.payload
    answers = said if isinstance(said, dict) else {}
    for name in REMEMBERED:
        value = answers.get(name)
        if isinstance(value, str):
            uow.inventory.saw(event.device_id or "", name, value, event.occurred_at)


def _asked(event: DeviceEvent, uow: UnitOfWork) -> Asked | None:
    """The command that this answers, if we sent it, to that server."""
    speaker = event.channel_id or event.device_id or ""
    command = uow.commands.answered_by(event.command_uuid or "", speaker)
    if command is None or command.sender != event.sender:
        return None
    return Asked(request_type=command.request_type, arguments=command.arguments)
