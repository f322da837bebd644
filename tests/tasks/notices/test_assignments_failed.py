import random

import pytest

from simulators.apple_notifications import Location, Work
from tasks.notices.assignments_failed import MOST_ERRORS, MOST_LINES, word
from tasks.process import process
from tests.databases import ON_SQLITE
from tests.deliveries import MINUTE, NOON, envelope
from tests.tasks.telling import owed, telling

NO_LICENCES = (9709, "not enough licences")
LATER = (
    "What this request fails later is told by no other notice: "
    "`GET /api/assignments?state=failed&event_id=e-1` lists it."
)


@pytest.fixture
def apple(services):
    """Apple says how an event went for these serial numbers."""
    location = Location("2049025000431439", rng=random.Random(1))

    def say(serial_numbers, *, error=(0, ""), event_id="e-1", change="ASSOCIATE", adam_id="361309726", at=NOON):
        number, message = error
        work = Work(event_id=event_id, type=change, adam_id=adam_id, error_number=number, error_message=message)
        for notification in location.asset_management(work, serial_numbers):
            process(
                [envelope(notification.document(), kind="apps-and-books", received_at=at)],
                telling(services),
            )

    return say


def told(outside):
    [(name, facts)] = owed(outside.engine)
    assert name == "assignments_failed"
    return word(facts, outside)


def test_all_that_one_event_failed_is_told_by_error(apple, outside):
    apple(["C01", "C02"], error=NO_LICENCES)
    apple(["C03"], error=(9722, "<unknown & odd>"), adam_id="497799835")
    apple(["C04"])

    worded = told(outside)

    assert worded.subject == "Apple could not assign 3 licences (location 2049025000431439)"
    assert worded.text == (
        "Apple could not assign 3 licences.\n"
        "\n"
        "Location: 2049025000431439\n"
        "Request: e-1\n"
        "\n"
        "Error 9709, not enough licences: 2\n"
        "  App 361309726, serial number C01\n"
        "  App 361309726, serial number C02\n"
        "\n"
        "Error 9722, <unknown & odd>: 1\n"
        "  App 497799835, serial number C03\n"
        "\n"
        f"{LATER}\n"
    )
    assert "<p><b>Error 9722, &lt;unknown &amp; odd&gt;: 1</b></p>" in worded.html
    assert "<li>App 361309726, serial number C01</li>" in worded.html
    assert worded.chat == (
        "Apple could not assign 3 licences.\n• Error 9709, not enough licences: 2\n• Error 9722, <unknown & odd>: 1\n"
        f"{LATER}"
    )
    assert worded.facts == {"Location": "2049025000431439", "Request": "e-1"}


def test_it_says_what_was_assigned_since(apple, outside):
    apple(["C01", "C02"], error=NO_LICENCES)
    apple(["C02"], event_id="e-2", at=NOON + MINUTE)

    worded = told(outside)

    assert "Apple could not assign 2 licences. By now 1 of them is assigned." in worded.text
    assert "serial number C01\n" in worded.text
    assert "serial number C02 (assigned by now)\n" in worded.text


def test_it_says_when_there_is_nothing_left_to_do(apple, outside):
    apple(["C01", "C02"], error=NO_LICENCES)
    apple(["C01", "C02"], at=NOON + MINUTE)

    assert "By now all of them are assigned: there is nothing to do." in told(outside).chat


@ON_SQLITE
@pytest.mark.parametrize(("change", "verb"), [("DISASSOCIATE", "take back"), ("REVOKE", "revoke")])
def test_a_licence_that_stays_assigned_is_no_comfort_to_those_who_took_it_back(apple, outside, change, verb):
    apple(["C01"], event_id="e-0", at=NOON - MINUTE * 60)
    apple(["C01"], error=NO_LICENCES, change=change)

    chat = told(outside).chat
    assert chat.splitlines()[0] == f"Apple could not {verb} 1 licence."
    assert "`GET /api/assignments?state=assigned&u_id=2049025000431439`" in chat


def test_an_event_of_thousands_is_told_in_part(apple, outside):
    serials = [f"C{number:04}" for number in range(450)]
    apple(serials, error=NO_LICENCES)
    apple(["D1"], error=(9722, "other"))

    worded = told(outside)

    assert "Error 9709, not enough licences: 450\n" in worded.text
    assert worded.text.count("serial number") == MOST_LINES
    assert f"  and {450 - MOST_LINES} more\n" in worded.text
    assert "Error 9722, other: 1\n  and 1 more\n" in worded.text
    assert len(worded.chat) < 500


@ON_SQLITE
def test_an_error_that_is_another_one_for_each_device_does_not_flood_anybody(apple, outside):
    for number in range(MOST_ERRORS + 5):
        apple([f"C{number}"], error=(9722, f"no {number:03}"))

    worded = told(outside)

    assert worded.text.count("Error 9722") == MOST_ERRORS
    assert worded.text.endswith(f"Other errors: 5\n\n{LATER}\n")
    assert worded.chat.endswith(f"• and 16 more\n{LATER}")


def test_users_are_named_too(services, outside):
    pair = {"adamId": "361309726", "pricingParam": "STDQ", "clientUserId": "u-1"}
    body = {
        "notificationId": "n-1",
        "notificationType": "ASSET_MANAGEMENT",
        "uId": "2",
        "notification": {"assignments": [pair], "eventId": "e-1", "type": "ASSOCIATE", "result": "FAILURE"},
    }

    process([envelope(body, kind="apps-and-books")], telling(services))

    assert "No reason given: 1\n  App 361309726, user u-1\n" in told(outside).text


def test_what_is_no_longer_stored_cannot_be_told(outside):
    worded = word({"u_id": "2", "event_id": "e-9", "change": "ASSOCIATE"}, outside)

    assert worded.chat == "Apple could not assign some licences.\nWhat they were is no longer stored."


@ON_SQLITE
@pytest.mark.parametrize("facts", [{}, {"u_id": 7, "event_id": None, "change": []}])
def test_odd_facts_are_no_error(outside, facts):
    assert word(facts, outside).subject.startswith("Apple could not assign some licences")
