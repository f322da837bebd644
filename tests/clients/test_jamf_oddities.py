"""What a Jamf Pro must not be believed: endless pages, lists that are none, records of somebody else; and old ones."""

import pytest

from clients.jamf import JamfPro
from domain.errors import PermanentError, TransientError
from tests.clients.far_end import answer
from tests.jamf_pro import login

TOKEN = answer(200, {"access_token": "t", "expires_in": 600})


def far(far_end, *steps):
    """Our client of a far end that gives a token and then these answers."""
    far_end.steps = [TOKEN, *steps]
    return JamfPro(far_end.url, login())


def test_a_server_that_gives_the_same_page_for_ever_ends_the_read(far_end):
    same = answer(200, {"totalCount": 10**9, "results": [{"id": str(number)} for number in range(200)]})

    with pytest.raises(TransientError, match="is the one before it once more"):
        list(far(far_end, same).records("computer"))
    assert len(far_end.arrivals) == 4


def test_pages_that_end_before_their_total_end_the_read(far_end):
    some = answer(200, {"totalCount": 10**9, "results": [{"id": "1"}]})
    none = answer(200, {"totalCount": 10**9, "results": []})

    pages = list(far(far_end, none, some, none).records("computer"))

    assert [[record.jamf_id for record in page] for page in pages] == [["1"]]


@pytest.mark.parametrize("junk", [{"results": None}, {"results": {}}, {}, {"totalCount": 0}])
def test_what_is_no_list_is_no_empty_list(far_end, junk):
    with pytest.raises(TransientError, match="not its documented answer"):
        list(far(far_end, answer(200, junk)).records("computer"))


def test_odd_entries_are_left_out_and_odd_values_too(far_end):
    entries = [
        None,
        7,
        {},
        {"id": ""},
        {"id": True},
        {"id": "9" * 300},
        {"id": 5, "udid": 7, "general": [], "hardware": {"serialNumber": " S1 ", "model": {"a": 1}}},
        {"id": "6", "udid": "u\x00", "general": {"name": "x" * 5_000, "reportDate": "soon", "lastContactTime": "0"}},
    ]
    reply = answer(200, {"totalCount": len(entries), "results": entries})

    pages = far(far_end, reply, reply).records("computer")
    [[five, six]] = pages

    assert (pages.unread, pages.first_unread) == (6, "None")
    assert (five.jamf_id, five.udid, five.serial_number, five.facts) == ("5", "7", "S1", {})
    assert (six.udid, len(six.facts["deviceName"]), six.report_at, six.last_contact_at) == (
        "u\ufffd",
        1_000,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("x" * 500, "x" * 99 + "…"),
        ({"mobileDeviceId": ""}, ""),
        ({"id": True}, "True"),
        ({"id": "9\x00" * 200}, "9\ufffd" * 49 + "9…"),
    ],
)
def test_the_first_entry_that_nobody_can_read_is_told_with_what_it_has_for_an_id(far_end, entry, told):
    good = {"id": "1"}
    first, second = ({"totalCount": 4, "results": page} for page in ([good, entry], [None, {"id": "2"}]))

    pages = far(far_end, answer(200, first), answer(200, first), answer(200, second)).records("mobile_device")
    found = [record.jamf_id for page in pages for record in page]

    assert (found, pages.unread, pages.first_unread) == (["1", "2"], 2, told)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({}, {}),
        ({"userAndLocation": None}, {}),
        ({"userAndLocation": []}, {}),
        ({"userAndLocation": {"room": "Q2"}}, {"room": "Q2"}),
        ({"userAndLocation": {"username": None, "realname": " "}}, {"username": "", "realName": ""}),
        ({"userAndLocation": {"username": ""}, "username": "ivarga"}, {"username": "ivarga"}),
        ({"userAndLocation": {"username": ["odd"]}}, {}),
        ({"userAndLocation": {"buildingId": "2", "departmentId": None}}, {"department": ""}),
        ({"userAndLocation": {"buildingId": "-1", "departmentId": 0}}, {"building": "", "department": ""}),
        ({"userAndLocation": {"buildingId": "2"}, "building": ""}, {}),
        ({"general": {"name": "", "lastIpAddress": None}, "operatingSystem": {"version": ""}}, {}),
    ],
)
def test_only_a_field_of_user_and_place_that_is_there_is_empty(far_end, part, expected):
    reply = answer(200, {"totalCount": 1, "results": [{"id": "5", **part}]})

    [[record]] = far(far_end, reply, reply).records("computer")

    assert record.facts == expected


def test_a_record_of_somebody_else_is_no_answer(far_end):
    empty = answer(200, {"totalCount": 0, "results": []})

    with pytest.raises(TransientError, match="not its documented answer"):
        far(far_end, empty, answer(200, {"id": "8"})).record("computer", "7")


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<html>",
        b'<meta name="version" content="latest">',
        b"\xff" * 99,
    ],
)
def test_a_page_without_a_version_is_an_error(far_end, page):
    with pytest.raises((TransientError, PermanentError), match="answered 200"):
        far(far_end, answer(404), answer(200, page)).version()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_server_that_has_no_word_for_its_health_is_asked_for_its_version(far_end, status):
    """Behind addresses that are none some servers want a token first."""
    far_end.steps = [answer(status), TOKEN, answer(200, {"version": "10.20.0-t1"})]
    pro = JamfPro(far_end.url, login())

    assert (pro.is_healthy(), pro.version()) == (True, "10.20.0-t1")


@pytest.mark.parametrize("is_user", [False, True])
def test_a_server_without_tokens_has_its_version_on_its_log_in_page(far_end, is_user):
    page = answer(200, b'<meta name="version" content="9.93.1">')
    tries = 1 if is_user else 2
    far_end.steps = [answer(404)] * tries + [page]

    assert JamfPro(far_end.url, login(is_user=is_user)).version() == "9.93.1"
    assert [arrival.method for arrival in far_end.arrivals] == ["POST"] * tries + ["GET"]


def test_what_is_no_jamf_pro_at_all_is_said_to_be_none(far_end):
    far_end.steps = [answer(404), answer(404), answer(200, b"<html>Welcome</html>")]

    with pytest.raises(TransientError, match=r"is this the URL of a Jamf Pro\?") as caught:
        JamfPro(far_end.url, login()).version()

    assert caught.value.down


@pytest.mark.parametrize(
    ("name", "kept"), [(" Caf\u00e9 \x00 ", "Caf\u00e9 \ufffd"), ("x\ud800", "x\ufffd"), ("n" * 5_000, "n" * 999 + "…")]
)
def test_the_name_of_a_policy_is_fit_to_be_kept_whatever_characters_are_in_it(far_end, name, kept):
    listed = answer(200, {"policies": [{"id": 501, "name": name}, {"id": 502, "name": " "}]})
    one = answer(200, {"policy": {"general": {"name": name}}})

    pro = far(far_end, listed, one)

    assert (pro.policy_names(), pro.policy_name("503")) == ({"501": kept}, kept)
