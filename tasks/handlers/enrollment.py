"""Enrolment: Authenticate begins one, TokenUpdate makes it reachable, CheckOut ends it. Users have their own."""

from domain import plist
from domain.device_event import CONNECT, DeviceEvent
from domain.json_types import JSONObject
from state.records import AUTHENTICATED, ENROLMENT, LEFT, OWN_QUEUE, PUSH
from state.unit_of_work import UnitOfWork
from tasks.registry import on

FACTS = ("SerialNumber", "DeviceName", "Model", "ModelName", "ProductName", "OSVersion", "BuildVersion", "IMEI", "MEID")
"""Keys of an Authenticate message. Source: https://developer.apple.com/documentation/devicemanagement/authenticaterequest"""

USER_FACTS = ("UserID", "UserShortName", "UserLongName", "EnrollmentUserID", "NotOnConsole")


@on("mdm.Authenticate")
def authenticated(event: DeviceEvent, uow: UnitOfWork) -> None:
    """A fresh device: what it is becomes known, and until its TokenUpdate it is neither enrolled nor reachable.

    MDM servers clear its queue, so commands sent before are void. NanoMDM clears those of its users too, MicroMDM not.
    Source: https://github.com/micromdm/nanomdm/blob/main/storage/ (`ClearQueue`, checked 2026-11)
    """
    device = uow.devices[event.device_id or ""]
    device.learn({name: plist.jsonable(event.payload.get(name)) for name in FACTS}, event.stamp)
    begun = {"enrolled": False, "sender": event.sender}
    device.learn({ENROLMENT: begun, PUSH: {}, AUTHENTICATED: True}, event.stamp)
    for command in uow.commands.open_of(event.device_id or "", users=event.has_ids):
        if command.called_at is not None and command.called_at < event.occurred_at:
            command.change(state="void", error="the device was enrolled anew before it answered", next_push_at=None)


@on("mdm.TokenUpdate")
def enrolled(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Push credentials of a device or of one of its users; the first of an enrolment completes it."""
    speaker = uow.user_channels[event.channel_id] if event.channel_id else uow.devices[event.device_id or ""]
    news: JSONObject = {
        ENROLMENT: {"enrolled": True, "sender": event.sender},
        PUSH: {name: plist.jsonable(event.payload.get(name)) for name in ("Topic", "Token", "PushMagic")},
        "UnlockToken": plist.jsonable(event.payload.get("UnlockToken")),
        "AwaitingConfiguration": plist.jsonable(event.payload.get("AwaitingConfiguration")),
        "token_update_tally": event.token_update_tally,
    }
    if event.channel_id:
        news |= {name: plist.jsonable(event.payload.get(name)) for name in USER_FACTS}
        news[OWN_QUEUE] = event.has_own_queue
    speaker.learn(news, event.stamp)


@on("mdm.CheckOut")
def checked_out(event: DeviceEvent, uow: UnitOfWork) -> None:
    """The management profile was removed. Whoever speaks for the device after that has enrolled it anew."""
    speaker = uow.user_channels[event.channel_id] if event.channel_id else uow.devices[event.device_id or ""]
    speaker.learn({ENROLMENT: {"enrolled": False, "sender": event.sender}, LEFT: True}, event.stamp)


@on(CONNECT)
def configured(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Setup Assistant goes on once the command that it waits for is acknowledged; no TokenUpdate tells of it.

    Source: https://github.com/apple/device-management/blob/release/mdm/checkin/tokenupdate.yaml
    (`AwaitingConfiguration`, checked 2026-11)
    """
    if event.status != "Acknowledged":
        return
    command = uow.commands.answered_by(event.command_uuid or "", event.channel_id or event.device_id or "")
    is_ours = command is not None and command.sender == event.sender
    asked = command.request_type if command is not None and is_ours else event.payload.get("RequestType")
    if asked == ("UserConfigured" if event.channel_id else "DeviceConfigured"):
        speaker = uow.user_channels[event.channel_id] if event.channel_id else uow.devices[event.device_id or ""]
        speaker.learn({"AwaitingConfiguration": False}, event.stamp)
