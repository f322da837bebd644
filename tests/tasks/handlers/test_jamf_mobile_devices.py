import json

import pytest
from sqlalchemy import func, select

from domain.envelope import Envelope
from simulators.jamf import Form, write
from state.schema import actions
from tasks.process import process
from tests.deliveries import NOON, again, envelope
from tests.tasks.telling import owed, telling

EVENTS = {"MobileDeviceEnrolled": "device_enrolled", "MobileDeviceUnEnrolled": "device_left"}
IPAD = {
    "deviceName": "Pier <4> & “Quay”",
    "model": "iPad14,9",
    "modelDisplay": "iPad Air",
    "serialNumber": "DMPX0001",
    "jssID": 7731,
    "udid": "0000",
}


def document(topic, fields, **webhook):
    about = {"id": 30, "name": "receiver", "webhookEvent": topic, "eventTimestamp": 1_772_366_400_999, **webhook}
    return {"webhook": about, "event": fields}


def delivery(topic="MobileDeviceEnrolled", fields=IPAD, *, form=None, **webhook) -> Envelope:
    return envelope(write(document(topic, fields, **webhook), form or Form()), kind="jamf")


@pytest.mark.parametrize("topic", EVENTS)
@pytest.mark.parametrize("form", [Form(), Form(xml=True), Form(xml=True, pretty=True)], ids=["json", "xml", "pretty"])
def test_a_mobile_device_that_comes_or_goes_is_told_of(services, engine, topic, form):
    process([delivery(topic, form=form)], telling(services))

    assert owed(engine) == [
        (
            EVENTS[topic],
            {
                "sender": "jamf",
                "name": "Pier <4> & “Quay”",
                "model": "iPad Air",
                "serial_number": "DMPX0001",
                "jamf_id": "7731",
                "at": "2026-03-01T12:00:00.999000Z",
            },
        )
    ]
    assert owed(engine, "post_chat") == owed(engine)


def test_the_same_event_again_or_replayed_says_nothing_new(services, engine):
    first = delivery()
    process([first], telling(services))

    process([again(first)], telling(services))
    process(
        [envelope(first.body, kind="jamf", received_at=first.received_at, key=first.key, replay_of="0" * 32)],
        telling(services),
    )

    assert len(owed(engine)) == 1


def test_another_enrolment_of_the_same_device_is_told(services, engine):
    process([delivery(), delivery(eventTimestamp=1_772_366_500_000)], telling(services))

    assert len(owed(engine)) == 2


@pytest.mark.parametrize("topic", ["ComputerAdded", "MobileDeviceCheckIn", "DeviceAddedToDEP", "Orchard"])
def test_other_events_say_nothing(services, engine, topic):
    process([delivery(topic)], telling(services))

    assert owed(engine) == []


def test_nobody_is_told_where_nobody_is_configured(services, engine):
    process([delivery()], services)

    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(actions)) == 0


@pytest.mark.parametrize("odd", ["", None, [], {}, True, "x" * 70_000, "nul \x00", "\ud800", -1.5, 2**70])
def test_fields_may_hold_anything(services, engine, odd):
    body = json.dumps(document("MobileDeviceEnrolled", {**dict.fromkeys(IPAD, odd), "room": "Pier"})).encode()

    process([envelope(body, kind="jamf", received_at=NOON)], telling(services))

    [(_, facts)] = owed(engine)
    assert all(len(value) <= 300 for value in facts.values())
    assert not any("\x00" in value for value in facts.values())
