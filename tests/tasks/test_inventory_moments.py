"""Beat asks a device for everything at its own moment of each age, if it answers, and asks nobody in vain for ever."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from state.schema import commands, inquiries
from tasks.inventory import DIGESTS, HEARD, ask_now, moment, refresh
from tests.databases import ON_SQLITE
from tests.deliveries import NOON, UDID
from tests.tasks.inquiring import DAY, INFORMATION, PHONE, PHONES_QUESTIONS, SECURITY, asked, its_moment, place
from tests.tasks.lab import SETUP, rows


@pytest.fixture
def lab(lab):
    lab.setup = replace(SETUP, inventory_age=DAY)
    return lab


def answer_all(lab, **content):
    """The device answers whatever is open, a second later."""
    lab.deliver()
    for row in rows(lab.engine, commands):
        if row["state"] == "sent":
            lab.reply("Acknowledged", row["command_uuid"], **content)


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
