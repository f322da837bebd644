"""What a fleet does all day: devices enrol, poll, answer and leave; licences and records go with them."""

import itertools
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from simulators.apple_notifications import Location, Notification, Work
from simulators.devices import NO_LICENSE, Clock, Device, Message
from simulators.identities import Kind, draw_identity, draw_uuid
from simulators.jamf_events import EVENTS, JamfEvent, Subject, computer, event, mobile

MIX = (Kind.MAC, Kind.MAC_WITH_USER, Kind.IPHONE, Kind.IPAD, Kind.SHARED_IPAD, Kind.USER_ENROLLMENT, Kind.MAC)
"""The kinds in a fleet, in turn."""

_HABITS: dict[str, int] = {
    "idle": 50,
    "device_information": 25,
    "acknowledged": 8,
    "error": 4,
    "not_now": 4,
    "command_format_error": 1,
    "upgrade": 3,
    "token_update": 2,
    "user_idle": 3,
}
"""Of a hundred messages of an enrolled device, about so many are of each sort."""

_JAMF_RARE = 0.05
"""The share of Jamf events that are not a device's everyday ones; those are drawn from all 23."""


def increasing(clock: Clock) -> Clock:
    """The clock, never giving the same moment twice: a later event has a later time, by a microsecond if need be."""
    last = datetime.min.replace(tzinfo=clock().tzinfo)
    lock = threading.Lock()

    def now() -> datetime:
        nonlocal last
        with lock:
            last = max(clock(), last + timedelta(microseconds=1))
            return last

    return now


def make_devices(size: int, *, rng: random.Random, clock: Clock, kinds: Sequence[Kind] = MIX) -> list[Device]:
    """``size`` devices of ``kinds`` in turn; one in eight writes binary plists."""
    turns = itertools.islice(itertools.cycle(kinds), size)
    return [
        Device(draw_identity(kind, rng), rng=rng, clock=clock, binary=number % 8 == 7)
        for number, kind in enumerate(turns)
    ]


def mdm_traffic(devices: Sequence[Device], rng: random.Random) -> Iterator[Message]:
    """Messages of all devices, interleaved at random and without end."""
    lives = [life(device, random.Random(rng.getrandbits(64))) for device in devices]
    while True:
        yield next(rng.choice(lives))


def life(device: Device, rng: random.Random) -> Iterator[Message]:
    """One device: it enrols, polls and answers for a while, leaves, comes back, without end."""
    while True:
        yield from enrolment(device)
        for habit in rng.choices(list(_HABITS), list(_HABITS.values()), k=rng.randint(10, 80)):
            yield _everyday(device, habit, rng)
        yield device.check_out()


def enrolment(device: Device) -> Iterator[Message]:
    """Authenticate, TokenUpdate of the device and of its user, a Mac's bootstrap token, and the first poll."""
    yield device.authenticate()
    yield device.token_update()
    if device.identity.user:
        yield device.token_update(user=True)
    if device.identity.kind in {Kind.MAC, Kind.MAC_WITH_USER}:
        yield device.set_bootstrap_token()
    yield device.idle()


def _everyday(device: Device, habit: str, rng: random.Random) -> Message:
    if habit == "upgrade":
        device.upgrade()
    choices: dict[str, Callable[[], Message]] = {
        "idle": device.idle,
        "device_information": lambda: device.device_information(draw_uuid(rng)),
        "upgrade": lambda: device.device_information(draw_uuid(rng)),
        "acknowledged": lambda: device.acknowledged(draw_uuid(rng)),
        "error": lambda: device.error(draw_uuid(rng), NO_LICENSE),
        "not_now": lambda: device.not_now(draw_uuid(rng)),
        "command_format_error": lambda: device.command_format_error(draw_uuid(rng)),
        "token_update": lambda: device.token_update(renew=True),
        "user_idle": lambda: device.idle(user=bool(device.identity.user)),
    }
    return choices[habit]()


def licence_traffic(location: Location, serial_numbers: Sequence[str], rng: random.Random) -> Iterator[Notification]:
    """Apps assigned to all devices, one app after another and each pair once; purchases and people now and then."""
    yield location.test_notification()
    for adam_id in itertools.count(361_309_726):
        for first in range(0, len(serial_numbers), 10):
            failed = rng.random() < 0.1
            work = Work(
                event_id=location.draw_id(),
                adam_id=str(adam_id),
                error_number=9709 if failed else 0,
                error_message="not enough licences" if failed else "",
            )
            yield from location.asset_management(work, serial_numbers[first : first + 10])
        yield location.asset_count(rng.randint(-5, 50), adam_id=str(adam_id))
        yield location.user_associated(f"u-{adam_id}")
        yield rng.choice([location.unknown, location.unlimited_asset, location.test_notification])()


def jamf_traffic(devices: Sequence[Device], rng: random.Random, clock: Clock) -> Iterator[JamfEvent]:
    """Check-ins, inventories and policies of the devices, and now and then any other event. Without end."""
    macs = [device for device in devices if device.identity.kind.is_mac and device.identity.udid]
    mobiles = [device for device in devices if not device.identity.kind.is_mac and device.identity.udid]
    if not macs or not mobiles:
        raise ValueError("Jamf traffic needs a Mac and a mobile device at least")
    computer_events = ["ComputerCheckIn"] * 6 + ["ComputerInventoryCompleted", "ComputerPolicyFinished"] * 2
    mobile_events = ["MobileDeviceCheckIn", "MobileDeviceCommandCompleted", "MobileDeviceInventoryCompleted"]
    while True:
        names = list(EVENTS) if rng.random() < _JAMF_RARE else rng.choice([computer_events, mobile_events])
        mac, phone = rng.randrange(len(macs)), rng.randrange(len(mobiles))
        if rng.random() < 0.05:
            macs[mac].upgrade()
        yield event(rng.choice(names), jamf_subject((macs[mac], 1 + mac), (mobiles[phone], 1 + phone), rng, clock()))


def jamf_subject(mac: tuple[Device, int], phone: tuple[Device, int], rng: random.Random, at: datetime) -> Subject:
    """The records of a computer and of a mobile device, each given with its number in Jamf Pro."""
    (a_mac, mac_id), (a_phone, phone_id) = mac, phone
    return Subject(
        computer=computer(
            a_mac.identity, name=a_mac.name, os_version=a_mac.os_version, os_build=a_mac.build, jss_id=mac_id
        ),
        mobile=mobile(
            a_phone.identity, name=a_phone.name, os_version=a_phone.os_version, os_build=a_phone.build, jss_id=phone_id
        ),
        at=at,
        rng=rng,
    )
