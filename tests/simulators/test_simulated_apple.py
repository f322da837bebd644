"""Apple's notifications as they arrive at a real server."""

import json
import queue
import random

import pytest

from simulators.apple import Apple, Habits
from simulators.apple_notifications import Location, Work


@pytest.fixture
def location():
    return Location("2049000000000001", rng=random.Random(5))


@pytest.fixture
def send_all(receiver):
    def send_all(*notifications, duplicate_share=0.0):
        habits = Habits(interval_s=0.0, duplicate_share=duplicate_share)
        with Apple(receiver.url, token="r4nd0m", habits=habits, rng=random.Random(1)) as sender:
            for notification in notifications:
                sender.send(notification)
            assert sender.drain(10)
        return sender

    return send_all


def test_every_type_arrives_with_the_bearer_token_and_apples_envelope(receiver, location, send_all):
    notifications = location.one_of_each(["C02EXAMPLE01"])

    send_all(*notifications)

    documents = [json.loads(arrival.body) for arrival in receiver.arrivals]
    assert {arrival.headers["Authorization"] for arrival in receiver.arrivals} == {"Bearer r4nd0m"}
    assert {arrival.headers["Content-Type"] for arrival in receiver.arrivals} == {"application/json"}
    assert {tuple(sorted(document)) for document in documents} == {
        ("notification", "notificationId", "notificationType", "uId")
    }
    assert {document["notificationType"] for document in documents} > {
        "ASSET_MANAGEMENT",
        "ASSET_COUNT",
        "USER_MANAGEMENT",
        "USER_ASSOCIATED",
        "TEST_NOTIFICATION",
        "SUBSCRIPTION_MANAGEMENT",
        "SUBSCRIPTION_COUNT",
        "UNLIMITED_ASSET",
    }
    assert len(documents) == len({document["notificationId"] for document in documents}) == 9


def test_a_success_lists_its_pairs_a_hundred_at_a_time(location):
    serials = [f"C02{n:07d}" for n in range(250)]

    notifications = list(location.asset_management(Work(event_id="E1"), serials))

    pairs = [notification.notification["assignments"] for notification in notifications]
    assert [len(some) for some in pairs] == [100, 100, 50]
    assert [pair["serialNumber"] for some in pairs for pair in some] == serials
    assert {notification.notification["eventId"] for notification in notifications} == {"E1"}
    assert "error" not in notifications[0].notification


def test_a_failure_names_its_error_and_the_pairs_that_failed(location):
    work = Work(event_id="E1", error_number=9709, error_message="not enough licences")

    [notification] = location.asset_management(work, ["C02EXAMPLE02"])

    assert notification.notification == {
        "assignments": [{"adamId": "361309726", "pricingParam": "STDQ", "serialNumber": "C02EXAMPLE02"}],
        "eventId": "E1",
        "type": "ASSOCIATE",
        "result": "FAILURE",
        "error": {"errorNumber": 9709, "errorMessage": "not enough licences"},
    }


def test_a_test_notification_is_empty(location):
    assert location.test_notification().document()["notification"] == {}


def test_three_attempts_and_then_it_is_dropped(receiver, location, send_all):
    receiver.answer = lambda _: 503

    sender = send_all(location.test_notification())

    assert [(result.attempt, result.status) for result in sender.results] == [(1, 503), (2, 503), (3, 503)]
    assert len({arrival.body for arrival in receiver.arrivals}) == 1
    assert (sender.delivered, sender.lost) == (0, 1)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_2xx_ends_the_attempts(receiver, location, send_all, status):
    receiver.answer = lambda number: 500 if number == 1 else status

    sender = send_all(location.test_notification())

    assert [result.status for result in sender.results] == [500, status]
    assert (sender.delivered, sender.lost) == (1, 0)


def test_401_burns_an_attempt_like_any_failure(receiver, location, send_all):
    receiver.answer = lambda _: 401

    assert len(send_all(location.test_notification()).results) == 3


def test_a_notification_that_waits_for_its_next_attempt_holds_up_no_other(receiver, location):
    receiver.answer = lambda number: 500 if number == 1 else 200
    answered: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    patient = Habits(interval_s=3600.0)
    with Apple(receiver.url, token="t", habits=patient, on_result=lambda one: answered.put(one.status)) as sender:
        sender.send(location.test_notification())
        assert answered.get(timeout=60) == 500

        sender.send(location.test_notification())

        assert answered.get(timeout=60) == 200
        assert (sender.delivered, sender.lost, sender.pending) == (1, 0, 1)


def test_a_duplicate_keeps_its_id_and_its_bytes(receiver, location, send_all):
    notification = location.test_notification()

    sender = send_all(notification, notification)
    send_all(location.asset_count(-12), duplicate_share=1.0)

    once, twice, third, fourth = sorted(arrival.body for arrival in receiver.arrivals)
    assert once == twice
    assert third == fourth
    assert sender.acknowledged() == {notification.notification_id}
