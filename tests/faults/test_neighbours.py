import pytest

from simulators.faults import Down
from state.engine import open_engine
from tests.faults.neighbours import THREADS, measure, street
from tests.faults.town import town
from tests.tasks.delivering import World


@pytest.fixture
def threaded(sqlite_location):
    engine = open_engine(sqlite_location, threads=THREADS)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("away", ["mail", "chat", "mdm:micromdm"])
def test_while_all_hands_hang_at_one_far_end_the_others_are_served(threaded, redis_client, away):
    world = World(threaded, redis_client)
    with town() as far_ends, street(threaded, world.slots, far_ends, world) as ours:
        ours.occupy(away, Down.SILENT)

        served = measure(ours, seconds=0.3, away=away)

        assert len(served) == 3
        assert ours.slots.take(away, 1) is None
