from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

from state.schema import actions
from tasks.handlers.comings_and_goings import FRESH
from tasks.process import process
from tasks.setup import Setup
from tests.deliveries import MINUTE, NOON, SECOND, UDID, again, check_in, envelope
from tests.tasks.telling import TOLD, owed, telling

DAY = timedelta(days=1)
IPAD = {"SerialNumber": "DMPX0001", "DeviceName": "Pier 4", "ModelName": "iPad", "ProductName": "iPad14,9"}


def told(services, *bodies, together=False):
    """What people are told when these arrive in this order, each by itself or all in one batch."""
    arrivals = [envelope(body, received_at=NOON + 30 * DAY) for body in bodies]
    for batch in [arrivals] if together else [[arrival] for arrival in arrivals]:
        process(batch, telling(services))
    return owed(services.engine)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
def test_an_enrolment_is_told_once_in_any_order_of_its_halves(services, order, together):
    halves = [
        check_in("Authenticate", **IPAD),
        check_in("TokenUpdate", at=NOON + SECOND, Token=b"t"),
        check_in("TokenUpdate", at=NOON + MINUTE, Token=b"u"),
    ]

    [(name, facts)] = told(services, *(halves[place] for place in order), together=together)

    assert name == "device_enrolled"
    assert facts == {
        "device_id": UDID,
        "name": "Pier 4",
        "model": "iPad",
        "product": "iPad14,9",
        "serial_number": "DMPX0001",
        "udid": UDID,
        "sender": "micromdm",
        "at": "2026-03-01T12:00:00.000000Z",
    }


def test_both_mail_and_chat_are_owed_at_once(services, engine):
    told(services, check_in("Authenticate"), check_in("TokenUpdate", at=NOON + SECOND))

    with engine.connect() as connection:
        rows = connection.execute(select(actions.c.kind, actions.c.destination, actions.c.arguments)).all()
    found = {row.kind: (row.destination, row.arguments.get("recipients")) for row in rows}
    assert found == {"send_mail": ("mail", ["a@example.org"]), "post_chat": ("chat", None)}


@pytest.mark.parametrize("half", ["Authenticate", "TokenUpdate"])
def test_half_an_enrolment_says_nothing(services, half):
    assert told(services, check_in(half, Token=b"t")) == []


def test_token_updates_of_later_days_say_nothing(services):
    later = [check_in("TokenUpdate", at=NOON + day * DAY, Token=b"t") for day in range(1, 20)]
    enrolment = [check_in("Authenticate"), check_in("TokenUpdate", at=NOON + SECOND)]

    assert len(told(services, *enrolment, *later)) == 1


def test_who_enrolled_long_before_anyone_listened_is_no_news(services):
    """The Authenticate was heard while nobody was to be told."""
    process([envelope(check_in("Authenticate"), received_at=NOON)], services)

    assert told(services, check_in("TokenUpdate", at=NOON + FRESH + SECOND)) == []


def test_a_new_enrolment_is_told_again(services):
    first = [check_in("Authenticate"), check_in("TokenUpdate", at=NOON + SECOND)]
    second = [check_in("Authenticate", at=NOON + DAY), check_in("TokenUpdate", at=NOON + DAY + SECOND)]

    assert [name for name, _ in told(services, *first, *second)] == ["device_enrolled"] * 2


def test_an_older_token_update_completes_no_newer_enrolment(services):
    begun = [check_in("Authenticate"), check_in("Authenticate", at=NOON + DAY)]

    assert told(services, *begun, check_in("TokenUpdate", at=NOON + SECOND)) == []


def test_users_of_a_device_enrol_and_leave_unheard(services):
    user = {"UserID": "5E6F", "UserShortName": "ada"}

    names = told(
        services,
        check_in("Authenticate"),
        check_in("TokenUpdate", at=NOON + SECOND),
        check_in("TokenUpdate", at=NOON + 2 * SECOND, **user),
        check_in("CheckOut", at=NOON + SECOND, **user),
    )

    assert [name for name, _ in names] == ["device_enrolled"]


def test_a_user_who_logs_in_brings_up_no_enrolment_that_nobody_was_told_of(services):
    enrolment = [check_in("Authenticate"), check_in("TokenUpdate", at=NOON + SECOND)]
    process([envelope(body) for body in enrolment], services)

    assert told(services, check_in("TokenUpdate", at=NOON + MINUTE, UserID="5E6F", UserShortName="ada")) == []


def test_a_departure_is_told_once_with_what_is_known_of_the_device(services):
    gone = envelope(check_in("CheckOut", at=NOON + DAY), received_at=NOON + DAY)
    told(services, check_in("Authenticate", **IPAD), check_in("TokenUpdate", at=NOON + SECOND))

    for arrival in (gone, again(gone)):
        process([arrival], telling(services))

    (_, (name, facts)) = owed(services.engine)
    assert (name, facts["name"], facts["serial_number"]) == ("device_left", "Pier 4", "DMPX0001")
    assert facts["at"] == "2026-03-02T12:00:00.000000Z"


def test_a_device_that_says_goodbye_twice_leaves_once(services):
    goodbyes = [check_in("CheckOut", at=NOON + DAY), check_in("CheckOut", at=NOON + DAY + SECOND)]

    names = told(services, check_in("Authenticate"), *goodbyes)

    assert [name for name, _ in names] == ["device_left"]


def test_each_enrolment_can_end(services):
    story = [
        check_in(what, at=NOON + minute * MINUTE)
        for minute, what in enumerate(["Authenticate", "TokenUpdate", "CheckOut"] * 2)
    ]

    assert [name for name, _ in told(services, *story)] == ["device_enrolled", "device_left"] * 2


def test_departures_are_told_where_no_beginning_was_heard(services):
    story = [
        check_in(what, at=NOON + n * MINUTE)
        for n, what in enumerate(["TokenUpdate", "CheckOut", "TokenUpdate", "CheckOut"])
    ]

    assert [name for name, _ in told(services, *story)] == ["device_left"] * 2


@pytest.mark.parametrize("newer", ["Authenticate", "TokenUpdate"])
def test_a_departure_older_than_a_new_enrolment_says_nothing(services, newer):
    names = told(services, check_in(newer, at=NOON + DAY), check_in("CheckOut"))

    assert names == []


@pytest.mark.parametrize("what", [["Authenticate", "TokenUpdate"], ["CheckOut"]])
def test_a_replay_says_nothing_new(services, engine, what):
    arrivals = [envelope(check_in(each, at=NOON + n * SECOND)) for n, each in enumerate(what)]
    process(arrivals, telling(services))
    before = owed(engine)

    for arrival in arrivals:
        process([again(arrival)], telling(services))
        replay = envelope(arrival.body, received_at=arrival.received_at, key=arrival.key, replay_of="0" * 32)
        process([replay], telling(services))

    assert len(before) == 1
    assert owed(engine) == before


@pytest.mark.parametrize(
    ("setup", "kinds"),
    [
        (Setup(), []),
        (Setup(chat=True), ["post_chat"]),
        (Setup(mail_to=TOLD.mail_to), ["send_mail"]),
    ],
)
def test_nobody_is_told_where_nobody_is_configured(services, engine, setup, kinds):
    process([envelope(check_in("CheckOut"))], telling(services, setup))

    with engine.connect() as connection:
        assert list(connection.scalars(select(actions.c.kind))) == kinds


@pytest.mark.parametrize("odd", [7, b"\x00", "x" * 70_000, "nul \x00", [], {}, True, ""])
def test_a_device_may_call_itself_anything(services, odd):
    says = dict.fromkeys(IPAD, odd)

    [(name, facts)] = told(
        services,
        check_in("Authenticate", binary=True, **says),
        check_in("TokenUpdate", at=NOON + SECOND),
    )

    assert name == "device_enrolled"
    assert all(len(value) <= 300 for value in facts.values())
