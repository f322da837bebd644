"""Bootstrap tokens of Macs: that there is one, since when, and which; never the token itself."""

from domain import plist
from domain.device_event import DeviceEvent
from state.unit_of_work import UnitOfWork
from tasks.registry import on


@on("mdm.SetBootstrapToken")
def escrowed(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Source: https://developer.apple.com/documentation/devicemanagement/setbootstraptokenrequest"""
    uow.devices[event.device_id or ""].learn(
        {"BootstrapToken": plist.jsonable(event.payload.get("BootstrapToken"))}, event.stamp
    )
