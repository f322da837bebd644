"""Commands to users of devices on their way: each server knows them by a name of its own, and some by none."""

import pytest

from clients.micromdm import MicroMDM
from clients.nanomdm import NanoMDM
from simulators.identities import Kind
from simulators.managed_fleet import make_fleet
from simulators.micromdm_api import MicroMDMApi
from simulators.nanomdm_api import NanoMDMApi
from tasks.actions.push import Push
from tests.deliveries import UDID
from tests.tasks.delivering import KEY, MICROMDM, NANOMDM, order


@pytest.mark.parametrize(
    ("api", "client", "destination", "kinds"),
    [
        (MicroMDMApi, MicroMDM, MICROMDM, [Kind.MAC_WITH_USER]),
        (NanoMDMApi, NanoMDM, NANOMDM, [Kind.MAC_WITH_USER, Kind.SHARED_IPAD, Kind.USER_ENROLLMENT_MAC]),
    ],
)
def test_a_command_reaches_the_user_and_a_push_brings_back_who_was_away(world, api, client, destination, kinds):
    sender = destination.removeprefix("mdm:")
    with api(api_key=KEY) as server, make_fleet(server, len(kinds), kinds=kinds) as fleet:
        members = list(fleet.enrol())
        world.connect(mdm={sender: client(server.url, lambda: KEY, deadline=5.0)})
        ids = [id_ for member in members for id_ in (member.device_id, member.channel_id)]
        world.owe(*(order(id_, "ProfileList", sender=sender) for id_ in ids))

        world.settle_all(destination)
        assert fleet.settle()
        told = {member.channel_id: [one.of_user for one in member.answers] for member in members}
        for member in members:
            member.answers.clear()
            member.step_away()
        world.owe(*(order(member.channel_id, "ProfileList", sender=sender) for member in members))
        world.settle_all(destination)
        assert fleet.settle()
        for member in members:
            member.device.on_console = True
        world.owe(*(Push(device_id=member.channel_id, sender=sender) for member in members))
        world.settle_all(destination)
        assert fleet.settle()

    assert {id_: sorted(users) for id_, users in told.items()} == {one.channel_id: [False, True] for one in members}
    for member in members:
        assert [one.content["Status"] for one in member.answers] == ["NotNow", "Acknowledged"]
        assert all(one.of_user for one in member.answers)
    assert set(world.states()) == {"done"}


def test_a_command_for_a_user_without_a_queue_gives_up_and_nobody_gets_it(world):
    with MicroMDMApi(api_key=KEY) as server:
        world.connect(mdm={"micromdm": MicroMDM(server.url, lambda: KEY, deadline=5.0)})
        world.owe(order(f"{UDID}:ada@school.example", "ProfileList"))

        world.deliver(MICROMDM)

        (action,) = (row for row in world.actions().values() if row.kind == "send_command")
        assert (action.state, "keeps one for users of Macs alone" in action.error) == ("dead", True)
        assert server.count("POST", "/v1/commands") == 0
