"""One thing that an MDM server and Jamf Pro both tell of, in any order and as often as they like: the same state."""

import random
from datetime import timedelta
from itertools import islice

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from config.contract import inbox_of
from config.inbox import Inboxes
from simulators.identities import Kind
from simulators.jamf import Form
from simulators.jamf_events import EVENTS, event
from simulators.lives import jamf_subject, life, make_devices
from state.schema import devices, metadata, user_channels
from tasks.process import process
from tests.deliveries import NOON, SECOND, again, relayed
from tests.jamf import delivered
from tests.tasks.test_order import drain_all

FORMS = [Form(xml=xml, flat=flat, timestamps=dated) for xml in (0, 1) for flat in (0, 1) for dated in (0, 1)]
STATE = [devices, user_channels, *(t for t in metadata.sorted_tables if t.name.startswith("jamf_"))]
KNOWN = ["ComputerCheckIn", "ComputerPolicyFinished", "MobileDeviceEnrolled", "MobileDeviceUnEnrolled"]


@st.composite
def histories(draw):
    """Events of a Mac and an iPad from both their servers, many at the same moment; and an order of arrival with
    repetitions."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    moments = iter(_moments(rng))
    mac, ipad = make_devices(2, rng=rng, clock=lambda: next(moments), kinds=[Kind.MAC, Kind.IPAD])
    messages = [message for each in (mac, ipad) for message in islice(life(each, rng), draw(st.integers(1, 10)))]
    history = relayed(messages, through_nanomdm=[draw(st.booleans()) for _ in messages])
    names = draw(st.lists(st.sampled_from([*EVENTS, *KNOWN * 5]), min_size=1, max_size=30))
    for name in names:
        if rng.random() < 0.2:
            mac.upgrade()
        at = NOON + rng.randrange(20) * SECOND
        said = event(name, jamf_subject((mac, 7731), (ipad, rng.choice((412, 413))), rng, at))
        history.append(delivered(_shuffled(said, rng), draw(st.sampled_from(FORMS))))
    # The door knows an event that is delivered twice by its key.
    history = list({each.key: each for each in history}.values())
    arrivals = history + draw(st.lists(st.sampled_from(history), max_size=15))
    return history, draw(st.permutations(arrivals))


def _moments(rng):
    at = NOON
    while True:
        at += timedelta(seconds=rng.choice((0, 1, 1, 60)))
        yield at


def _shuffled(said, rng):
    """The same few members come and go."""
    for name, members in said.event.items():
        if name.endswith("Ids"):
            members[:] = rng.sample(range(1, 6), rng.randrange(4))
    return said


def state_of(engine):
    with engine.connect() as connection:
        return {table.name: connection.execute(select(table).order_by(table.c.id)).mappings().all() for table in STATE}


def clear(engine, redis_client):
    redis_client.flushall()
    with engine.connect().execution_options(windfall_writes=True) as connection, connection.begin():
        for table in metadata.sorted_tables:
            connection.execute(table.delete())


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(case=histories())
def test_any_permutation_with_repetition_of_both_servers_events_ends_in_the_same_state(
    case, services, engine, database_location, redis_client
):
    history, arrivals = case
    clear(engine, redis_client)
    process(sorted(history, key=lambda each: each.received_at), services)
    expected = state_of(engine)

    clear(engine, redis_client)
    inboxes = Inboxes(redis_client)
    for arrival in map(again, arrivals):
        inboxes.append(inbox_of(arrival.kind, arrival.type), arrival.head(), arrival.body)
    drain_all(database_location, redis_client)

    assert state_of(engine) == expected
