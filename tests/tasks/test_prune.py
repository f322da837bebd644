from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from state.outbox import Settlement, claim, settle
from state.schema import actions, event_bodies, event_keys, events
from tasks.process import process
from tasks.prune import KEY_DAYS, prune
from tasks.setup import Setup
from tests.deliveries import NOON, SECOND, check_in, envelope


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


def test_actions_are_kept_while_a_replay_could_owe_them_again(services, engine):
    setup = Setup(mdm_servers={"micromdm": "micromdm"}, mail_to=("it@example.org",))
    then = replace(services, setup=setup, now=lambda: NOON)
    process([envelope(check_in("Authenticate")), envelope(check_in("TokenUpdate", at=NOON + SECOND))], then)
    (owed,) = claim(engine, "mail", now=NOON, until=NOON + timedelta(minutes=1), limit=9)
    settle(engine, [Settlement(id=owed.id, attempt=1, until=owed.until, state="done")], NOON)
    left = []

    for days, body_days in ((KEY_DAYS - 1, 30), (KEY_DAYS + 5, 100), (KEY_DAYS + 5, 30)):
        prune(replace(services, now=lambda days=days: NOON + timedelta(days=days)), body_days=body_days)
        with engine.connect() as connection:
            left.append(connection.scalar(select(func.count()).select_from(actions)))

    assert left == [1, 1, 0]
