"""A batch that is too much for its worker or for the database ends in smaller parts, or buried, never in a circle."""

import multiprocessing
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from config.contract import inbox_of
from config.inbox import Inboxes
from config.redis_connection import connect
from state.engine import open_engine
from state.schema import events
from tasks.drain import ENOUGH, drain
from tasks.services import Services, keyed_fingerprint
from tests import poison as poison_handlers
from tests.databases import ON_POSTGRESQL
from tests.deliveries import NOON, SECOND, check_in, envelope

INBOX = "nanomdm.GetToken:0"
MOST_WORKERS = 10
BIG = b"a" * 600_000
"""Of which one transaction takes no two."""

assert poison_handlers


def post(inboxes, *poisons, **content):
    for number, poison in enumerate(poisons):
        said = check_in("GetToken", at=NOON + number * SECOND, **({"Poison": poison} if poison else {}), **content)
        item = envelope(said, kind="nanomdm")
        inboxes.append(inbox_of(item.kind, item.type), item.head(), item.body)


def outcomes(engine):
    with engine.connect() as connection:
        return list(connection.execute(select(events.c.status, events.c.error).order_by(events.c.occurred_at)))


def length(services):
    return services.inboxes.states([INBOX])[0].length


def drain_in_a_worker(database_location, redis_location):
    """What a worker process does with a wake; it may not survive it."""
    engine = open_engine(database_location)
    with closing(connect(redis_location)) as client:
        fingerprint = keyed_fingerprint(b"k")
        drain(INBOX, Services(engine=engine, inboxes=Inboxes(client), wake=lambda _: None, fingerprint=fingerprint))
    engine.dispose()


def test_what_is_done_of_a_batch_that_takes_long_leaves_the_inbox_and_the_rest_is_the_next_batch(services, engine):
    post(services.inboxes, *[None] * 3, Weight=BIG)
    ticks = iter([0.0, 0.5, 0.5 + ENOUGH, 0.5 + ENOUGH, 0.5 + ENOUGH])

    assert drain(INBOX, replace(services, monotonic=lambda: next(ticks), pause=lambda _: None)) == "yielded"
    assert ([status for status, _ in outcomes(engine)], length(services)) == (["processed"], 2)
    lease = services.inboxes.take(INBOX)
    batch = lease.begin()
    assert (len(batch.entries), batch.tries, batch.careful) == (2, 1, False)
    lease.leave(forgive=True)

    assert drain(INBOX, services) == "asleep"
    assert [status for status, _ in outcomes(engine)] == ["processed"] * 3


@pytest.mark.parametrize("database_location", ["sqlite"], indirect=True)
def test_a_batch_that_is_too_much_for_any_worker_ends_processed_one_by_one_or_buried(
    services, engine, database_location, redis_location, redis_client
):
    post(services.inboxes, *["crowd"] * 3, "kill", *["crowd"] * 3)
    spawn = multiprocessing.get_context("spawn")

    for _ in range(MOST_WORKERS):
        worker = spawn.Process(target=drain_in_a_worker, args=(database_location, redis_location))
        worker.start()
        worker.join()
        redis_client.delete("windfall:lease:" + INBOX)
        if length(services) == 0:
            break

    assert length(services) == 0
    assert [status for status, _ in outcomes(engine)] == ["processed"] * 3 + ["buried"] + ["processed"] * 3
    assert [error for _, error in outcomes(engine) if error] == ["processing it ended its worker 3 times"]


TOO_LONG = """
CREATE FUNCTION too_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.status = 'processed' AND (NEW.occurred_at = '{noon}' OR
      (SELECT count(*) FROM events WHERE xmin = pg_current_xact_id()::xid) > 2)
  THEN RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = 'query_canceled'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER too_long AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION too_long();
"""


@pytest.fixture
def slow_database(engine):
    """One that gives up when a transaction stores more than two events, or that of noon."""
    with engine.begin() as connection:
        connection.execute(text(TOO_LONG.format(noon=NOON.isoformat()).replace(":", r"\:")))
    yield
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION too_long CASCADE"))


@ON_POSTGRESQL
@pytest.mark.usefixtures("slow_database")
def test_a_batch_that_takes_the_database_too_long_ends_processed_one_by_one_or_buried(services, engine):
    post(services.inboxes, *[None] * 5)

    while drain(INBOX, services) == "yielded":
        pass

    assert [status for status, _ in outcomes(engine)] == ["buried"] + ["processed"] * 4
    assert "QueryCanceled" in outcomes(engine)[0].error
