"""Counts of assets: every difference counts once, a read of Apple's API wins unless something came in since."""

import random
from dataclasses import replace

import pytest

from state.assets import AssetRead, store_read
from state.engine import write_transaction
from state.schema import asset_deltas, assets, events
from tasks.process import process
from tests.deliveries import APP, LOCATION, MINUTE, NOON, SECOND, again, counted, replayed, said_by_apple
from tests.tasks.lab import rows

READ = AssetRead(u_id=LOCATION, adam_id=APP, pricing_param="STDQ", total_count=100, available_count=40, began_at=NOON)
UNLIMITED = replace(READ, total_count=None, available_count=None)


def take_over(engine, read):
    with write_transaction(engine) as connection:
        return store_read(connection, read)


def counts(engine, adam_id=APP):
    (row,) = rows(engine, assets, adam_id=adam_id)
    return row["total_count"], row["available_count"], row["count_known"], row["net_delta"]


def test_an_asset_that_was_never_read_has_a_difference_and_no_counts(services, engine):
    process([counted(-12)], services)
    process([counted(50, at=NOON + SECOND)], services)

    assert counts(engine) == (None, None, False, 38)
    assert rows(engine, assets)[0]["changed_at"] == NOON + SECOND


def test_differences_are_added_to_what_was_read(services, engine):
    take_over(engine, READ)

    process([counted(7, at=NOON + SECOND), counted(-2, at=NOON + MINUTE)], services)

    assert counts(engine) == (105, 45, True, 5)


def test_several_assets_and_locations_in_one_batch_each_have_their_own(services, engine):
    process(
        [counted(1), counted(2), counted(4, pricing_param="PLUS"), counted(8, adam_id="2"), counted(16, u_id="3")],
        services,
    )

    found = {(row["u_id"], row["adam_id"], row["pricing_param"]): row["net_delta"] for row in rows(engine, assets)}
    assert found == {
        (LOCATION, APP, "STDQ"): 3,
        (LOCATION, APP, "PLUS"): 4,
        (LOCATION, "2", "STDQ"): 8,
        ("3", APP, "STDQ"): 16,
    }


def test_an_asset_without_a_number_is_left_alone(services, engine):
    take_over(engine, UNLIMITED)

    process([counted(-12, at=NOON + SECOND)], services)

    assert counts(engine) == (None, None, False, 0)
    assert rows(engine, assets)[0]["unlimited"] is True


def test_an_asset_that_gets_a_number_counts_from_then_on(services, engine):
    take_over(engine, UNLIMITED)
    take_over(engine, replace(READ, began_at=NOON + SECOND))

    process([counted(-12, at=NOON + MINUTE)], services)

    assert counts(engine) == (88, 28, True, -12)
    assert rows(engine, assets)[0]["unlimited"] is False


def test_a_read_wins_over_differences_from_before_it(services, engine):
    process([counted(-12)], services)

    assert take_over(engine, replace(READ, began_at=NOON + SECOND)) is True
    assert counts(engine) == (100, 40, True, 0)


@pytest.mark.parametrize("at", [NOON, NOON + SECOND])
def test_a_read_during_which_a_difference_came_in_does_not_count(services, engine, at):
    process([counted(-12, at=at)], services)

    assert take_over(engine, READ) is False
    assert counts(engine) == (None, None, False, -12)


def test_a_difference_that_was_received_before_the_read_and_processed_after_it_is_in_the_read(services, engine):
    late, later = counted(7, at=NOON - SECOND), counted(1, at=NOON + MINUTE)
    take_over(engine, READ)

    process([later], services)
    process([late], services)

    assert counts(engine) == (101, 41, True, 1)


def test_an_older_read_does_not_undo_a_newer_one(engine):
    take_over(engine, READ)

    assert take_over(engine, replace(READ, total_count=1, began_at=NOON - SECOND)) is False
    assert counts(engine) == (100, 40, True, 0)


def test_repetitions_and_replays_count_once(services, engine):
    take_over(engine, READ)
    bought = counted(7, at=NOON + SECOND)
    process([bought, again(bought)], services)
    (event,) = rows(engine, events)

    for _ in range(3):
        process([again(bought)], services)
        process([replayed(bought, event["id"]), replayed(bought, event["id"])], services)

    assert counts(engine) == (107, 47, True, 7)
    assert len(rows(engine, asset_deltas)) == 1


def test_the_same_notification_id_with_another_difference_is_another_purchase(services, engine):
    process([counted(n, notification_id="n") for n in (-12, 50)], services)

    assert counts(engine) == (None, None, False, 38)


def test_any_order_with_repetitions_comes_to_the_same(services, engine):
    rng = random.Random(1)
    take_over(engine, READ)
    arrivals = [counted(rng.randrange(-50, 50), at=NOON + n * SECOND) for n in range(60)]
    story = arrivals + rng.choices(arrivals, k=30)
    rng.shuffle(story)

    while story:
        process([again(story.pop()) for _ in range(min(len(story), rng.randrange(1, 9)))], services)

    expected = sum(row["delta"] for row in rows(engine, asset_deltas))
    assert counts(engine) == (100 + expected, 40 + expected, True, expected)
    assert len(rows(engine, asset_deltas)) == 60


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"adamId": APP},
        {"adamId": APP, "countDelta": "7"},
        {"adamId": APP, "countDelta": True},
        {"adamId": APP, "countDelta": 2**40},
        {"adamId": "odd", "countDelta": 7},
    ],
    ids=str,
)
def test_a_count_that_cannot_be_used_is_kept_flagged_and_changes_nothing(services, engine, content):
    process([said_by_apple("ASSET_COUNT", content)], services)

    assert rows(engine, events)[0]["flags"] == ["unusable_count"]
    assert rows(engine, assets) == []
