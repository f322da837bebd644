"""What goes on in the demo: at first everybody enrols and gets apps, then now this happens and now that, for ever."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from simulators.apple_notifications import Location, Notification, Work
from simulators.demo_jamf import JamfRecords
from simulators.demo_world import World
from simulators.jamf_events import event
from simulators.lives import increasing, jamf_subject, jamf_traffic
from simulators.managed_device import ManagedDevice
from simulators.managed_fleet import ManagedFleet
from simulators.profiles import Profile

TICK = 0.25
"""Seconds from one `Life.tick` to the next."""

U_ID = "2049000000000001"

APPS = {"361309726": 1.0, "361285480": 0.8, "361304891": 0.5, "408709785": 0.3}
"""adamId → the share of the devices that get it at first."""

CHUNK = 20
"""Devices of one request to assign an app, as an administrator clicks them together."""

ENROL_WITHIN = 20.0
"""Seconds in which all devices enrol at first."""

ASSIGN_EVERY = 1.5
"""Seconds between two chunks at first: of some devices Apple speaks before they enrol."""

CHANGE_EVERY = 10.0
"""Seconds between two changes on a device that nobody is told of."""

FAILED_SHARE = 0.06
NOT_ENOUGH = (9709, "not enough licences")

PEOPLE = 40
BACKLOG = 500
"""With so many events not delivered, nothing new happens: Windfall is away, and memory is not for free."""

Member = tuple[ManagedFleet, ManagedDevice]


class Life:
    """``tick`` it. What happens is drawn from ``rng``, and what only changes on devices by itself, from a constant."""

    def __init__(self, world: World, *, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self._chance = random.Random(1)
        self._clock = increasing(lambda: datetime.now(UTC))
        self._location = Location(U_ID, rng=rng)
        self._jamf_records = JamfRecords(world.jamf_server, world.jamf_devices)
        self._jamf = jamf_traffic(world.jamf_devices, rng, self._clock)
        self._to_enrol = world.members()
        rng.shuffle(self._to_enrol)
        self._at_once = max(1, round(len(self._to_enrol) * TICK / ENROL_WITHIN))
        everybody = [member.serial_number for _, member in world.members() if not _is_private(member)]
        self._serial_numbers = everybody
        self._first = list(self._first_assignments())
        self._ticks = 0
        self._happenings: Mapping[Callable[[], None], float] = {
            self._poll: 0.5,
            self._jamf_event: 0.8,
            self._licences_come: 20.0,
            self._wipe: 25.0,
            self._purchase: 30.0,
            self._person: 40.0,
            self._licence_goes: 45.0,
            self._leave: 50.0,
            self._come_back: 50.0,
            self._jamf_enrolment: 60.0,
            self._failure: 90.0,
            self._something_new: 120.0,
        }

    def tick(self) -> None:
        """A quarter of a second of life, at most; none of it while Windfall does not listen."""
        if sum(sender.pending for sender in self._world.senders) > BACKLOG:
            return
        for fleet, member in self._to_enrol[: self._at_once]:
            fleet.enrol([member])
        del self._to_enrol[: self._at_once]
        if self._first and self._ticks % round(ASSIGN_EVERY / TICK) == 0:
            self._send(self._first.pop(0))
        self._ticks += 1
        if self._ticks % round(CHANGE_EVERY / TICK) == 0:
            self._change()
        for happening, every_s in self._happenings.items():
            if self._rng.random() < TICK / every_s:
                happening()

    def _first_assignments(self) -> Iterator[Sequence[Notification]]:
        """A test and the purchases; then app by app, a chunk of devices at a time."""
        bought = [self._location.asset_count(len(self._serial_numbers) + 20, adam_id=app) for app in APPS]
        yield [self._location.test_notification(), *bought]
        for adam_id, share in APPS.items():
            chosen = self._rng.sample(self._serial_numbers, max(1, round(share * len(self._serial_numbers))))
            for first in range(0, len(chosen), CHUNK):
                yield self._assigned(adam_id, chosen[first : first + CHUNK], failed=self._rng.random() < FAILED_SHARE)

    def _assigned(self, adam_id: str, serial_numbers: Sequence[str], *, failed: bool = False) -> list[Notification]:
        number, words = NOT_ENOUGH if failed else (0, "")
        work = Work(event_id=self._location.draw_id(), adam_id=adam_id, error_number=number, error_message=words)
        return list(self._location.asset_management(work, serial_numbers))

    def _send(self, notifications: Sequence[Notification]) -> None:
        """Apple knows of a licence before it says so."""
        for notification in notifications:
            body = notification.notification
            if notification.notification_type == "ASSET_MANAGEMENT" and body["result"] == "SUCCESS":
                pairs = {(pair["serialNumber"], pair["adamId"]) for pair in body["assignments"]}
                if body["type"] == "ASSOCIATE":
                    self._world.licences.update(pairs)
                else:
                    self._world.licences.difference_update(pairs)
            self._world.apple.send(notification)

    def _draw(self, *, enrolled: bool) -> Member | None:
        """One of those that are enrolled, or of those that left; None when there is none."""
        chosen = [one for one in self._world.members() if one[1].enrolments and one[1].enrolled is enrolled]
        return self._rng.choice(chosen) if chosen else None

    def _poll(self) -> None:
        if drawn := self._draw(enrolled=True):
            fleet, member = drawn
            fleet.wake(member.device_id)

    def _wipe(self) -> None:
        """It comes back with the same number, perhaps with a newer system, and wants its apps again."""
        if drawn := self._draw(enrolled=True):
            fleet, member = drawn
            if self._rng.random() < 0.3:
                member.inventory.update_os()
            fleet.wipe([member])

    def _change(self) -> None:
        """Something on a device is another from now on; nobody is told before the next inventory."""
        here = [member for _, member in self._world.members() if member.enrolled]
        if here:
            inventory, number = self._chance.choice(here).inventory, self._chance.randrange(100)
            changes: Sequence[Callable[[], object]] = (
                inventory.offer_update,
                inventory.update_os,
                lambda: inventory.rename(f"Desk {number}"),
                lambda: inventory.install_app("Torch", identifier="com.example.torch"),
                lambda: inventory.remove_app("com.example.torch"),
                lambda: inventory.install_profile(Profile(identifier="com.example.vpn", name=f"VPN {number}")),
                lambda: inventory.know(AvailableDeviceCapacity=float(number)),
            )
            self._chance.choice(changes)()

    def _leave(self) -> None:
        if drawn := self._draw(enrolled=True):
            fleet, member = drawn
            fleet.check_out([member])

    def _come_back(self) -> None:
        if drawn := self._draw(enrolled=False):
            fleet, member = drawn
            fleet.enrol([member])

    def _licences_come(self) -> None:
        """For devices that lack them, also for those that lost them."""
        adam_id = self._rng.choice(list(APPS))
        without = [serial for serial in self._serial_numbers if (serial, adam_id) not in self._world.licences]
        if without:
            self._send(self._assigned(adam_id, self._rng.sample(without, min(3, len(without)))))

    def _licence_goes(self) -> None:
        if self._world.licences:
            serial_number, adam_id = self._rng.choice(sorted(self._world.licences))
            work = Work(event_id=self._location.draw_id(), type="DISASSOCIATE", adam_id=adam_id)
            self._send(list(self._location.asset_management(work, [serial_number])))

    def _failure(self) -> None:
        adam_id = self._rng.choice(list(APPS))
        chosen = self._rng.sample(self._serial_numbers, min(4, len(self._serial_numbers)))
        without = [serial for serial in chosen if (serial, adam_id) not in self._world.licences]
        if without:
            self._send(self._assigned(adam_id, without, failed=True))

    def _purchase(self) -> None:
        self._send([self._location.asset_count(self._rng.randint(-5, 10), adam_id=self._rng.choice(list(APPS)))])

    def _person(self) -> None:
        """Somebody is invited, or accepts."""
        name = f"person-{self._rng.randrange(PEOPLE)}"
        email = f"{name}@quillfeather.example"
        if self._rng.random() < 0.5:
            self._send([self._location.user_associated(name, email=email)])
        else:
            work = Work(event_id=self._location.draw_id(), type="CREATE")
            user = {"clientUserId": name, "email": email, "status": "Registered"}
            self._send([self._location.user_management(work, [user])])

    def _something_new(self) -> None:
        self._send([self._location.unknown()])

    def _jamf_event(self) -> None:
        happened = next(self._jamf)
        self._jamf_records.follow(happened)
        self._world.jamf.send(happened)

    def _jamf_enrolment(self) -> None:
        macs = [device for device in self._world.jamf_devices if device.identity.kind.is_mac]
        mobiles = [device for device in self._world.jamf_devices if not device.identity.kind.is_mac]
        number = self._rng.randrange(len(mobiles))
        subject = jamf_subject((macs[0], 1), (mobiles[number], 1 + number), self._rng, self._clock())
        self._world.jamf.send(event("MobileDeviceEnrolled", subject))


def _is_private(member: ManagedDevice) -> bool:
    """Nobody learns the serial number of a User Enrollment, so nothing is assigned to it."""
    return member.device.identity.kind.is_user_enrollment
