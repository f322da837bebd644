"""Asking devices for everything: which questions, and each once while it is unanswered."""

import threading
from dataclasses import replace

import pytest

from domain.commands import check
from state.unit_of_work import unit_of_work
from tasks.actions.send_command import SendCommand
from tasks.inventory import ask_now, ask_on, refresh
from tasks.owing import Owed
from tests.databases import ON_SQLITE
from tests.deliveries import UDID
from tests.tasks.inquiring import DAY, INFORMATION, PHONE, PHONES_QUESTIONS, SECURITY, asked
from tests.tasks.lab import SETUP


@pytest.fixture
def lab(lab):
    lab.setup = replace(SETUP, inventory_age=DAY)
    return lab


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
