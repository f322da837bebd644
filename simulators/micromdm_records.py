"""What MicroMDM remembers of its devices, for ``POST /v1/devices``.

Source: https://github.com/micromdm/micromdm/blob/v1.13.1/platform/device/worker.go
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from domain.json_types import JSONObject
from simulators.devices import Message
from simulators.golang import go_time, utc

NEVER = "0001-01-01T00:00:00Z"


@dataclass(slots=True, kw_only=True)
class Record:
    """A device as the list shows it. One known from Apple's enrolment programme alone has no ``udid`` yet."""

    serial_number: str
    udid: str = ""
    enrollment_status: bool = False
    last_seen: str = NEVER
    dep_profile_status: str = ""


class Records:
    """All devices. User Enrollments are not among them, nor users."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def add_dep(self, serial_number: str, status: str) -> None:
        """Apple says that this device is ours; nobody has seen it."""
        self._records.append(Record(serial_number=serial_number, dep_profile_status=status))

    def note(self, message: Message) -> None:
        """What a message changes: any of a known device is a sighting, check-ins of the device itself also enrol it."""
        udid = message.content.get("UDID", "")
        if not udid:
            return
        record = self._find(udid)
        if message.topic == "mdm.Authenticate":
            record = record or self._begin(str(message.content.get("SerialNumber", "")))
            record.udid, record.enrollment_status = udid, False
        if record is None or (message.of_user and message.topic == "mdm.TokenUpdate"):
            return
        if message.topic == "mdm.TokenUpdate":
            record.enrollment_status = True
        elif message.topic == "mdm.CheckOut":
            record.enrollment_status = False
        record.last_seen = go_time(utc(message.at))

    def listing(self, serial_numbers: Sequence[str]) -> list[JSONObject] | None:
        """All, or those with one of ``serial_numbers``; None rather than an empty list, as Go has it."""
        chosen = [record for record in self._records if not serial_numbers or record.serial_number in serial_numbers]
        return [asdict(record) for record in chosen] or None

    def _find(self, udid: str) -> Record | None:
        return next((record for record in self._records if record.udid == udid), None)

    def _begin(self, serial_number: str) -> Record:
        """The record from Apple's programme, or a new one."""
        for record in self._records:
            if serial_number and record.serial_number == serial_number:
                return record
        self._records.append(Record(serial_number=serial_number))
        return self._records[-1]
