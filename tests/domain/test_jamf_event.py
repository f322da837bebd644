"""What Jamf Pro says is read softly: the same from JSON and XML, and nothing in it loses the event."""

from dataclasses import replace

import pytest

from domain.classification import document_of
from domain.facts import Stamp
from domain.jamf_device import COMPUTER, MOBILE_DEVICE, UNKNOWN
from domain.jamf_event import read_jamf_event
from domain.jamf_fields import LONGEST_TEXT, MOST_FLAGS, MOST_ITEMS, MOST_NAMES
from simulators.jamf import Form, write
from tests.deliveries import NOON
from tests.jamf import FORMS, all_events

GROUP = "SmartGroupComputerMembershipChange"
MAC = {"jssID": 7731, "serialNumber": "QF7H2LK0MX", "udid": "3B0D6E52", "deviceName": "atlas"}


def read(topic, event):
    return read_jamf_event({"event": event}, sender="jamf", topic=topic, key="k", occurred_at=NOON)


def through(topic, event, form):
    body = write({"webhook": {"webhookEvent": topic}, "event": event}, form)
    document = document_of("jamf", body)
    return read_jamf_event(document, sender="jamf", topic=topic, key="k", occurred_at=NOON)


@pytest.mark.parametrize("said", all_events(), ids=lambda said: said.name)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_an_event_reads_the_same(said, form):
    expected = through(said.name, said.event, Form(flat=form.flat))

    assert through(said.name, said.event, form) == expected
    assert expected.flags == ()


@pytest.mark.parametrize("said", all_events(), ids=lambda said: said.name)
def test_a_computer_is_the_same_nested_or_flat(said):
    nested, flat = (through(said.name, said.event, Form(flat=is_flat)) for is_flat in (False, True))

    assert replace(flat, fields={}) == replace(nested, fields={})


@pytest.mark.parametrize(
    ("name", "value", "read_as"),
    [
        ("jssID", "7731", 7731),
        ("jssid", " 7731 ", 7731),
        ("JSSID", 7731, 7731),
        ("successful", "TRUE", True),
        ("successful", False, False),
        ("objectID", 0, 0),
        ("managementId", 42, "42"),
        ("userDirectoryID", -1, "-1"),
        ("osVersion", 15.5, "15.5"),
        ("lastUpdate", 1_774_009_990, "2026-03-20T12:33:10.000000Z"),
        ("lastUpdate", "1774009990000", "2026-03-20T12:33:10.000000Z"),
        ("lastUpdate", "2026-03-20T12:33:10Z", "2026-03-20T12:33:10.000000Z"),
        ("groupAddedDevicesIds", 7, [7]),
        ("groupAddedDevicesIds", ["7", 8], [7, 8]),
        ("groupAddedDevicesIds", {"id": ["7", "8"]}, [7, 8]),
        ("groupAddedDevicesIds", {"computer": {"id": 7}}, None),
        ("groupAddedDevices", {"deviceName": "a"}, [{"deviceName": "a"}]),
        ("groupAddedDevices", {"device": [{"Tag": 1}, {"Tag": 2}]}, [{"Tag": "1"}, {"Tag": "2"}]),
        ("reportUrls", "https://a", ["https://a"]),
        ("eventActions", "installed", {"action": ["installed"]}),
        ("eventActions", {"action": ["a", "b"]}, {"action": ["a", "b"]}),
        ("eventActions", ["a", "b"], {"action": ["a", "b"]}),
        ("targetDevice", "an-id", "an-id"),
        ("computer", "false", False),
        ("ipAddress", "not an address", "not an address"),
        ("newKey", 5, "5"),
        ("newKey", [5], "5"),
        ("newKey", {"a": [1, None, ""], "b": {}}, {"a": "1"}),
    ],
)  # fmt: skip
def test_a_value_is_read_by_what_is_known_of_its_name(name, value, read_as):
    event = read("Unheard", {name: value})

    (found,) = event.fields.values()
    assert found == (read_as if read_as is not None else ['{"id":"7"}'])
    assert event.flags == (() if read_as is not None else (f"odd_field:{name}",))


@pytest.mark.parametrize(
    ("name", "junk", "kept"),
    [
        ("jssID", "seven", "seven"),
        ("jssID", 2**70, str(2**70)),
        ("jssID", 1.5, "1.5"),
        ("jssID", True, "true"),
        ("successful", "perhaps", "perhaps"),
        ("successful", 1, "1"),
        ("lastUpdate", "yesterday", "yesterday"),
        ("deviceName", {"en": "Mac"}, '{"en":"Mac"}'),
        ("deviceName", ["a", "b"], '["a","b"]'),
        ("groupAddedDevicesIds", [7, "x"], [7, "x"]),
    ],
)
def test_junk_stays_as_text_and_is_flagged(name, junk, kept):
    event = read("Unheard", {name: junk, "room": "Pier"})

    assert event.fields == {name: kept, "room": "Pier"}
    assert event.flags == (f"odd_field:{name}",)
    assert (event.integer(name), event.boolean(name), event.moment(name)) == (None, None, None)


@pytest.mark.parametrize("blank", ["", " \n", None, {}, [], [None, ""], {"x": {"y": " "}}])
def test_what_says_nothing_is_absent(blank):
    assert read("Unheard", {"room": blank, "computer": {"phone": blank, "udid": "u"}}).fields == {
        "computer": {"udid": "u"}
    }


@pytest.mark.parametrize("event", [None, "", [], {}, "text", 7, {"room": ""}])
def test_an_event_that_says_nothing_is_kept_and_not_usable(event):
    found = read(GROUP, event)

    assert (found.usable, found.fields, found.device, found.group, found.flags) == (
        False,
        {},
        None,
        None,
        ("no_event",),
    )


def test_of_two_spellings_the_documented_one_counts_whichever_came_first():
    assert read("Unheard", {"jssid": 1, "jssID": 2}) == read("Unheard", {"jssID": 2, "jssid": 1})
    assert read("Unheard", {"jssid": 1, "jssID": 2}).fields == {"jssID": 2}


def test_the_console_user_of_a_flat_check_in_is_not_who_the_computer_is_assigned_to():
    flat = read("ComputerCheckIn", {**MAC, "trigger": "login", "username": "soren"})
    nested = read("ComputerCheckIn", {"computer": {**MAC, "username": "ivarga"}, "username": "soren"})

    assert (flat.text("username"), flat.device.facts.get("username")) == ("soren", None)
    assert (nested.text("username"), nested.device.facts["username"]) == ("soren", "ivarga")
    assert "trigger" not in flat.device.facts


@pytest.mark.parametrize(
    ("topic", "fields", "family", "jamf_id"),
    [
        ("ComputerAdded", {"jssID": 5}, COMPUTER, "5"),
        ("ComputerAdded", {"jssID": "five"}, COMPUTER, "five"),
        ("ComputerAdded", {"jssID": -1, "udid": "u"}, COMPUTER, None),
        ("MobileDeviceEnrolled", {"jssID": 5}, MOBILE_DEVICE, "5"),
        ("PushSent", {"jssID": 5, "type": "computer"}, COMPUTER, "5"),
        ("PushSent", {"managementId": 5, "type": "MobileDevice"}, MOBILE_DEVICE, None),
        ("PushSent", {"managementId": 5, "type": "PushSent"}, UNKNOWN, None),
        ("DeviceRateLimited", {"serialNumber": "S"}, UNKNOWN, None),
        ("SCEPChallenge", {"targetDevice": {"serialNumber": "S"}}, MOBILE_DEVICE, None),
        ("ComputerAdded", {"jssID": "9" * 300, "udid": "u"}, COMPUTER, None),
    ],
)
def test_the_device_of_an_event(topic, fields, family, jamf_id):
    device = read(topic, fields).device

    assert (device.family, device.jamf_id) == (family, jamf_id)


@pytest.mark.parametrize(
    ("topic", "fields"),
    [
        ("ComputerAdded", {"deviceName": "nameless"}),
        ("PatchSoftwareTitleUpdated", {"jssID": 240}),
        ("DeviceAddedToDEP", {"serialNumber": "S"}),
        ("SCEPChallenge", {"targetDevice": "S"}),
        ("SCEPChallenge", {"payloadIdentifier": "p"}),
        (GROUP, {"jssid": 5}),
    ],
)
def test_an_event_that_is_of_no_device(topic, fields):
    assert read(topic, fields).device is None


def test_fields_of_a_server_are_not_taken_for_facts_of_ours():
    device = read("ComputerAdded", {**MAC, "enrolled": "false", "last_seen_at": "1970", "newKey": "kept"}).device

    assert device.facts == {**MAC, "newKey": "kept"}


def test_who_is_in_both_lists_is_flagged():
    event = read(GROUP, {"jssid": 14, "groupAddedDevicesIds": [1, 2, 2, -1], "groupRemovedDevicesIds": [2, 3, "x"]})

    assert (event.group.added, event.group.removed, event.group.in_both) == (("1", "2"), ("2", "3"), ("2",))
    assert event.flags == ("odd_field:groupRemovedDevicesIds", "in_both_lists")


def test_what_strangers_send_is_bounded():
    event = read(
        GROUP,
        {
            **{f"k{number}": number for number in range(2 * MOST_NAMES)},
            "x" * 5_000: "long name",
            "deviceName": "é" * 10_000,
            "aaa": {"deep": "y" * 10_000},
            "jssid": 14,
            "groupAddedDevicesIds": [1] * (MOST_ITEMS + 1),
        },
    )

    assert len(event.fields) <= MOST_NAMES + 4
    assert max(map(len, event.fields)) <= 100
    assert len(event.fields["deviceName"]) == len(event.fields["aaa"]) == LONGEST_TEXT
    assert len(event.fields["groupAddedDevicesIds"]) == MOST_ITEMS
    assert event.group.added == ("1",)
    assert {"cut_field:event", "cut_field:deviceName", "cut_field:aaa"} < set(event.flags)


def test_flags_are_bounded():
    event = read("Unheard", {"computer": {name: {"x": 1} for name in _text_names()}})

    assert len(event.flags) == MOST_FLAGS


def _text_names():
    return [name for said in all_events() for name, value in said.event.items() if isinstance(value, str)]


def test_text_that_no_database_holds_is_replaced():
    assert read("Unheard", {"room": "a\x00b\ud800"}).fields == {"room": "a\ufffdb\ufffd"}


def test_a_departure_comes_after_an_arrival_of_the_same_moment():
    came, went = (read(topic, MAC).stamp for topic in ("MobileDeviceEnrolled", "MobileDeviceUnEnrolled"))

    assert (came, went.rank) == (Stamp(at=NOON, rank=1, by="k"), 2)
