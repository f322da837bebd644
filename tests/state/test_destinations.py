"""The breaker: three failures in a row open it, for longer each time, and one success closes it."""

from datetime import timedelta

import pytest

from state.destinations import Standing, note_failure, note_success, standing
from tests.deliveries import NOON, SECOND


def fail(engine, now, *, retry_after=None):
    return note_failure(engine, "mail", error="away", now=now, retry_after=retry_after)


def test_nothing_is_known_against_who_never_failed(engine):
    assert standing(engine, "mail") == Standing()
    assert not standing(engine, "mail").is_paused(NOON)


def test_two_failures_are_tolerated_and_the_third_opens_it(engine):
    assert not any(fail(engine, NOON).is_paused(NOON) for _ in range(2))

    third = fail(engine, NOON)

    assert third == standing(engine, "mail")
    assert third.is_paused(NOON + 14 * SECOND)
    assert not third.is_paused(NOON + 15 * SECOND)
    assert third.is_probed
    assert standing(engine, "chat") == Standing()


def test_each_failed_probe_doubles_the_pause_up_to_five_minutes(engine):
    fail(engine, NOON)
    fail(engine, NOON)
    now, pauses = NOON, []
    for _ in range(8):
        until = fail(engine, now).paused_until
        pauses.append((until - now).total_seconds())
        now = until

    assert pauses == [15, 30, 60, 120, 240, 300, 300, 300]


def test_who_was_on_its_way_when_it_opened_does_not_make_the_pause_longer(engine):
    for _ in range(3):
        opened = fail(engine, NOON)

    assert [fail(engine, NOON + 10 * SECOND) for _ in range(5)] == [opened] * 5


def test_a_success_closes_it(engine):
    for _ in range(5):
        fail(engine, NOON)

    note_success(engine, "mail", NOON + timedelta(hours=1))

    assert standing(engine, "mail") == Standing()
    assert not fail(engine, NOON).is_probed


@pytest.mark.parametrize(("asked", "pause"), [(0.0, 0), (7.0, 7), (90.0, 90), (86_400.0, 3600)])
def test_who_asks_for_patience_gets_it_at_once_for_an_hour_at_most(engine, asked, pause):
    found = fail(engine, NOON, retry_after=asked)

    assert not found.is_paused(NOON + timedelta(seconds=pause))
    assert pause == 0 or found.is_paused(NOON + timedelta(seconds=pause - 1))
    assert not found.is_probed
