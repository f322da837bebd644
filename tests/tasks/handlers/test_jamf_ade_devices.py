"""Devices that Automated Device Enrollment lists."""

from state.schema import jamf_ade_devices
from tasks.process import process
from tests.deliveries import MINUTE, NOON
from tests.jamf import told
from tests.tasks.lab import only_row

LATER = NOON + MINUTE


def test_a_device_is_listed_by_an_enrolment_instance(services, engine):
    fields = {
        "serialNumber": "qf7h2lk0mx",
        "deviceAssignedDate": 1_772_366_400,
        "deviceEnrollmentProgramInstanceId": 3,
        "assetTag": "P-1",
    }
    process([told("DeviceAddedToDEP", fields, at=LATER)], services)

    row = only_row(engine, jamf_ade_devices)
    assert (row["instance_id"], row["serial_key"], row["assigned_at"], row["asset_tag"]) == (
        "3",
        "QF7H2LK0MX",
        NOON,
        "P-1",
    )
