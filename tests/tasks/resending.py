"""Commands that a MicroMDM took, and what became of them: at the server, on the device, and in our ledger."""

from typing import Any

from simulators.micromdm_api import MicroMDMApi
from tests.deliveries import UDID
from tests.tasks.delivering import MICROMDM, World


def posts(api: MicroMDMApi) -> list[str]:
    """UUIDs of the commands that were sent, in this order."""
    return [call.command_uuid for call in api.calls if call.method == "POST" and call.path.startswith("/v1/commands")]


def send(micro: World, action: Any) -> Any:
    """It is taken by its server; the row of its command."""
    [identifier] = micro.owe(action)
    micro.deliver(MICROMDM)
    row = micro.commands()[identifier]
    assert row.state == "sent"
    return row


def carry_out(api: MicroMDMApi, row: Any) -> None:
    """The device gets the command and does it; nobody tells us."""
    api._lines[UDID].next("Idle", "")
    api._lines[UDID].next("Acknowledged", row.command_uuid)
