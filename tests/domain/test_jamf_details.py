"""What an event of Jamf Pro shows without its body."""

import json

import pytest

from domain.jamf_details import jamf_details
from domain.jamf_event import read_jamf_event
from tests.deliveries import NOON
from tests.jamf import all_events


def read(topic, event):
    return read_jamf_event({"event": event}, sender="jamf", topic=topic, key="k", occurred_at=NOON)


@pytest.mark.parametrize("said", all_events(), ids=lambda said: said.name)
def test_details_are_short_and_hold_no_secret(said):
    event = {**said.event, "targetUser": {"password": "hunter2"}} if said.name == "SCEPChallenge" else said.event

    details = json.dumps(jamf_details(read(said.name, event)))

    assert len(details) < 2_000
    assert "hunter2" not in details
    assert details != "{}"
