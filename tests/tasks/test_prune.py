from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from state.outbox import Settlement, claim, settle
from state.schema import (
    actions,
    device_history,
    event_bodies,
    event_keys,
    events,
    jamf_api_operations,
    jamf_devices,
)
from tasks.process import process
from tasks.prune import HISTORY_DAYS, KEY_DAYS, prune
from tasks.setup import Setup
from tests.deliveries import NOON, SECOND, check_in, envelope
from tests.jamf import told
from tests.tasks.lab import rows


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


def test_old_values_of_facts_are_forgotten_and_the_last_one_stays(services, engine):
    for version, day in (("25.0", 0), ("26.0", 1)):
        at = NOON + timedelta(days=day)
        process([envelope(check_in("Authenticate", at=at, OSVersion=version), received_at=at)], services)

    prune(replace(services, now=lambda: NOON + timedelta(days=HISTORY_DAYS * 2)), body_days=30)

    with engine.connect() as connection:
        assert list(connection.scalars(select(device_history.c.value))) == ["26.0"]


def test_calls_of_an_api_are_forgotten_with_the_effects_and_other_state_of_jamf_pro_is_not(services, engine):
    process([told("RestAPIOperation", {"objectID": 1}), told("ComputerAdded", {"jssID": 1})], services)
    left = []

    for days in (KEY_DAYS - 1, KEY_DAYS + 1):
        prune(replace(services, now=lambda days=days: NOON + timedelta(days=days)), body_days=30)
        left.append((len(rows(engine, jamf_api_operations)), len(rows(engine, jamf_devices))))

    assert left == [(1, 1), (0, 1)]
