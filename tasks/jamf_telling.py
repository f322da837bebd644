"""What was read in a Jamf Pro becomes facts, beside those that its events tell, by the same law.

A read is as old as its beginning less `LAG`: at an event within that time, or of the very same moment, the event wins.
What the server says happened to a device, it tells with the time at which it did.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from clients.jamf_records import JamfRecord
from domain.classification import digest
from domain.clock import believed, rfc3339
from domain.facts import Stamp
from domain.jamf_device import MOBILE_DEVICE, JamfDevice
from state.unit_of_work import UnitOfWork
from tasks.jamf_remembering import remember_record

LAG = timedelta(seconds=15)
"""A cluster's node may not have what another one has written for so long."""

RANK = 0
"""Below that of any event."""


def tell_records(uow: UnitOfWork, sender: str, records: Iterable[JamfRecord], began: datetime) -> None:
    """Records that were read, from a moment on. Who is not among them is not gone: nobody says so."""
    for record in records:
        device = JamfDevice(
            family=record.family,
            jamf_id=record.jamf_id,
            serial_number=record.serial_number,
            udid=record.udid,
            management_id=record.management_id,
        )
        by = digest(sender, record.family, record.jamf_id)
        news = {**record.facts, "enrolled": _enrolled(record), "last_seen_at": None}
        read = Stamp(at=began - LAG, rank=RANK, by=by)
        uow.jamf.tell_device(sender, record.family, device, news, read)
        remember_record(uow, sender, device, record.facts, read.at)
        for name, moment in (("checked_in_at", record.last_contact_at), ("inventory_at", record.report_at)):
            at, refused = believed(moment, began)
            if not refused:
                stamp = Stamp(at=at, rank=RANK, by=by)
                uow.jamf.tell_device(sender, record.family, device, {name: rfc3339(at)}, stamp)


def _enrolled(record: JamfRecord) -> bool | None:
    """As a mobile device's record says. A computer's has a switch there, which people turn by hand."""
    managed = record.facts.get("managed")
    return managed if record.family == MOBILE_DEVICE and isinstance(managed, bool) else None


def tell_policies(uow: UnitOfWork, sender: str, names: Mapping[str, str], began: datetime) -> None:
    """Names of policies by number."""
    for policy_id, name in names.items():
        stamp = Stamp(at=began - LAG, rank=RANK, by=digest(sender, "policy", policy_id))
        uow.jamf.tell_policy(sender, "policy", policy_id, {"name": name}, stamp)


def tell_version(uow: UnitOfWork, sender: str, version: str, began: datetime) -> None:
    stamp = Stamp(at=began - LAG, rank=RANK, by=digest(sender, "version"))
    uow.jamf.tell_server(sender, {"version": version}, stamp)
