"""Computers and mobile devices as Jamf Pro records them: what they are and were, and when they were heard of."""

from domain.clock import rfc3339
from domain.jamf_event import JamfEvent
from domain.json_types import JSONObject
from state.unit_of_work import UnitOfWork
from tasks.jamf_remembering import remember_record
from tasks.registry import on

TIMES = {
    "ComputerAdded": ("enrolled_at",),
    "ComputerCheckIn": ("checked_in_at",),
    "ComputerInventoryCompleted": ("inventory_at",),
    "ComputerPatchPolicyCompleted": (),
    "ComputerPolicyFinished": (),
    "ComputerPushCapabilityChanged": ("push_capability_changed_at",),
    "DeviceRateLimited": ("rate_limited_at",),
    "MobileDeviceCheckIn": ("checked_in_at",),
    "MobileDeviceCommandCompleted": ("last_command_at",),
    "MobileDeviceEnrolled": ("enrolled_at",),
    "MobileDeviceInventoryCompleted": ("inventory_at",),
    "MobileDevicePushSent": ("push_sent_at",),
    "MobileDeviceUnEnrolled": ("un_enrolled_at",),
    "PushSent": ("push_sent_at",),
}
"""What happened to the device at the time of the event."""

ENROLLED = {"ComputerAdded": True, "MobileDeviceEnrolled": True, "MobileDeviceUnEnrolled": False}
"""No event tells that a computer has left."""

PUSHES = ("MobileDevicePushSent", "PushSent")
"""What the server did, whether or not the device was there to hear it."""


@on(*TIMES)
def record_jamf_device(event: JamfEvent, uow: UnitOfWork) -> None:
    """Every event of a device repeats what Jamf Pro knows of it. One that names no device changes nothing.

    Source: https://developer.jamf.com/developer-guide/docs/webhooks
    """
    device = event.device
    if device is None:
        return
    at = rfc3339(event.occurred_at)
    news: JSONObject = {**device.facts, **dict.fromkeys(TIMES[event.topic], at)}
    news["enrolled"] = ENROLLED.get(event.topic)
    if event.topic in PUSHES:
        news["last_seen_at"] = None
    if event.topic == "ComputerCheckIn":
        news |= {"trigger": event.fields.get("trigger"), "console_username": event.fields.get("username")}
    uow.jamf.tell_device(event.sender, device.family, device, news, event.stamp)


@on(*TIMES)
def remember_jamf_device(event: JamfEvent, uow: UnitOfWork) -> None:
    """Values that facts of a record have had."""
    if event.device is not None:
        remember_record(uow, event.sender, event.device, event.device.facts, event.occurred_at)
