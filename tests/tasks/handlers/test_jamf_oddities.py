"""What no server should send, and what no store should hold: every event is kept, and nothing breaks."""

import json
from urllib.parse import urlencode

import pytest

from simulators.jamf import Form
from state.schema import event_bodies, events, jamf_devices, metadata
from tasks.process import process
from tests.databases import ON_POSTGRESQL
from tests.deliveries import NOON, again, envelope, replayed
from tests.jamf import all_events, delivered, subject, told
from tests.tasks.lab import only_row, rows

MAC = {"jssID": 7731, "serialNumber": "QF7H2LK0MX", "udid": "3B0D6E52", "deviceName": "atlas", "osVersion": "15.4"}
TABLES = [table for table in metadata.sorted_tables if table.name.startswith("jamf_")]

pytestmark = ON_POSTGRESQL


@pytest.mark.parametrize("form", ["json", "xml", "form"])
def test_the_password_of_a_challenge_is_not_kept_and_the_event_is(services, engine, form):
    fields = {
        "targetDevice": dict(subject().mobile),
        "targetUser": {"username": "kiosk", "password": "hunter2-hunter2"},
    }
    event = told("SCEPChallenge", {**fields, "challenge": "hunter2-hunter2"}, form=Form(xml=form == "xml"))
    if form == "form":
        event = envelope(urlencode({"payload": event.body.decode()}).encode(), kind="jamf", received_at=NOON)

    process([event], services)

    row = only_row(engine, events)
    assert (row["status"], row["type"], "redacted" in row["flags"]) == ("processed", "SCEPChallenge", True)
    assert row["details"]["serial_number"] == subject().mobile["serialNumber"]
    assert "hunter2" not in str(row)
    assert b"hunter2" not in only_row(engine, event_bodies)["body"]
    assert rows(engine, jamf_devices) == []


def test_an_event_that_nobody_knows_is_kept_and_changes_nothing(services, engine):
    process([told("ComputerTeleported", {**MAC, "destination": "Mars"})], services)

    row = only_row(engine, events)
    assert (row["status"], row["type"], row["device_id"]) == ("processed", "ComputerTeleported", None)
    assert rows(engine, jamf_devices) == []


@pytest.mark.parametrize(
    "odd", ["", None, [], {}, True, "x" * 70_000, "nul \x00", "\ud800", -1.5, 2**70, ["a", {"b": 1}]]
)
def test_any_field_of_any_event_may_hold_anything(services, engine, odd):
    inner = dict.fromkeys(subject().computer, odd)
    arrivals = []
    for said in all_events():
        fields = dict.fromkeys(said.event, odd)
        webhook = {"id": 1, "name": odd, "webhookEvent": said.name, "eventTimestamp": 1_772_366_400_000}
        for event in (fields, {**fields, "computer": inner}, {**fields, "targetDevice": inner, "room": "Pier"}):
            body = json.dumps({"webhook": webhook, "event": event}).encode()
            arrivals.append(envelope(body, kind="jamf", received_at=NOON))

    process(arrivals, services)

    found = rows(engine, events)
    assert len(found) == len({each.key for each in arrivals})
    assert {row["status"] for row in found} == {"processed"}


def test_late_and_repeated_deliveries_of_all_events_change_nothing(services, engine):
    arrivals = [delivered(said) for said in all_events()]
    process(arrivals, services)
    before = _state(engine)

    process([again(each) for each in reversed(arrivals)], services)
    stored = {bytes(row["key"]).hex(): row["id"] for row in rows(engine, events)}
    process([replayed(each, stored[each.key]) for each in arrivals], services)

    assert _state(engine) == before


def _state(engine):
    return {table.name: rows(engine, table) for table in TABLES}
