"""Handlers that misbehave, registered for topics of their own, so that drains can be seen to cope."""

from domain.device_event import DeviceEvent
from state.unit_of_work import UnitOfWork
from tasks.registry import on


@on("mdm.GetToken")
def refuse_poison(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Raise for an event whose plist says `Poison`."""
    if event.payload.get("Poison"):
        raise RuntimeError("this event is poison")
