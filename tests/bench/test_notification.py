"""What is sent is one well-formed request, whatever the number of the event."""

import json

from bench.notification import body, notification_id, request_around_id


def test_a_request_is_whole_and_as_long_as_it_says():
    before, after = request_around_id(host="127.0.0.1:1", path="/webhooks/apps-and-books", token="t")

    head, _, content = (before + notification_id(123_456).encode() + after).partition(b"\r\n\r\n")

    assert content == body(123_456)
    assert f"Content-Length: {len(content)}".encode() in head
    assert len(json.loads(content)["notification"]["assignments"]) == 10


def test_every_number_has_an_id_of_its_own_of_one_length():
    ids = {notification_id(number) for number in range(0, 5_000_000, 9_973)}

    assert len(ids) == len(range(0, 5_000_000, 9_973))
    assert {len(identifier) for identifier in ids} == {36}
