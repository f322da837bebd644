from tests.faults.dying import STEPS
from tests.faults.group_kills import WITHOUT_REPLY, Field, shoot


def test_wherever_the_effects_worker_dies_each_device_gets_each_command_once(
    tmp_path, redis_client, redis_location, sqlite_location
):
    field = Field(home=tmp_path, redis=redis_location, database=sqlite_location, devices=30)

    report = shoot(field)

    steps = len(STEPS) + len(WITHOUT_REPLY)
    assert report["commands"] == 30 * steps
    # Some died with their group unsettled, and one after it was settled.
    assert report["left_running"] == 30 * (steps - 1)
