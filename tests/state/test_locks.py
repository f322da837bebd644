"""Locks of names: those who meet wait for each other, and never in a circle."""

import threading
from concurrent.futures import ThreadPoolExecutor

from state.engine import open_engine
from state.portions import AT_ONCE
from state.unit_of_work import unit_of_work
from tests.deliveries import NOON

ROUNDS = 5


def test_names_of_several_portions_and_names_that_are_new_are_no_circle(engine, database_location):
    """One wants more than a statement holds, the other just as many, one of which is only about to be there."""
    many = [f"serial:{number:05}" for number in range(AT_ONCE)]
    with unit_of_work(engine, NOON) as uow:
        uow.take_locks(many)
    start = threading.Barrier(2)

    def work(names_of):
        own = open_engine(database_location)
        for number in range(ROUNDS):
            start.wait(timeout=60)
            with unit_of_work(own, NOON) as uow:
                uow.take_locks(names_of(f"serial:new-{number}"))
        own.dispose()
        return ROUNDS

    with ThreadPoolExecutor(2) as pool:
        wholes, few = (pool.submit(work, of) for of in (lambda new: [*many, new], lambda new: [*many[1:], new]))

        assert (wholes.result(), few.result()) == (ROUNDS, ROUNDS)


def test_who_holds_a_name_is_waited_for(engine, database_location):
    told = []
    with ThreadPoolExecutor(1) as pool:
        own = open_engine(database_location)

        def second():
            with unit_of_work(own, NOON) as uow:
                uow.take_locks(["serial:A", "serial:B"])
                told.append("second")

        with unit_of_work(engine, NOON) as uow:
            uow.take_locks(["serial:B", "serial:A", "serial:A"])
            waiting = pool.submit(second)
            told.append("first")
        waiting.result()
        own.dispose()

    assert told == ["first", "second"]
