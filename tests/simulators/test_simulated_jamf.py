"""Jamf Pro's webhooks as they arrive at a real server."""

import base64
import hashlib
import json
import random
import threading

import pytest
from defusedxml.ElementTree import fromstring

from simulators.delivery import basic
from simulators.identities import Kind
from simulators.jamf import Form, Jamf, write
from simulators.jamf_events import EVENTS, event
from simulators.lives import jamf_subject

NESTED = {"ComputerCheckIn", "ComputerPolicyFinished", "ComputerPatchPolicyCompleted"}


@pytest.fixture
def make_event(make_device, ticking):
    mac, ipad = make_device(Kind.MAC_WITH_USER), make_device(Kind.IPAD)

    def make_event(name):
        return event(name, jamf_subject((mac, 7731), (ipad, 412), random.Random(3), ticking()))

    return make_event


@pytest.fixture
def send_all(receiver):
    def send_all(*events, headers=None, **form):
        with Jamf(receiver.url, headers=headers, form=Form(**form), rng=random.Random(1)) as sender:
            identifiers = [sender.send(one) for one in events]
            assert sender.drain(10)
        return sender, identifiers

    return send_all


def json_leaves(value, path=()):
    """Path and text of every leaf; list positions do not count, and labels that XML cannot hold are left out."""
    if isinstance(value, dict):
        return [leaf for key, one in value.items() if " " not in key for leaf in json_leaves(one, (*path, key))]
    if isinstance(value, list):
        return [leaf for one in value for leaf in json_leaves(one, path)]
    return [(path, str(value).lower() if isinstance(value, bool) else str(value))]


def xml_leaves(element, path=()):
    if len(element) == 0:
        return [(path, element.text or "")]
    return [leaf for child in element for leaf in xml_leaves(child, (*path, child.tag))]


def test_there_are_twenty_three_events():
    assert len(EVENTS) == 23


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("form", [{}, {"flat": True}, {"timestamps": False}, {"pretty": True}], ids=str)
def test_xml_and_json_carry_the_same_leaves(receiver, make_event, send_all, name, form):
    occurrence = make_event(name)

    send_all(occurrence, **form)
    send_all(occurrence, xml=True, **form)

    as_json, as_xml = receiver.arrivals
    document, root = json.loads(as_json.body), fromstring(as_xml.body)
    strip = str.strip if form.get("pretty") else str
    assert as_json.headers["Content-Type"] == "application/json"
    assert as_xml.headers["Content-Type"] == "text/xml"
    assert root.tag == "JSSEvent"
    assert [child.tag for child in root] == ["webhook", "event"]
    assert sorted(json_leaves(document)) == sorted((path, strip(text)) for path, text in xml_leaves(root))
    assert document["webhook"]["webhookEvent"] == name


def test_the_timestamp_is_in_milliseconds_or_missing(receiver, make_event, send_all):
    send_all(make_event("JSSStartup"))
    send_all(make_event("JSSStartup"), timestamps=False)

    with_one, without = (json.loads(arrival.body)["webhook"] for arrival in receiver.arrivals)
    assert len(str(with_one["eventTimestamp"])) == 13
    assert without.keys() == {"id", "name", "webhookEvent"}


@pytest.mark.parametrize("name", sorted(NESTED))
def test_a_computer_is_nested_or_flat(make_event, name):
    document = {"webhook": {}, "event": make_event(name).event}

    nested, flat = (json.loads(write(document, Form(flat=flat)))["event"] for flat in (False, True))

    assert nested["computer"]["jssID"] == flat["jssID"] == 7731
    assert "computer" not in flat


def test_in_smart_group_events_computer_is_a_boolean_and_the_id_is_lower_case(make_event):
    of_computers = make_event("SmartGroupComputerMembershipChange").event
    of_mobiles = make_event("SmartGroupMobileDeviceMembershipChange").event

    assert (of_computers["computer"], of_mobiles["computer"]) == (True, False)
    assert "jssid" in of_computers
    assert "jssID" not in of_computers
    assert "computer" not in make_event("SmartGroupUserMembershipChange").event


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1"])
def test_text_is_in_the_encoding_that_was_set_and_xml_names_it(encoding):
    document = {"webhook": {}, "event": {"name": "Søren"}}

    as_json, as_xml, bare = (
        write(document, Form(encoding=encoding, xml=xml, prolog=prolog))
        for xml, prolog in ((False, True), (True, True), (True, False))
    )

    assert json.loads(as_json.decode(encoding)) == document
    assert fromstring(as_xml).findtext("event/name") == "Søren"
    assert bare.decode(encoding).startswith("<JSSEvent>")


def test_xml_writes_lists_as_rows_and_special_characters_safely():
    document = {"webhook": {}, "event": {"ids": [377, 390], "none": [], "name": "Søren's <lab> & co", "x": ""}}

    text = write(document, Form(xml=True)).decode()

    assert text.startswith('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<JSSEvent>')
    assert "<ids>377</ids><ids>390</ids>" in text
    assert "none" not in text
    assert "<name>Søren's &lt;lab&gt; &amp; co</name><x/>" in text


@pytest.mark.parametrize("header", [{"Authorization": basic("jamf", "pw")}, {"X-Windfall-Token": "pw"}, None])
def test_the_secret_travels_as_the_administrator_set_it(receiver, make_event, send_all, header):
    send_all(make_event("PushSent"), headers=header)

    [arrival] = receiver.arrivals
    assert (header or {}).items() <= arrival.headers.items()
    assert ("Authorization" in arrival.headers) == ("Authorization" in (header or {}))
    assert basic("jamf", "pw") == "Basic " + base64.b64encode(b"jamf:pw").decode()


def test_an_event_is_identified_by_definition_and_timestamp_and_no_timestamp_comes_twice(
    receiver, make_event, send_all
):
    occurrence = make_event("PushSent")

    _, identifiers = send_all(occurrence, occurrence)

    webhooks = [json.loads(arrival.body)["webhook"] for arrival in receiver.arrivals]
    assert {f"PushSent:{webhook['id']}:{webhook['eventTimestamp']}" for webhook in webhooks} == set(identifiers)
    assert len(set(identifiers)) == 2


def test_without_a_timestamp_an_event_is_identified_by_its_body(receiver, make_event, send_all):
    _, [identifier] = send_all(make_event("PushSent"), timestamps=False)

    assert identifier == hashlib.sha256(receiver.arrivals[0].body).hexdigest()


def test_deliveries_are_concurrent(receiver, make_event, send_all):
    all_inside = threading.Barrier(6)
    receiver.gate = lambda: all_inside.wait(60)

    send_all(*(make_event("ComputerCheckIn") for _ in range(6)))

    assert receiver.most_inside == 6


@pytest.mark.parametrize(("status", "delivered"), [(200, 1), (204, 1), (302, 0), (404, 0), (503, 0)])
def test_any_2xx_is_delivered_and_nothing_is_tried_twice(receiver, make_event, send_all, status, delivered):
    receiver.answer = lambda _: status

    sender, _ = send_all(make_event("JSSShutdown"))

    assert (sender.delivered, sender.lost) == (delivered, 1 - delivered)
    assert len(receiver.arrivals) == 1
