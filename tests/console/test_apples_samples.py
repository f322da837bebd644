"""Every notification that Apple published, one after the other, as people then read what is so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from state.assets import AssetRead, store_read
from state.engine import write_transaction
from tasks.process import process
from tests.databases import BOTH_DATABASES
from tests.deliveries import NOON, SECOND, again, envelope

FOLDER = Path(__file__).parents[1] / "payloads" / "apps-and-books"
NAMES = (FOLDER / "order.txt").read_text().split()
LOCATION, APP = "2049025000431439", "408709785"
THREE = {
    "97c42a74-c30e-4172-a65f-6e5a5ba3d477",
    "495622d3-76f1-4fd3-8647-3f0365159170",
    "eabcbb89-8213-4185-afb4-30cae931ea37",
}


def deliveries():
    return {
        name: envelope((FOLDER / f"{name}.json").read_bytes(), kind="apps-and-books", received_at=NOON + n * SECOND)
        for n, name in enumerate(NAMES)
    }


def test_every_sample_is_in_the_order_they_are_told_in():
    assert sorted(NAMES) == sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("repeated", [True, False])
def test_all_samples_in_order_end_in_the_state_they_tell_of(client, services, together, repeated):
    arrivals = list(deliveries().values())
    for batch in [arrivals] if together else [[arrival] for arrival in arrivals]:
        process(batch, services)
        if repeated:
            process([again(arrival) for arrival in batch], services)

    (user,) = items(client, "users")
    assert (user["u_id"], user["client_user_id"], user["status"]) == (LOCATION, "client-100", "Associated")
    assert user["email"] == "client-100@apple.com"
    (asset,) = items(client, "assets")
    assert (asset["adam_id"], asset["pricing_param"], asset["net_delta"]) == (APP, "STDQ", -12 + 50)
    assert (asset["count_known"], asset["total_count"], asset["available_count"]) == (False, None, None)
    assigned = {(item["adam_id"], item["serial_number"]) for item in items(client, "assignments?state=assigned")}
    assert assigned == {*((APP, serial) for serial in THREE), (APP, "C02Y402HLCM6"), ("361309726", "serial-1")}
    unassigned = {(item["adam_id"], item["client_user_id"]) for item in items(client, "assignments?state=unassigned")}
    assert unassigned == {(APP, "client-100"), ("329103948", "client-100")}
    assert len(items(client, "assignments")) == len(assigned | unassigned)
    assert {item["status"] for item in items(client, "events")} == {"processed"}
    assert len(items(client, "events")) == len(NAMES)


def items(client, path):
    answer = client.get(f"/api/{path}{'&' if '?' in path else '?'}limit=200")
    assert answer.status_code == 200
    return answer.json["items"]


@BOTH_DATABASES
def test_the_user_is_retired_before_being_associated(client, services):
    told = []
    for arrival in deliveries().values():
        process([arrival], services)
        told += [item["status"] for item in items(client, "users")]

    assert list(dict.fromkeys(told)) == ["Registered", "Retired", "Associated"]


@BOTH_DATABASES
def test_counts_of_a_read_before_the_purchase_are_those_of_apple_after_it(client, services):
    """As the talk tells: 10 000 of 15 000 are available, and 50 are bought."""
    story = deliveries()
    for name, arrival in story.items():
        if name == "talk_asset_count":
            read(services.engine, story[NAMES[NAMES.index(name) - 1]].received_at + timedelta(milliseconds=1))
            assert items(client, "assets")[0]["total_count"] == 15_000
        process([arrival, again(arrival)], services)

    (asset,) = items(client, "assets")
    assert (asset["count_known"], asset["available_count"], asset["total_count"]) == (True, 10_050, 15_050)
    assert (asset["net_delta"], asset["unlimited"]) == (50, False)


def read(engine, began_at: datetime) -> None:
    """Apple's own answer to Get Assets."""
    counts = {"available_count": 10_000, "total_count": 15_000}
    asset = AssetRead(u_id=LOCATION, adam_id=APP, pricing_param="STDQ", began_at=began_at.astimezone(UTC), **counts)
    with write_transaction(engine) as connection:
        assert store_read(connection, asset)
