import json
from dataclasses import replace

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError

from config.contract import inbox_of
from config.inbox import MAX_ENTRIES, Inboxes
from state.engine import open_engine
from state.schema import event_bodies, event_keys, events
from tasks.drain import LINGER, drain
from tasks.services import Services, keyed_fingerprint
from tests import poison as poison_handlers
from tests.deliveries import NOON, SECOND, again, check_in, envelope

INBOX = "nanomdm.GetToken:0"
HEAD = {
    "delivery_id": "d",
    "sender": "nanomdm",
    "kind": "nanomdm",
    "type": "mdm.GetToken",
    "key": "ab" * 32,
    "received_at": "2026-03-01T12:00:00Z",
}

assert poison_handlers


def token_request(number, *, poison=False):
    content = {"Poison": "raise"} if poison else {}
    return envelope(check_in("GetToken", at=NOON + number * SECOND, **content), kind="nanomdm")


def post(services, *envelopes):
    for item in envelopes:
        services.inboxes.append(inbox_of(item.kind, item.type), item.head(), item.body)


def statuses(engine):
    with engine.connect() as connection:
        return [row.status for row in connection.execute(select(events.c.status).order_by(events.c.occurred_at))]


def test_a_drain_empties_its_inbox_and_goes_to_sleep(services, engine):
    post(services, *(token_request(n) for n in range(3)))

    assert drain(INBOX, services) == "asleep"
    assert statuses(engine) == ["processed"] * 3
    assert services.inboxes.states([INBOX])[0].length == 0


def test_a_second_drain_of_the_same_inbox_leaves_at_once(services, engine):
    post(services, token_request(1))
    services.inboxes.take(INBOX)

    assert drain(INBOX, services) == "busy"
    assert statuses(engine) == []


def test_after_its_slice_a_drain_wakes_itself_and_leaves_what_is_left(services, engine, wakes):
    post(services, *(token_request(n) for n in range(MAX_ENTRIES + 1)))
    ticks, pauses = iter([0.0, 0.5, 0.51, 1.5]), []
    hurried = replace(services, monotonic=lambda: next(ticks), pause=pauses.append)

    assert drain(INBOX, hurried) == "yielded"
    assert (wakes.inboxes, pauses) == ([INBOX], [pytest.approx(LINGER - 0.01)])
    assert services.inboxes.states([INBOX])[0].length == 1
    assert services.inboxes.take(INBOX) is not None


def test_a_poisoned_event_is_buried_with_its_traceback_and_the_others_are_processed(services, engine):
    post(services, token_request(0), token_request(1, poison=True), token_request(2))

    assert drain(INBOX, services) == "asleep"

    assert statuses(engine) == ["processed", "buried", "processed"]
    with engine.connect() as connection:
        buried = connection.execute(select(events).where(events.c.status == "buried")).mappings().one()
    assert "RuntimeError: this event is poison" in buried["error"]


def test_an_event_that_ends_its_worker_three_times_is_buried_and_the_others_are_processed(
    services, engine, redis_client
):
    post(services, *(token_request(n) for n in range(3)))
    for _ in range(3):
        services.inboxes.take(INBOX).begin()
        redis_client.delete("windfall:lease:" + INBOX)

    assert drain(INBOX, services) == "asleep"

    assert statuses(engine) == ["buried", "processed", "processed"]


def test_a_buried_event_stays_known(services, engine):
    poison = token_request(1, poison=True)
    post(services, poison)
    drain(INBOX, services)

    post(services, again(poison))
    drain(INBOX, services)

    assert statuses(engine) == ["buried"]
    with engine.connect() as connection:
        assert connection.scalar(select(event_keys.c.seen)) == 2


def test_a_database_in_trouble_is_nobodys_fault(services, engine, redis_client, wakes, tmp_path):
    post(services, *(token_request(n) for n in range(2)))
    away = open_engine("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")
    without = Services(engine=away, inboxes=services.inboxes, wake=wakes, fingerprint=services.fingerprint)

    ends = [drain(INBOX, without) for _ in range(5)]

    assert ends == ["database"] * 5
    assert wakes.inboxes == []
    assert drain(INBOX, services) == "asleep"
    assert statuses(engine) == ["processed"] * 2


@pytest.mark.parametrize(
    "head",
    [
        b"{not ours",
        b"[]",
        b"{}",
        json.dumps(HEAD | {"key": "zz"}).encode(),
        json.dumps(HEAD | {"kind": "of another version"}).encode(),
        json.dumps(HEAD | {"delivery_id": "d" * 33}).encode(),
        json.dumps(HEAD | {"sender": 7}).encode(),
    ],
)
def test_an_envelope_we_did_not_write_is_quarantined(services, engine, head):
    services.inboxes.append(INBOX, head, b"body")

    assert drain(INBOX, services) == "asleep"
    assert statuses(engine) == ["quarantined"]


def test_a_database_that_is_not_migrated_is_nobodys_fault(services, engine, tmp_path):
    post(services, *(token_request(n) for n in range(2)))
    bare = replace(services, engine=open_engine(f"sqlite:///{tmp_path}/bare.db"))

    assert [drain(INBOX, bare) for _ in range(5)] == ["database"] * 5
    assert drain(INBOX, services) == "asleep"
    assert statuses(engine) == ["processed"] * 2


def test_a_database_that_takes_no_writes_is_nobodys_fault(services, engine, database_location):
    post(services, *(token_request(n) for n in range(2)))
    if engine.dialect.name == "postgresql":
        stopped = open_engine(database_location)
        event.listen(stopped, "begin", lambda c: c.exec_driver_sql("SET TRANSACTION READ ONLY"))
    else:
        stopped = open_engine(f"sqlite:///file:{database_location.removeprefix('sqlite:///')}?mode=ro&uri=true")

    assert [drain(INBOX, replace(services, engine=stopped)) for _ in range(5)] == ["database"] * 5
    stopped.dispose()
    assert drain(INBOX, services) == "asleep"
    assert statuses(engine) == ["processed"] * 2


def test_an_error_of_the_database_does_not_repeat_what_was_to_be_written(services, engine):
    with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
        connection.execute(event_bodies.insert(), [{"id": "i", "body": b"a secret"}] * 2)

    assert "a secret" not in str(caught.value)


def test_what_a_killed_drain_had_committed_is_not_done_again(services, engine):
    post(services, token_request(1))
    lease = services.inboxes.take(INBOX)
    batch = lease.begin()
    other = Services(
        engine=engine, inboxes=Inboxes(services.inboxes._redis), wake=services.wake, fingerprint=keyed_fingerprint(b"k")
    )
    lease.leave()
    drain(INBOX, other)
    services.inboxes.append(INBOX, batch.entries[0].head, batch.entries[0].body)

    drain(INBOX, services)

    assert statuses(engine) == ["processed"]
    with engine.connect() as connection:
        assert connection.scalar(select(event_keys.c.seen)) == 1


def test_an_event_that_cannot_even_be_buried_as_it_is_is_buried_without_its_body(services, engine, redis_client):
    post(services, token_request(1))
    for _ in range(4):
        services.inboxes.take(INBOX).begin()
        redis_client.delete("windfall:lease:" + INBOX)

    assert drain(INBOX, services) == "asleep"

    with engine.connect() as connection:
        buried = connection.execute(select(events)).mappings().one()
        assert connection.execute(select(event_bodies)).all() == []
    assert (buried["status"], buried["flags"]) == ("buried", ["body_not_kept"])
