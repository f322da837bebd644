"""What Apple's notifications say, the odd and the hostile among them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notification import (
    LONGEST_ERROR,
    MOST_ELEMENTS,
    AppleUser,
    Pair,
    read_notification,
    serial_key,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = "ab" * 32
LOCATION = "2049025000431439"


def read(document):
    return read_notification(document, sender="apps-and-books", key=KEY, received_at=NOON)


def said(notification_type="ASSET_MANAGEMENT", **content):
    return {"notificationType": notification_type, "uId": LOCATION, "notification": content}


def pair(adam_id="408709785", *, serial=None, user=None):
    return Pair(adam_id=adam_id, pricing_param="STDQ", serial_number=serial, client_user_id=user)


def test_a_failure_says_why_and_lists_the_pairs_that_failed():
    failure = said(
        eventId="e",
        type="ASSOCIATE",
        result="FAILURE",
        error={"errorNumber": 9709, "errorMessage": "not enough licences", "errorInfo": {"serialNumbers": ["C02"]}},
        assignments=[{"adamId": "1", "pricingParam": "PLUS", "serialNumber": "C02"}],
    )

    reading = read(failure)

    assert (reading.result, reading.error_number, reading.error_message) == ("FAILURE", 9709, "not enough licences")
    assert reading.assignments == (Pair(adam_id="1", pricing_param="PLUS", serial_number="C02"),)
    assert reading.flags == ()


@pytest.mark.parametrize("adam_id", [361309726, "361309726", " 361309726 "])
def test_an_app_is_the_same_as_a_number_and_as_text_and_costs_the_standard_unless_said(adam_id):
    reading = read(said(assignments=[{"adamId": adam_id, "clientUserId": "u"}]))

    assert reading.assignments == (pair("361309726", user="u"),)


def test_an_assignment_of_a_device_and_a_user_is_two():
    reading = read(said(assignments=[{"adamId": "1", "serialNumber": "C02", "clientUserId": "u"}]))

    assert reading.assignments == (pair("1", serial="C02"), pair("1", user="u"))
    assert reading.flags == ("two_targets",)


@pytest.mark.parametrize(
    "junk",
    [
        None,
        "C02",
        [],
        {},
        {"adamId": "1"},
        {"serialNumber": "C02"},
        {"adamId": "1", "serialNumber": " "},
        {"adamId": "1", "serialNumber": "x" * 256},
        {"adamId": "1", "pricingParam": 5, "serialNumber": "C02"},
        *({"adamId": bad, "serialNumber": "C02"} for bad in (True, 1.0, -1, "", "x1", "٣", [], 10**18, "1" * 19)),
    ],
)
def test_an_unusable_assignment_is_flagged_and_the_others_stay(junk):
    good = {"adamId": "1", "serialNumber": "C03"}

    reading = read(said(type="ASSOCIATE", assignments=[good, junk, {**good, "serialNumber": "C04"}]))

    assert reading.assignments == (pair("1", serial="C03"), pair("1", serial="C04"))
    assert reading.flags == ("unusable_assignment",)


def test_one_unusable_target_does_not_lose_the_other():
    reading = read(said(assignments=[{"adamId": "1", "serialNumber": 7, "clientUserId": "u"}]))

    assert reading.assignments == (pair("1", user="u"),)
    assert reading.flags == ("unusable_assignment",)


def test_a_pair_listed_twice_is_one():
    reading = read(said(assignments=[{"adamId": 1, "serialNumber": "C02"}, {"adamId": "1", "serialNumber": "C02"}]))

    assert reading.assignments == (pair("1", serial="C02"),)


def test_no_more_is_taken_than_one_notification_may_hold():
    many = range(MOST_ELEMENTS + 1)
    assignments = [{"adamId": "1", "serialNumber": str(number)} for number in many]

    reading = read(said(assignments=assignments, users=[{"clientUserId": str(number)} for number in many]))

    assert (len(reading.assignments), len(reading.users)) == (MOST_ELEMENTS, MOST_ELEMENTS)
    assert reading.flags == ("too_many_assignments", "too_many_users")


def test_an_unusable_user_is_flagged_and_the_others_stay():
    users = [{"clientUserId": "a", "email": 5, "status": None}, {"email": "c@example.org"}, "b", {"clientUserId": "c"}]

    reading = read(said("USER_MANAGEMENT", users=users, associatedUsers={}))

    assert reading.users == (AppleUser(client_user_id="a"), AppleUser(client_user_id="c"))
    assert reading.flags == ("unusable_user",)


@pytest.mark.parametrize("delta", [None, "50", 1.5, True, 2**31, -(2**31) - 1])
def test_a_count_that_is_no_small_integer_is_flagged(delta):
    reading = read(said("ASSET_COUNT", adamId="1", countDelta=delta))

    assert (reading.adam_id, reading.pricing_param, reading.count_delta) == (None, None, None)
    assert reading.flags == ("unusable_count",)


def test_a_count_of_nothing_is_a_count():
    assert read(said("ASSET_COUNT", adamId=1, countDelta=0)).count_delta == 0


def test_words_that_are_no_words_are_flagged_and_long_errors_are_clipped():
    reading = read(said(eventId=5, type=["ASSOCIATE"], result={}, error={"errorMessage": "e\x00" * LONGEST_ERROR}))

    assert (reading.event_id, reading.change, reading.result, reading.error_number) == (None, None, None, None)
    assert (len(reading.error_message), reading.error_message[:2]) == (LONGEST_ERROR, "e\ufffd")
    assert sorted(reading.flags) == ["unusable_change", "unusable_error", "unusable_event_id", "unusable_result"]


def test_words_nobody_knows_yet_are_kept():
    reading = read(said(" UNLIMITED_ASSET ", type="TRANSFER", result="PARTIAL"))

    assert (reading.topic, reading.change, reading.result, reading.flags) == (
        "UNLIMITED_ASSET",
        "TRANSFER",
        "PARTIAL",
        (),
    )


@pytest.mark.parametrize(
    ("document", "flags"),
    [
        ({}, ("no_notification", "no_location")),
        ({"uId": LOCATION, "notification": []}, ("no_notification",)),
        ({"uId": "", "notification": {}}, ("no_location",)),
    ],
)
def test_what_is_of_no_location_or_says_nothing_is_not_usable(document, flags):
    reading = read(document)

    assert not reading.usable
    assert (reading.topic, reading.flags) == ("", flags)


def test_a_location_may_be_a_number():
    assert read({"uId": 2049025000431439, "notification": {}}).u_id == LOCATION


def test_it_is_ordered_by_when_it_was_received():
    stamp = read(said()).stamp

    assert (stamp.at, stamp.rank, stamp.by) == (NOON, 1, KEY)


NAMES = st.one_of(
    st.sampled_from(["notification", "notificationType", "uId", "assignments", "users", "associatedUsers", "error"]),
    st.sampled_from(["adamId", "pricingParam", "serialNumber", "clientUserId", "countDelta", "email", "status"]),
    st.sampled_from(["eventId", "type", "result", "errorNumber", "errorMessage"]),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**4000)
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["ASSET_COUNT", "ASSOCIATE", "1", "C02"])
)
JUNK = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=8))


@given(st.dictionaries(NAMES, JUNK) | st.builds(said, st.just("ASSET_COUNT"), assignments=JUNK, error=JUNK, users=JUNK))
def test_no_document_whatever_makes_it_raise_and_what_is_read_can_be_stored(document):
    reading = read(document)

    texts = [reading.topic, reading.u_id, reading.event_id, reading.change, reading.result, reading.error_message]
    texts += [text for found in reading.assignments for text in (found.adam_id, found.serial_number)]
    texts += [text for found in reading.assignments for text in (found.pricing_param, found.client_user_id)]
    texts += [text for user in reading.users for text in (user.client_user_id, user.email, user.status)]
    for text in filter(None, texts):
        assert "\x00" not in text
        assert len(text.encode("utf-8").decode("utf-8")) <= LONGEST_ERROR
    assert all((found.serial_number is None) != (found.client_user_id is None) for found in reading.assignments)
    assert len({reading.adam_id is None, reading.pricing_param is None, reading.count_delta is None}) == 1


@given(st.lists(JUNK, max_size=4), st.lists(JUNK, max_size=4))
def test_junk_beside_it_never_loses_an_assignment(before, after):
    reading = read(said(assignments=[*before, {"adamId": "77", "serialNumber": "C02GOOD"}, *after]))

    assert pair("77", serial="C02GOOD") in reading.assignments


@pytest.mark.parametrize(
    ("sent", "key"),
    [("C02Y402HLCM6", "C02Y402HLCM6"), (" c02y402hlcm6\n", "C02Y402HLCM6"), ("serial-1", "SERIAL-1"), ("ß", "ß")],
)
def test_serial_numbers_are_joined_whatever_their_case(sent, key):
    assert serial_key(sent) == key


@given(st.text())
def test_a_serial_key_of_a_serial_key_is_itself_and_never_longer(text):
    key = serial_key(text)

    assert serial_key(key) == key
    assert len(key) <= len(text)
