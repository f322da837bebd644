"""Asking devices for everything: which questions, once while they are unanswered, and a fleet evenly."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.commands import check
from state.schema import commands, inquiries
from state.unit_of_work import unit_of_work
from tasks.actions.send_command import SendCommand
from tasks.inventory import DIGESTS, HEARD, PLACE_INTERVAL, ask_now, ask_on, moment, refresh
from tasks.owing import Owed
from tests.databases import ON_SQLITE
from tests.deliveries import NOON, UDID
from tests.tasks.lab import SETUP, rows

PHONE = {"ProductName": "iPhone15,2", "OSVersion": "18.2"}
INFORMATION, SECURITY = "DeviceInformation", "SecurityInfo"
PHONES_QUESTIONS = 10
DAY = timedelta(days=1)


@pytest.fixture
def lab(lab):
    lab.setup = replace(SETUP, inventory_age=DAY)
    return lab


def asked(lab):
    """Request types of all questions, oldest first."""
    return [row["request_type"] for row in rows(lab.engine, commands)]


def place(lab):
    """Let the time come at which devices are given their moments."""
    lab.now += timedelta(seconds=PLACE_INTERVAL - lab.now.timestamp() % PLACE_INTERVAL)
    assert refresh(lab.at_work) == 0


def its_moment(lab):
    """Go to where the device is due; what is asked then."""
    place(lab)
    lab.now = moment(UDID, lab.setup.inventory_age, after=lab.now)
    return refresh(lab.at_work)


def answer_all(lab, **content):
    """The device answers whatever is open, a second later."""
    lab.deliver()
    for row in rows(lab.engine, commands):
        if row["state"] == "sent":
            lab.reply("Acknowledged", row["command_uuid"], **content)


def test_asking_twice_asks_nothing_new_until_there_is_an_answer(lab):
    lab.enrol(**PHONE)

    first = ask_now(lab.engine, UDID, lab.now)
    again = ask_now(lab.engine, UDID, lab.tick())
    lab.deliver()
    lab.answer("Acknowledged", to=SECURITY)
    third = ask_now(lab.engine, UDID, lab.tick())

    assert [len(owed) for owed in (first, again, third)] == [PHONES_QUESTIONS, 0, 1]
    assert asked(lab).count(SECURITY) == 2
    assert asked(lab).count(INFORMATION) == 1


@ON_SQLITE
def test_what_was_asked_with_other_arguments_is_another_question(lab):
    lab.enrol(**PHONE)
    narrow = check("ProfileList", {"ManagedOnly": True})
    action = SendCommand(
        device_id=UDID, sender="micromdm", request_type=narrow.request_type, arguments=dict(narrow.arguments)
    )
    with unit_of_work(lab.engine, lab.now) as uow:
        uow.owe(Owed(action=action, key="by hand").record(lab.now))

    assert len(ask_now(lab.engine, UDID, lab.now)) == PHONES_QUESTIONS
    assert asked(lab).count("ProfileList") == 2


def test_many_who_ask_at_the_same_time_ask_once(lab):
    lab.enrol(**PHONE)
    together = threading.Barrier(4)
    owed = []

    def ask():
        together.wait()
        owed.append(len(ask_now(lab.engine, UDID, lab.now)))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(owed) == [0, 0, 0, PHONES_QUESTIONS]
    assert len(asked(lab)) == PHONES_QUESTIONS


@ON_SQLITE
def test_an_unknown_device_says_first_what_it_is_and_is_then_asked_the_rest(lab):
    lab.serial = ""
    lab.enrol()
    first = ask_now(lab.engine, UDID, lab.now)
    too_early = ask_on(lab.engine, UDID, lab.now)
    lab.setup = replace(lab.setup, inventory_age=None)
    waited = refresh(lab.at_work)

    lab.deliver()
    lab.answer("Acknowledged", to=INFORMATION, QueryResponses=PHONE)
    rest = refresh(lab.at_work)

    assert [action.arguments["request_type"] for action in first] == [INFORMATION]
    assert (too_early, waited) == ([], 0)
    assert rest == PHONES_QUESTIONS - 1
    assert asked(lab).count(INFORMATION) == 1
    assert refresh(lab.at_work) == 0


@ON_SQLITE
@pytest.mark.parametrize("status", ["Error", "Acknowledged"])
def test_a_device_that_does_not_say_what_it_is_is_asked_what_all_systems_answer(lab, status):
    lab.enrol()
    ask_now(lab.engine, UDID, lab.now)
    lab.deliver()
    lab.answer(status, to=INFORMATION)

    rest = ask_on(lab.engine, UDID, lab.now)

    assert len(rest) == 4
    assert ask_on(lab.engine, UDID, lab.now) == []


@ON_SQLITE
def test_a_device_that_enrolled_anew_before_it_answered_is_not_asked_the_rest(lab):
    lab.enrol()
    ask_now(lab.engine, UDID, lab.now)
    lab.deliver()
    lab.enrol()

    assert refresh(lab.at_work) == 0
    assert ask_on(lab.engine, UDID, lab.now) == []


@ON_SQLITE
def test_a_device_that_is_not_there_is_asked_nothing(lab):
    assert ask_now(lab.engine, "nobody", lab.now) == []


@ON_SQLITE
def test_beat_asks_a_device_once_in_each_age_at_its_own_moment(lab):
    lab.enrol(**PHONE)
    counts = []
    for _ in range(3):
        counts.append(its_moment(lab))
        counts.append(refresh(lab.at_work))
        answer_all(lab)
        lab.tick()

    assert counts == [PHONES_QUESTIONS, 0] * 3
    assert Counter(asked(lab)) == dict.fromkeys(set(DIGESTS) - {"UserList"}, 3)


def test_beat_asks_nobody_who_has_answered_nothing(lab):
    lab.enrol(**PHONE)
    ask_now(lab.engine, UDID, lab.now)
    lab.deliver()

    assert [its_moment(lab), its_moment(lab)] == [0, 0]


def leave_open(lab, *kinds):
    """The device answers all the rest."""
    lab.deliver()
    for row in rows(lab.engine, commands, state="sent"):
        lab.reply("NotNow" if row["request_type"] in kinds else "Acknowledged", row["command_uuid"])


def test_one_question_without_an_answer_does_not_stop_the_others(lab):
    lab.enrol(**PHONE)
    counts = []
    for _ in range(5):
        counts.append(its_moment(lab))
        leave_open(lab, SECURITY)
        lab.tick()

    assert counts == [PHONES_QUESTIONS, *[PHONES_QUESTIONS - 1] * 4]
    assert asked(lab).count(SECURITY) == 1


def test_a_device_that_ceases_to_answer_is_asked_once_more_and_then_left_in_peace(lab):
    lab.enrol(**PHONE)
    its_moment(lab)
    leave_open(lab, SECURITY)
    counts = []
    for _ in range(4):
        counts.append(its_moment(lab))
        lab.deliver()
        lab.check_in("TokenUpdate")

    assert counts == [PHONES_QUESTIONS - 1, 0, 0, 0]

    lab.now += timedelta(minutes=1)
    leave_open(lab, SECURITY, "ProfileList")
    for row in rows(lab.engine, commands, state="sent", request_type=INFORMATION):
        lab.reply("Acknowledged", row["command_uuid"])

    assert its_moment(lab) == PHONES_QUESTIONS - 2


def test_a_question_that_got_lost_is_asked_anew_after_a_month(lab):
    lab.enrol(**PHONE)
    ask_now(lab.engine, UDID, lab.now)
    lab.deliver()
    lab.now += timedelta(days=31)
    lab.check_in("TokenUpdate")

    assert its_moment(lab) == PHONES_QUESTIONS


@ON_SQLITE
def test_beat_does_not_ask_what_somebody_has_just_asked(lab):
    lab.enrol(**PHONE)
    place(lab)
    due = moment(UDID, DAY, after=lab.now)
    lab.now = due - timedelta(hours=1)
    ask_now(lab.engine, UDID, lab.now)
    answer_all(lab)
    lab.now = due

    assert refresh(lab.at_work) == 0


def test_beat_asks_nothing_without_an_age_of_those_who_left_or_were_not_heard_or_whose_server_is_unknown(lab):
    lab.enrol(**PHONE)
    counts = []
    for change in ({"inventory_age": None}, {"mdm_servers": {}}, {"mdm_servers": {"nanomdm": "nanomdm"}}):
        lab.setup = replace(SETUP, **{"inventory_age": DAY, **change})
        lab.now += 2 * DAY if change.get("inventory_age", DAY) else timedelta()
        counts.append(refresh(lab.at_work))
    lab.setup = replace(SETUP, inventory_age=DAY)
    place(lab)
    lab.now = NOON + HEARD + 2 * DAY
    counts.append(its_moment(lab))
    lab.check_in("CheckOut")
    counts.append(its_moment(lab))

    assert counts == [0] * 5


@ON_SQLITE
def test_a_device_that_was_never_heard_to_enrol_and_speaks_is_asked_by_beat(lab):
    lab.inform()

    assert its_moment(lab) == 1
    assert asked(lab) == [INFORMATION]


def test_a_shorter_age_counts_at_once(lab):
    lab.enrol(**PHONE)
    lab.setup = replace(SETUP, inventory_age=timedelta(days=365))
    place(lab)
    lab.setup = replace(SETUP, inventory_age=timedelta(hours=1))
    place(lab)

    (row,) = rows(lab.engine, inquiries)

    assert row["due_at"] == moment(UDID, timedelta(hours=1), after=lab.now)
