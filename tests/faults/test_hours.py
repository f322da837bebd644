import pytest

from simulators.faults import Down
from tests.faults.hours import Hour, live_through
from tests.faults.town import town
from tests.tasks.delivering import World


@pytest.fixture
def database_location(sqlite_location):
    """One database is enough: it is the far ends that are away."""
    return sqlite_location


@pytest.mark.parametrize(
    "hours",
    [
        (
            Hour(destination="mail", how=Down.SILENT, every=600, beat=30),
            Hour(destination="chat", how=Down.REFUSING, every=600, beat=30),
            Hour(destination="mdm:micromdm", how=Down.ERROR, every=600, beat=30),
        ),
        (Hour(destination="mdm:micromdm", how=Down.SILENT, every=600, beat=30, with_erase=True),),
    ],
    ids=["one after the other", "erase"],
)
def test_after_an_hour_without_a_far_end_everything_has_happened_once(engine, redis_client, hours):
    world = World(engine, redis_client)
    with town() as far_ends:
        for hour in hours:
            report = live_through(hour, world, far_ends)

            assert report["attempts_while_away"] > 0
            assert (report["dead"], report["notices"]) == (0, 0) or hour.with_erase
