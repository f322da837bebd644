from tests.databases import ON_POSTGRESQL
from tests.faults.deciders import run, stress_on


@ON_POSTGRESQL
def test_all_who_decide_and_settle_at_once_lose_nothing_and_owe_nothing_twice(database_location):
    report = run(stress_on(database_location, rounds=8))

    # That all is as it should be was checked on the way; here, that there was something to check.
    assert sum(report["states"].values()) > 0
