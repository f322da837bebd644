"""MicroMDM's webhook as it arrives at a real server."""

import base64
import itertools
import json
import random
import re
import threading
import uuid
from dataclasses import replace

import pytest

from simulators.identities import Kind
from simulators.micromdm import MicroMDM


@pytest.fixture
def send_all(receiver):
    def send_all(*messages, **options):
        with MicroMDM(options.pop("url", receiver.url), rng=random.Random(1), **options) as sender:
            identifiers = [sender.send(message) for message in messages]
            assert sender.drain(10)
        return sender, identifiers

    return send_all


def test_a_check_in_arrives_as_indented_json_with_a_null_for_no_url_params(receiver, make_device, send_all):
    message = make_device().authenticate()

    _, [identifier] = send_all(message)

    [arrival] = receiver.arrivals
    event = json.loads(arrival.body)
    assert arrival.headers["Content-Type"] == "application/json; charset=utf-8"
    assert arrival.headers["User-Agent"] == "Go-http-client/1.1"
    assert "X-Hmac-Signature" not in arrival.headers
    assert "Authorization" not in arrival.headers
    assert arrival.body.startswith(b'{\n  "topic": "mdm.Authenticate",\n  "event_id": "')
    assert b'\n    "url_params": null,\n' in arrival.body
    assert event["event_id"] == identifier
    assert uuid.UUID(identifier).version == 4
    assert re.fullmatch(r"2031-01-15T08:30:00\.123456\d{0,3}Z", event["created_at"])
    assert event["checkin_event"] == {
        "udid": message.content["UDID"],
        "url_params": None,
        "raw_payload": base64.b64encode(message.raw).decode(),
    }


def test_a_result_has_no_url_params_and_an_idle_poll_no_command_uuid(receiver, make_device, send_all):
    mac = make_device()

    send_all(mac.acknowledged("C1"))
    send_all(mac.idle())

    result, idle = (json.loads(arrival.body)["acknowledge_event"] for arrival in receiver.arrivals)
    assert list(result) == ["udid", "status", "command_uuid", "raw_payload"]
    assert list(idle) == ["udid", "status", "raw_payload"]
    assert (idle["status"], result["command_uuid"]) == ("Idle", "C1")


def test_url_params_are_passed_on(receiver, make_device, send_all):
    params = {"site": "a&b"}
    mac = make_device()

    send_all(replace(mac.authenticate(), url_params=params))
    send_all(replace(mac.idle(), url_params=params))

    check_in, poll = (json.loads(arrival.body) for arrival in receiver.arrivals)
    assert check_in["checkin_event"]["url_params"] == poll["acknowledge_event"]["url_params"] == params
    assert b'"a\\u0026b"' in receiver.arrivals[0].body


def test_a_user_enrolment_has_an_enrollment_id_and_no_udid(receiver, make_device, send_all):
    device = make_device(Kind.USER_ENROLLMENT)

    send_all(device.authenticate())

    event = json.loads(receiver.arrivals[0].body)["checkin_event"]
    assert event["enrollment_id"] == device.identity.enrollment_id
    assert "udid" not in event


def test_the_user_of_a_mac_shows_only_inside_the_payload(receiver, make_device, send_all):
    mac = make_device(Kind.MAC_WITH_USER)

    send_all(mac.token_update(user=True))

    event = json.loads(receiver.arrivals[0].body)["checkin_event"]
    assert event["udid"] == mac.identity.udid
    assert mac.identity.user["UserID"] not in json.dumps({**event, "raw_payload": ""})


def test_credentials_in_the_url_become_a_basic_header(receiver, make_device, send_all):
    url = receiver.url.replace("://", "://hook:p%40ss%2Fword@")

    send_all(make_device().idle(), url=url)

    [arrival] = receiver.arrivals
    assert arrival.headers["Authorization"] == "Basic " + base64.b64encode(b"hook:p@ss/word").decode()
    assert arrival.path == "/webhooks/here"


def test_a_secret_path_segment_is_part_of_the_url(receiver, make_device, send_all):
    send_all(make_device().idle(), url=receiver.url + "/s3cr3t")

    assert receiver.arrivals[0].path == "/webhooks/here/s3cr3t"


def test_one_post_at_a_time_over_one_connection(receiver, make_device, send_all):
    mac = make_device()

    sender, identifiers = send_all(*(mac.idle() for _ in range(60)))

    assert receiver.most_inside == 1
    assert len({arrival.connection for arrival in receiver.arrivals}) == 1
    assert sender.acknowledged() == set(identifiers)
    assert (sender.delivered, sender.lost, sender.pending) == (60, 0, 0)


def test_events_do_not_keep_their_order(receiver, make_device, send_all):
    mac = make_device()

    _, identifiers = send_all(
        *itertools.chain.from_iterable((mac.authenticate(), mac.token_update(), mac.idle()) for _ in range(20))
    )

    arrived = [json.loads(arrival.body)["event_id"] for arrival in receiver.arrivals]
    assert sorted(arrived) == sorted(identifiers)
    assert arrived != identifiers


@pytest.mark.parametrize(
    ("status", "delivered"), [(200, 1), (204, 1), (307, 1), (400, 0), (401, 0), (500, 0), (503, 0)]
)
def test_below_400_is_delivered_and_the_rest_is_lost_without_a_second_try(
    receiver, make_device, send_all, status, delivered
):
    receiver.answer = lambda _: status
    receiver.location = receiver.url + "/elsewhere" if status == 307 else ""

    sender, _ = send_all(make_device().idle())

    assert (sender.delivered, sender.lost) == (delivered, 1 - delivered)
    assert [result.status for result in sender.results] == [status]
    assert len(receiver.arrivals) == 1


def test_a_receiver_that_is_gone_loses_the_event_and_is_named_without_its_url(make_device, send_all):
    sender, [identifier] = send_all(make_device().idle(), url="http://127.0.0.1:1/very-secret")

    [result] = sender.results
    assert (result.identifier, result.status, result.error) == (identifier, None, "ConnectionError")
    assert sender.lost == 1


def test_a_receiver_that_does_not_answer_in_time_loses_the_event(receiver, make_device):
    with MicroMDM(receiver.url, timeout=0.5) as sender:
        receiver.gate = lambda: sender.drain(10)
        sender.send(make_device().idle())
        assert sender.drain(10)

    assert [(result.status, result.error) for result in sender.results] == [(None, "ReadTimeout")]


def test_a_repeated_message_is_a_new_event(receiver, make_device, send_all):
    result = make_device().acknowledged("C1")

    _, identifiers = send_all(result, result)

    assert len(set(identifiers)) == 2


def test_topics_without_a_webhook_are_not_sent(receiver, make_device, send_all):
    mac = make_device(Kind.MAC_WITH_USER)

    _, identifiers = send_all(mac.user_authenticate(), mac.declarative_management(), mac.get_token())

    assert identifiers == [None, None, None]
    assert receiver.arrivals == []


def test_what_waits_in_memory_dies_with_the_server(receiver, make_device):
    mac = make_device()
    all_wait = threading.Event()
    receiver.gate = lambda: all_wait.wait(60)
    with MicroMDM(receiver.url, on_result=lambda _: sender.stop()) as sender:
        for _ in range(5):
            sender.send(mac.idle())
        all_wait.set()

        assert not sender.drain(10)

        with pytest.raises(RuntimeError, match="stopped"):
            sender.send(mac.idle())
    assert len(receiver.arrivals) == 1
    assert (sender.delivered, sender.pending) == (1, 4)
