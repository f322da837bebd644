from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from state.schema import event_bodies, event_keys, events
from tasks.process import process
from tasks.prune import KEY_DAYS, prune
from tests.deliveries import NOON, check_in, envelope


def counts(engine):
    with engine.connect() as connection:
        return [
            connection.scalar(select(func.count()).select_from(table)) for table in (events, event_bodies, event_keys)
        ]


def test_bodies_go_first_then_keys_and_events_stay(services, engine):
    then = replace(services, now=lambda: NOON)
    process([envelope(check_in("CheckOut")), envelope(check_in("Authenticate"))], then)
    seen = []

    for days in (29, 31, KEY_DAYS + 1):
        prune(replace(services, now=lambda days=days: NOON + timedelta(days=days)), body_days=30)
        seen.append(counts(engine))

    assert seen == [[2, 2, 2], [2, 0, 2], [2, 0, 0]]
