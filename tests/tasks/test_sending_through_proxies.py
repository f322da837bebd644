"""Commands on their way to a MicroMDM that is slow, or behind a proxy which answers in its place."""

import pytest

from clients.micromdm import MicroMDM
from state.commands import void_commands
from state.engine import write_transaction
from tests.clients.far_end import answer, far_end_of, http
from tests.databases import location_of
from tests.tasks.delivering import DEVICES, KEY, MICROMDM, install

TAKEN = {"payload": {}}

database_location = pytest.fixture(location_of)
"""SQLite: it is the other end that differs."""


@pytest.mark.parametrize("status", [302, 400, 403])
def test_while_a_proxy_refuses_in_the_servers_place_commands_wait(world, status):
    with far_end_of() as end:
        end.steps = [answer(status, b"<html>maintenance</html>", location="/sorry")]
        world.connect(mdm={"micromdm": MicroMDM(end.url, lambda: KEY)})
        world.owe(*(install(device, sender="micromdm") for device in DEVICES))

        for _ in range(48):
            world.deliver(MICROMDM)
            world.later(300)
        refused = len(end.arrivals)
        end.steps = [answer(201, TAKEN)]
        for _ in range(5):
            world.later(40_000)
            world.deliver(MICROMDM)

        assert world.states() == ["done"] * 5
        assert (refused < 48, len(end.arrivals) - refused) == (True, 5)


def test_what_became_needless_while_the_call_before_it_was_slow_is_not_sent(world):
    def slow(connection, over):
        world.later(2)
        others = [row.id for row in world.commands().values() if row.device_id not in end.arrivals[0].path]
        with write_transaction(world.engine) as change:
            void_commands(change, dict.fromkeys(others, "it enrolled anew"))
        connection.sendall(http(201, TAKEN))

    with far_end_of() as end:
        end.steps = [slow]
        world.connect(mdm={"micromdm": MicroMDM(end.url, lambda: KEY)})
        world.owe(*(install(device, sender="micromdm") for device in DEVICES))

        world.deliver(MICROMDM)

        assert len(end.arrivals) == 1
        assert sorted(row.state for row in world.commands().values()) == ["sent", "void", "void", "void", "void"]
        assert world.states() == ["done"] * 5
