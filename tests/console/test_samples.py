"""Samples are what their vendors send: the door takes them, and the workers understand them."""

from datetime import UTC, datetime

import pytest

from console.samples import sample, type_named
from domain.classification import Arrival, classify
from domain.device_event import read_device_event
from domain.errors import BadQuery
from domain.json_body import parse_object
from domain.kinds import KINDS, TYPES

NOW = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
EVERY = [(kind, name) for kind in KINDS for name in (*TYPES[kind], "unknown")]
MDM = [(kind, name) for kind, name in EVERY if kind in ("micromdm", "nanomdm")]


def classified(kind, body):
    return classify(
        Arrival(
            delivery_id="d",
            sender=kind,
            kind=kind,
            content_type="application/json",
            remote_addr="",
            body=body,
            received_at=NOW,
        )
    )


def read(kind, name, sender="a sender"):
    document = parse_object(sample(kind, name, sender=sender, at=NOW))
    return read_device_event(document, sender=kind, key="k", received_at=NOW)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_sample_has_its_type_and_is_new_each_time(kind, name):
    event_type = type_named(kind, name)
    moments = (NOW, NOW.replace(microsecond=1_000))  # Jamf's events are told apart by their time

    one, other = (classified(kind, sample(kind, event_type, sender=kind, at=at)) for at in moments)

    assert one.type == other.type == event_type
    assert one.key != other.key
    assert one.also is None
    assert (event_type in TYPES[kind]) is (name != "unknown")


@pytest.mark.parametrize(("kind", "name"), MDM)
def test_a_sample_of_a_device_event_can_be_used(kind, name):
    event = read(kind, type_named(kind, name))

    assert event.usable
    assert event.flags == ()
    assert event.device_id == read(kind, "mdm.CheckOut").device_id
    assert event.device_id != read(kind, "mdm.CheckOut", sender="another").device_id


def test_a_user_who_authenticates_has_a_channel_of_their_own():
    event = read("nanomdm", "mdm.UserAuthenticate")

    assert event.channel_id
    assert event.channel_id.startswith(f"{event.device_id}:")


@pytest.mark.parametrize(
    ("kind", "typed", "meant"),
    [
        ("micromdm", "TokenUpdate", "mdm.TokenUpdate"),
        ("micromdm", "mdm.tokenupdate", "mdm.TokenUpdate"),
        ("jamf", "ComputerCheckin", "ComputerCheckIn"),
        ("apps-and-books", "asset_count", "ASSET_COUNT"),
    ],
)
def test_people_need_not_type_exactly(kind, typed, meant):
    assert type_named(kind, typed) == meant


def test_a_type_that_is_not_there_names_those_that_are():
    with pytest.raises(BadQuery, match=r"TokenUpdat'.*mdm\.TokenUpdate.*unknown"):
        type_named("micromdm", "TokenUpdat")
