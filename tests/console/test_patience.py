"""Waiting for what may never answer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from console.patience import Patient


def test_it_gives_the_answer_each_time_anew():
    answers = iter([1, 2])
    patient = Patient(lambda: next(answers))

    assert [patient.ask(10), patient.ask(10)] == [1, 2]


def test_it_raises_what_the_function_raises():
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Patient(fail).ask(10)


def test_it_gives_up_and_starts_no_second_thread_meanwhile():
    go_on, calls = threading.Event(), []

    def answer():
        calls.append(1)
        go_on.wait(60)
        return "at last"

    patient = Patient(answer)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            patient.ask(0.01)

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(patient.ask, 30) for _ in range(2)]
        go_on.set()
        answers = [future.result() for future in waiting]

    assert answers == ["at last", "at last"]
    assert 1 <= len(calls) <= 2
