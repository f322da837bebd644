"""Whoever speaks is there: first and last time heard, ids, and polls that say nothing else."""

from domain.classification import digest
from domain.clock import EARLIEST
from domain.device_event import DeviceEvent
from domain.facts import Stamp
from domain.kinds import TYPES
from state.unit_of_work import UnitOfWork
from tasks.registry import on


@on(*TYPES["nanomdm"])
def hear(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Note the device, and the user channel that spoke; idle polls are counted where they came from."""
    device = uow.devices[event.device_id or ""]
    speaker = uow.user_channels[event.channel_id] if event.channel_id else device
    device.see(event.occurred_at)
    speaker.see(event.occurred_at)
    if event.is_idle:
        speaker.polled()
    ids = {"sender": event.sender, "udid": event.udid, "enrollment_id": event.enrollment_id}
    if event.is_idle:
        # The oldest of stamps: a poll names a device that nothing else has named, and never rewrites the row of one
        # that is known. Polls are most of all traffic.
        for name, value in ids.items():
            device.learn({name: value}, Stamp(at=EARLIEST, rank=0, by=digest(str(value))))
    else:
        device.learn(ids, event.stamp)
