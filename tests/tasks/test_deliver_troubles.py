"""Deliveries while the database falters, or a destination is not configured."""

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.tasks.delivering import DEVICES, MICROMDM, install, queued


def test_what_was_sent_is_written_down_once_the_database_takes_it_again(world, engine, micro, micromdm_api):
    world.owe(install(DEVICES[0], sender="micromdm"))
    refused = []

    def refuse(connection, cursor, statement, parameters, context, executemany):
        if micromdm_api.calls and len(refused) < 3 and statement.startswith("UPDATE actions"):
            refused.append(statement)
            raise OperationalError(statement, {}, Exception("the database is locked"))

    event.listen(engine, "before_cursor_execute", refuse)
    world.deliver(MICROMDM)
    event.remove(engine, "before_cursor_execute", refuse)

    assert (len(refused), world.pauses.count(1.0)) == (3, 3)
    assert world.states() == ["done"]
    assert (micromdm_api.count("POST", "/v1/commands"), queued(micromdm_api, DEVICES[:1])) == (1, [1])


def test_what_is_owed_to_a_server_that_nobody_names_waits_and_counts_no_attempt(world):
    [action] = world.owe(install(DEVICES[0], sender="micromdm"))

    assert world.deliver(MICROMDM) == "unconfigured"
    assert (world.actions()[action].state, world.actions()[action].attempts) == ("pending", 0)
