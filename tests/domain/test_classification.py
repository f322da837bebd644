"""What had to be guessed to read a body is told."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from domain.classification import (
    WINDOW,
    Arrival,
    classify,
    digest,
    digests,
    document_of,
    quarantine_key,
    reading_flags,
)
from domain.errors import MalformedEvent
from simulators.jamf import Form, write
from tests.deliveries import NOON


@pytest.mark.parametrize(
    ("content_type", "encoding", "prolog", "flags"),
    [
        ("application/json", "utf-8", False, ()),
        ("application/json; charset=ISO-8859-1", "iso-8859-1", False, ()),
        ("application/json", "iso-8859-1", False, ("latin1",)),
        ("text/xml", "utf-8", False, ()),
        ("text/xml", "iso-8859-1", True, ()),
        ("text/xml", "iso-8859-1", False, ("latin1",)),
        ("text/xml; charset=iso-8859-1", "iso-8859-1", False, ()),
    ],
)
def test_a_guessed_encoding_is_flagged(content_type, encoding, prolog, flags):
    form = Form(xml="xml" in content_type, encoding=encoding, prolog=prolog)
    body = write({"webhook": {"webhookEvent": "ComputerAdded"}, "event": {"deviceName": "Søren"}}, form)

    document = document_of("jamf", body, content_type)

    assert reading_flags(body, content_type) == flags
    assert document["event"] == {"deviceName": "Søren"}


@pytest.mark.parametrize(
    ("body", "flags"),
    [
        (b"payload=%7B%22a%22%3A%22%F8%22%7D", ("latin1",)),
        (b"from=relay&payload=%7B%22a%22%3A%22%C3%B8%22%7D", ()),
        ('payload={"a":"ø"}'.encode(), ()),
        ('payload={"a":"ø"}'.encode("iso-8859-1"), ("latin1",)),
        ('\ufeff\r\nfrom=Søren&payload=%7B"a":"ø"}'.encode(), ()),
    ],
)
def test_a_form_is_read_as_its_payload(body, flags):
    assert document_of("jamf", body) == {"a": "ø"}
    assert reading_flags(body) == flags


@pytest.mark.parametrize("content_type", ["text/xml", "application/x-www-form-urlencoded"])
def test_xml_with_white_space_before_it_and_a_control_character_in_it_is_read_and_flagged(content_type):
    body = b'\r\n<?xml version="1.0"?><JSSEvent><webhook><id>1</id></webhook><event><a>&#x1;</a></event></JSSEvent>'
    if "form" in content_type:
        body = urlencode({"payload": body}).encode()

    assert document_of("jamf", body, content_type)["event"] == {"a": "\ufffd"}
    assert reading_flags(body, content_type) == ("characters_replaced",)


CHALLENGE = {"webhook": {"webhookEvent": "SCEPChallenge", "id": 1}, "event": {"targetDevice": {"udid": "U"}}}
WITH = [
    lambda password, **more: write(challenge(password, **more), Form()),
    lambda password, **more: write(challenge(password, **more), Form(xml=True)),
    lambda password, **more: urlencode({"payload": write(challenge(password, **more), Form())}).encode(),
    lambda password, **more: write(challenge(password, **more), Form())[:-1],
]


def challenge(password, username="ivarga"):
    event = {**CHALLENGE["event"], "targetUser": {"username": username, "password": password}}
    return {**CHALLENGE, "event": event}


@pytest.mark.parametrize("made", WITH, ids=["json", "xml", "form", "torn"])
def test_no_key_of_an_undated_event_or_of_what_is_no_event_tells_whether_a_password_was_guessed(made):
    keys = {keys_of(made(password)) for password in ("hunter2", "correct horse")}
    other = keys_of(made("hunter2", username="mkovac"))

    assert len(keys) == 1
    assert other not in keys


HIDING = [
    lambda word: b"payload=%7B&" + b"a=1&" * 1_000 + b"password=" + word.encode(),
    lambda word: write(challenge(word), Form())[:-1].decode().encode("utf-16"),
    lambda word: urlencode({"payload": write(challenge(word), Form())[:-1].decode().encode("utf-16")}).encode(),
]


@pytest.mark.parametrize("made", HIDING, ids=["form of many fields", "torn UTF-16", "the same as a form"])
def test_what_can_only_be_kept_as_a_secret_counts_each_time(made):
    first, again = made("hunter2"), made("correct horse")

    keys = [keys_of(body, at) for body in (first, again) for at in (NOON, NOON + timedelta(milliseconds=1))]

    assert keys[0] == keys_of(first)
    assert keys[:2] == keys[2:]
    assert len(set(keys)) == 2


def keys_of(body, at=NOON):
    arrival = replace(envelope_of(body), received_at=at)
    try:
        classified = classify(arrival)
    except MalformedEvent:
        return quarantine_key(arrival), None
    return classified.key, classified.also


def envelope_of(body, kind="jamf"):
    return Arrival(
        delivery_id="d", sender=kind, kind=kind, content_type="", remote_addr="", body=body, received_at=NOON
    )


def test_undated_bytes_without_a_secret_keep_the_key_they_had():
    body = write({"webhook": {"webhookEvent": "ComputerAdded"}, "event": {"jssID": 7}}, Form())
    window = int(NOON.timestamp()) // WINDOW

    assert keys_of(body) == tuple(digest("bytes", "jamf", body, str(number)) for number in (window, window - 1))


def test_digests_of_many_that_begin_alike_are_those_of_each():
    lasts = ["1", "", "ø", "1:2"]

    assert digests("a", "b", lasts=lasts) == [digest("a", "b", last) for last in lasts]
