import pytest

from tests.faults.deciders import run, stress_on


@pytest.mark.parametrize("database_location", ["postgresql"], indirect=True)
def test_all_who_decide_and_settle_at_once_lose_nothing_and_owe_nothing_twice(database_location):
    report = run(stress_on(database_location, rounds=8))

    assert {"released", "waiting"} <= report["states"].keys()
