"""PostgreSQL ends a deadlock by undoing the work of one of both; a person need not see that."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, select, text

from domain.errors import DatabaseAway
from state.engine import open_engine, write_transaction
from state.ordering import order
from state.queries.actions import one_action
from state.queries.reading import despite_deadlocks, writing
from state.schema import actions, commands
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed
from tasks.retrying import retry
from tests.databases import ON_POSTGRESQL
from tests.deliveries import UDID
from tests.owed import SETUP, attempt

PATIENCE = 60

LOOKS_FOR_A_DEADLOCK = {True: "2s", False: "60s"}
"""After so long a wait, the chosen one and the other: who looks first, and finds one, is undone."""


@pytest.fixture
def engine_that_looks(database_location):
    """Engines of two who meet, by whether it is the one that PostgreSQL will choose."""
    opened = []

    def open_it(*, is_chosen):
        engine = open_engine(database_location)
        looks = f"SET deadlock_timeout = '{LOOKS_FOR_A_DEADLOCK[is_chosen]}'; SET lock_timeout = '60s'"
        event.listen(engine, "connect", lambda connection, _: connection.execute(looks))
        opened.append(engine)
        return engine

    yield open_it
    for engine in opened:
        engine.dispose()


@ON_POSTGRESQL
def test_a_retry_that_was_chosen_to_end_a_deadlock_is_done_again(engine, services, engine_that_looks):
    action = SendCommand(device_id=UDID, sender="micromdm", request_type="ProfileList", arguments={})
    identifier = order(engine, Owed(action=action, key="k").record(services.now())).id
    attempt(services, "dead", error="micromdm answered 401")
    chosen, other = engine_that_looks(is_chosen=True), engine_that_looks(is_chosen=False)
    undone = []
    event.listen(chosen, "handle_error", lambda context: undone.append(context.original_exception.sqlstate))
    has_command = threading.Event()

    def lock_the_other_way_round():
        with write_transaction(other) as connection:
            connection.execute(select(commands.c.id).where(commands.c.id == identifier).with_for_update())
            has_command.set()
            while not connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                pass
            connection.execute(select(actions.c.id).where(actions.c.id == identifier).with_for_update())

    with ThreadPoolExecutor(1) as pool:
        meeting = pool.submit(lock_the_other_way_round)
        assert has_command.wait(PATIENCE)
        (verdict,) = retry(chosen, SETUP, [identifier], now=services.now())
        meeting.result(PATIENCE)

    assert (undone, verdict.refusal) == (["40P01"], None)
    assert one_action(engine, identifier)["state"] == "pending"


def test_nothing_else_is_done_again(engine):
    tries = []

    def fail():
        tries.append(1)
        with writing(engine) as connection:
            connection.execute(text("SELECT no_such_column FROM actions"))

    with pytest.raises(DatabaseAway, match="no_such_column"):
        despite_deadlocks(fail)

    assert tries == [1]
