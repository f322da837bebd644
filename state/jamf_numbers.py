"""What Jamf Pro calls a device that is known by its serial number: for who leads people to its page there."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from domain.notification import serial_key
from state.schema import jamf_devices


@dataclass(frozen=True, slots=True, kw_only=True)
class JamfNumber:
    """``family`` as in domain.jamf_device; ``jamf_id`` is None where no event told the number."""

    sender: str
    family: str
    jamf_id: str | None


def only_jamf_number(engine: Engine, serial_number: str) -> JamfNumber | None:
    """Of the one record of this serial number in all Jamf Pros; None when there is none, or more than one."""
    columns = jamf_devices.c
    query = select(columns.sender, columns.family, columns.jamf_id)
    with engine.connect() as connection:
        wanted = query.where(columns.serial_key == serial_key(serial_number)).limit(2)
        found = [JamfNumber(**row) for row in connection.execute(wanted).mappings()]
    return found[0] if len(found) == 1 else None
