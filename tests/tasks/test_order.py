"""Senders keep no order and repeat themselves; the state in the end must not tell."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from config.contract import INBOXES, inbox_of
from config.inbox import Inboxes
from simulators.identities import Kind
from simulators.lives import increasing, life, make_devices
from state.engine import open_engine
from state.schema import devices, event_counts, event_keys, events, user_channels
from tasks.drain import drain
from tasks.process import process
from tasks.services import Services, keyed_fingerprint
from tests.deliveries import NOON, SECOND, again, relayed

WORKERS = 3


@st.composite
def histories(draw):
    """One device's events in the order they happened, some at the same moment, relayed by either server; and an order
    of arrival with repetitions."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    moments = iter(NOON + n * SECOND for n in islice(_ticks(rng), 1, None))
    kind = draw(st.sampled_from(list(Kind)))
    (device,) = make_devices(1, rng=rng, clock=lambda: next(moments), kinds=[kind])
    messages = list(islice(life(device, rng), draw(st.integers(2, 40))))
    through_nanomdm = [draw(st.booleans()) for _ in messages]
    history = relayed(messages, through_nanomdm=through_nanomdm)
    arrivals = history + draw(st.lists(st.sampled_from(history), max_size=15))
    return history, draw(st.permutations(arrivals))


def _ticks(rng):
    at = 0
    while True:
        at += rng.choice((0, 1, 1, 60))
        yield at


def state_of(engine):
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(table).order_by(table.c.id)).mappings().all()
            for table in (devices, user_channels)
        }


def clear(engine, redis_client):
    redis_client.flushall()
    with engine.connect().execution_options(windfall_writes=True) as connection, connection.begin():
        for table in (event_keys, events, devices, user_channels, event_counts):
            connection.execute(table.delete())


def drain_all(location, redis_client):
    """Several workers at once, each with its own connections, until every inbox is empty."""

    def work(inboxes):
        engine = open_engine(location)
        services = Services(
            engine=engine,
            inboxes=Inboxes(redis_client),
            wake=lambda inbox: None,
            fingerprint=keyed_fingerprint(b"k" * 32),
        )
        ends = {drain(inbox, services) for inbox in inboxes}
        engine.dispose()
        return ends

    with ThreadPoolExecutor(WORKERS) as pool:
        ends = set().union(*pool.map(work, [INBOXES[n::WORKERS] for n in range(WORKERS)]))
    assert ends == {"asleep"}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(case=histories())
def test_any_permutation_with_repetition_ends_in_the_same_state(
    case, services, engine, database_location, redis_client
):
    history, arrivals = case
    clear(engine, redis_client)
    process(sorted(history, key=lambda event: event.received_at), services)
    expected = state_of(engine)

    clear(engine, redis_client)
    inboxes = Inboxes(redis_client)
    for arrival in map(again, arrivals):
        inboxes.append(inbox_of(arrival.kind, arrival.type), arrival.head(), arrival.body)
    drain_all(database_location, redis_client)

    assert state_of(engine) == expected


def test_an_older_token_update_does_not_bring_a_checked_out_device_back(services, engine):
    rng = random.Random(1)
    clock = increasing(lambda: NOON)
    (device,) = make_devices(1, rng=rng, clock=clock, kinds=[Kind.MAC])
    history = relayed(
        [device.authenticate(), device.token_update(), device.check_out()], through_nanomdm=[False, True, False]
    )
    authenticate, token_update, check_out = history

    for event in (check_out, token_update, authenticate):
        process([event], services)

    (row,) = state_of(engine)["devices"]
    assert (row["enrolled"], row["serial_number"]) == (False, device.identity.serial_number)
    assert row["last_seen_at"] - row["first_seen_at"] < timedelta(seconds=1)
