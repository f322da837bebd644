"""Everything that a batch of events may change, found before anything is: it is locked and read first, in one order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from domain import plist
from domain.device_event import CONNECT, LONGEST_ID, DeviceEvent
from domain.facts import fact
from domain.json_types import JSON
from domain.notification import Notification, Pair, serial_key
from state.keys import assignment_id
from state.locks import lock_of_pair, lock_of_serial, lock_of_user
from state.settling import INSTALL
from state.unit_of_work import UnitOfWork
from tasks.removing import REMOVE
from tasks.story import Story

_ANSWERS = ("Acknowledged", "Error", "CommandFormatError")

_ENROLMENT = ("mdm.Authenticate", "mdm.TokenUpdate", "mdm.CheckOut")


@dataclass(slots=True, kw_only=True)
class Reach:
    """The usable events of a batch: an inbox holds those of devices or of Apple, never both.

    ``adam_ids`` are the apps that Apple's notifications are about; None for devices, as all their apps may be.
    """

    devices: list[DeviceEvent] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)

    @property
    def adam_ids(self) -> set[str] | None:
        if self.devices:
            return None
        return {pair.adam_id for _, pair in self._pairs()}

    def prepare(self, uow: UnitOfWork) -> None:
        """Lock and read: devices, their users, then serial numbers and Apple's users, then what hangs on them."""
        ids = {event.device_id or "" for event in self.devices}
        uow.devices.lock(dict.fromkeys(ids))
        channels = {event.channel_id: event.device_id for event in self.devices if event.channel_id}
        uow.user_channels.lock(channels)
        pairs = {assignment_id(u_id, pair): (u_id, pair) for u_id, pair in self._pairs()}
        users = {(n.u_id or "", user.client_user_id) for n in self.notifications for user in n.users}
        uow.take_locks(
            {
                *(lock_of_pair(u_id, pair) for u_id, pair in pairs.values()),
                *(lock_of_user(*names) for names in users),
                *(lock_of_serial(key) for key in self._device_serials(uow) if key),
            }
        )
        uow.assignments.load(pairs)
        uow.users.load(users)
        self._load_commands(uow)

    def serial_keys(self, uow: UnitOfWork) -> set[str]:
        """Serial numbers of which one side may have changed, once the events were decided on."""
        changed = {e.device_id or "" for e in self.devices if _may_enrol(e) or _may_owe(e, uow)}
        ours = {_serial_of(uow, device_id) for device_id in changed}
        apples = {serial_key(pair.serial_number) for _, pair in self._pairs() if pair.serial_number}
        return (ours | apples) - {""}

    def _pairs(self) -> Iterator[tuple[str, Pair]]:
        for notification in self.notifications:
            for pair in notification.assignments:
                yield notification.u_id or "", pair

    def _device_serials(self, uow: UnitOfWork) -> Iterator[str]:
        """The serial numbers that these devices have, and those that they are about to say."""
        for event in self.devices:
            if _may_enrol(event) or _is_result(event):
                yield _serial_of(uow, event.device_id or "")
                answers = event.payload.get("QueryResponses")
                for said in (event.payload, answers if isinstance(answers, dict) else {}):
                    yield _key(plist.jsonable(said.get("SerialNumber")))

    def _load_commands(self, uow: UnitOfWork) -> None:
        results = [event for event in self.devices if _is_result(event)]
        uow.commands.load_answered((e.command_uuid or "", e.channel_id or e.device_id or "") for e in results)
        begun = [event for event in self.devices if event.topic == "mdm.Authenticate"]
        users = uow.channel_ids_of({e.device_id or "" for e in begun if e.has_ids})
        uow.commands.load_open([*(e.device_id or "" for e in begun), *users])
        uow.installs.load_of_commands(uow.commands.ids())
        uow.installs.load_of_devices(
            e.device_id or "" for e in results if isinstance(e.payload.get("ManagedApplicationList"), dict)
        )


def reach_of(stories: Sequence[Story]) -> Reach:
    events = [story.event for story in stories if story.event is not None and story.event.usable]
    return Reach(
        devices=[event for event in events if isinstance(event, DeviceEvent)],
        notifications=[event for event in events if isinstance(event, Notification) and event.topic in _ABOUT_LICENCES],
    )


_ABOUT_LICENCES = ("ASSET_MANAGEMENT", "USER_MANAGEMENT", "USER_ASSOCIATED")


def _may_enrol(event: DeviceEvent) -> bool:
    return event.channel_id is None and (
        event.topic in _ENROLMENT or (event.topic == CONNECT and "QueryResponses" in event.payload)
    )


def _is_result(event: DeviceEvent) -> bool:
    return event.topic == CONNECT and event.command_uuid is not None


def _may_owe(event: DeviceEvent, uow: UnitOfWork) -> bool:
    """What a device answers: a licence that came after a refusal, or went before, may have been heard before it.

    An app that was waited for to be removed may be sent now.
    """
    if event.channel_id is not None or event.status not in _ANSWERS:
        return False
    command = uow.commands.answered_by(event.command_uuid or "", event.device_id or "")
    if command is None or command.request_type not in (INSTALL, REMOVE):
        return False
    install = uow.installs.of_command(command.id, command.device_id)
    is_released = install is not None and install.state == "released"
    return command.request_type == REMOVE or event.status != "Acknowledged" or is_released


def _serial_of(uow: UnitOfWork, device_id: str) -> str:
    return _key(fact(uow.devices[device_id].facts, "SerialNumber"))


def _key(serial_number: JSON) -> str:
    """As it is in the column, so empty for what no column takes."""
    return serial_key(serial_number) if isinstance(serial_number, str) and len(serial_number) <= LONGEST_ID else ""
