"""Answers to DeviceInformation become facts of the device, or of the user who was asked, under Apple's names."""

from domain import plist
from domain.device_event import CONNECT, DeviceEvent
from state.records import OURS
from state.unit_of_work import UnitOfWork
from tasks.registry import on

MOST_FACTS = 200
LONGEST_NAME = 100


@on(CONNECT)
def informed(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Recognised by its content, as not every device repeats the request type.

    Source: https://developer.apple.com/documentation/devicemanagement/deviceinformationresponse/queryresponses
    """
    answers = event.payload.get("QueryResponses")
    if event.status == "Acknowledged" and isinstance(answers, dict):
        named = {name: value for name, value in answers.items() if name not in OURS and 0 < len(name) <= LONGEST_NAME}
        facts = {name: plist.jsonable(value) for name, value in sorted(named.items())[:MOST_FACTS]}
        speaker = uow.user_channels[event.channel_id] if event.channel_id else uow.devices[event.device_id or ""]
        speaker.learn(facts, event.stamp)
