"""The webhook of NanoMDM and NanoHUB as it arrives at a real server."""

import base64
import hashlib
import json
import random
import re
import threading
from datetime import UTC, datetime

import pytest

from simulators.identities import Kind
from simulators.nanomdm import Flavour, NanoMDM, Setup, signature


@pytest.fixture
def send_all(receiver):
    def send_all(*messages, **setup):
        url = setup.pop("url", receiver.url)
        with NanoMDM(url, setup=Setup(**setup), rng=random.Random(1)) as sender:
            identifiers = [sender.send(message) for message in messages]
            assert sender.drain(10)
        return sender, identifiers

    return send_all


def bodies(receiver):
    """What arrived, in the order it happened."""
    return sorted((json.loads(arrival.body) for arrival in receiver.arrivals), key=lambda body: body["created_at"])


def test_the_signature_is_base64_of_hmac_sha256_over_the_exact_body():
    assert signature("s3cr3t", b'{"topic":"mdm.Connect"}') == "LvtrzGcmsU0we80xbK+8mhjIVHmy18hzLf4bY5FdbWg="


def test_a_signed_event_verifies_on_arrival(receiver, make_device, send_all):
    send_all(make_device().idle(), hmac_key="s3cr3t")

    [arrival] = receiver.arrivals
    assert arrival.headers["X-Hmac-Signature"] == signature("s3cr3t", arrival.body)


def test_without_a_key_nothing_is_signed_and_credentials_become_basic(receiver, make_device, send_all):
    send_all(make_device().idle(), url=receiver.url.replace("://", "://hook:pw@"))

    [arrival] = receiver.arrivals
    assert "X-Hmac-Signature" not in arrival.headers
    assert arrival.headers["Authorization"] == "Basic " + base64.b64encode(b"hook:pw").decode()


def test_a_result_arrives_as_compact_json_under_sixteen_hex_digits(receiver, make_device, send_all):
    mac = make_device()
    message = mac.not_now("C1")

    _, [identifier] = send_all(message)

    [arrival] = receiver.arrivals
    event = json.loads(arrival.body)
    assert arrival.headers["Content-Type"] == "application/json; charset=utf-8"
    assert b": " not in arrival.body
    assert b"\n" not in arrival.body
    assert re.fullmatch(r"[0-9a-f]{16}", identifier)
    assert event["event_id"] == identifier
    assert event["acknowledge_event"] == {
        "command_uuid": "C1",
        "ids": {"id": mac.identity.udid, "type": "Device"},
        "raw_payload": base64.b64encode(message.raw).decode(),
        "status": "NotNow",
        "udid": mac.identity.udid,
    }


def test_times_carry_the_offset_of_the_server(receiver, make_device, send_all):
    send_all(make_device().idle())
    send_all(make_device().idle(), zone=UTC)

    local, utc = (json.loads(arrival.body)["created_at"] for arrival in receiver.arrivals)
    assert re.fullmatch(r"2031-01-15T09:30:00\.123456\d{0,3}\+01:00", local)
    assert utc.endswith("Z")
    assert datetime.fromisoformat(local[:26] + "+01:00") == datetime(2031, 1, 15, 8, 30, 0, 123456, tzinfo=UTC)


def test_nanohub_has_no_event_id_and_goes_by_its_body(receiver, make_device, send_all):
    _, [identifier] = send_all(make_device().authenticate(), flavour=Flavour.NANOHUB)

    [arrival] = receiver.arrivals
    assert "event_id" not in json.loads(arrival.body)
    assert identifier == hashlib.sha256(arrival.body).hexdigest()


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (Kind.MAC, "Device"),
        (Kind.MAC_WITH_USER, "User"),
        (Kind.SHARED_IPAD, "Shared iPad"),
        (Kind.USER_ENROLLMENT, "User Enrollment (Device)"),
        (Kind.USER_ENROLLMENT_MAC, "User Enrollment"),
    ],
)
def test_ids_name_the_enrolment_and_its_parent(receiver, make_device, send_all, kind, type_):
    device = make_device(kind)
    user = bool(device.identity.user)
    own = device.identity.udid or device.identity.enrollment_id
    user_keys = device.identity.user
    user_id = user_keys.get("UserShortName") if kind is Kind.SHARED_IPAD else next(iter(user_keys.values()), "")

    send_all(device.idle(user=user))

    ids = bodies(receiver)[0]["acknowledge_event"]["ids"]
    assert ids == ({"id": f"{own}:{user_id}", "parent_id": own} if user else {"id": own}) | {"type": type_}


def test_token_updates_are_counted_per_enrolment_and_anew_after_authenticate(receiver, make_device, send_all):
    mac = make_device(Kind.MAC_WITH_USER)
    send_all(
        mac.authenticate(),
        mac.token_update(),
        mac.token_update(user=True),
        mac.token_update(),
        mac.authenticate(),
        mac.token_update(),
        mac.token_update(user=True),
    )

    tallies = [event["checkin_event"].get("token_update_tally") for event in bodies(receiver)]

    assert tallies == [None, 1, 1, 2, None, 1, 1]


def test_all_nine_topics_arrive_and_empty_url_params_do_not(receiver, make_device, send_all):
    mac = make_device(Kind.MAC_WITH_USER)
    send_all(
        mac.authenticate(),
        mac.token_update(),
        mac.idle(),
        mac.set_bootstrap_token(),
        mac.get_bootstrap_token(),
        mac.user_authenticate(),
        mac.declarative_management(),
        mac.get_token(),
        mac.check_out(),
    )

    events = bodies(receiver)

    assert len({event["topic"] for event in events}) == 9
    assert not any(b"url_params" in arrival.body for arrival in receiver.arrivals)


def test_events_travel_in_parallel(receiver, make_device, send_all):
    mac = make_device()
    all_inside = threading.Barrier(8)
    receiver.gate = lambda: all_inside.wait(60)

    sender, _ = send_all(*(mac.idle() for _ in range(8)))

    assert receiver.most_inside == 8
    assert sender.delivered == 8


@pytest.mark.parametrize(("status", "delivered"), [(200, 1), (201, 0), (204, 0), (302, 0), (500, 0)])
def test_exactly_200_is_delivered_and_nothing_is_tried_twice(receiver, make_device, send_all, status, delivered):
    receiver.answer = lambda _: status

    sender, _ = send_all(make_device().idle())

    assert (sender.delivered, sender.lost) == (delivered, 1 - delivered)
    assert len(receiver.arrivals) == 1
