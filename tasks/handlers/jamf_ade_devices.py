"""Devices that Automated Device Enrollment lists for a Jamf Pro server, enrolled or not."""

from domain.clock import rfc3339
from domain.device_event import LONGEST_ID
from domain.jamf_event import JamfEvent
from state.unit_of_work import UnitOfWork
from tasks.registry import on

FACTS = ("assetTag", "description", "deviceAssignedDate", "model")


@on("DeviceAddedToDEP")
def record_ade_device(event: JamfEvent, uow: UnitOfWork) -> None:
    """The device has no record in Jamf Pro yet. Without a serial number it is nobody's.

    Source: https://developer.jamf.com/developer-guide/docs/webhooks
    """
    serial_number = event.text("serialNumber")
    if serial_number is None or len(serial_number) > LONGEST_ID:
        return
    news = {**{name: event.fields.get(name) for name in FACTS}, "told_at": rfc3339(event.occurred_at)}
    instance_id = event.identifier("deviceEnrollmentProgramInstanceId")
    uow.jamf.tell_ade_device(event.sender, instance_id, serial_number, news, event.stamp)
