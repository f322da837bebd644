"""Commands that ask a device for lists, and the lists as they are stored."""

from typing import Any

from sqlalchemy import Table

from state.engine import write_transaction
from state.schema import commands, installed_apps, inventory_lists
from tests.deliveries import NOON, UDID
from tests.tasks.lab import Lab, rows

TORCH = {
    "Identifier": "com.example.torch",
    "Name": "Torch",
    "ShortVersion": "1.0",
    "BundleSize": 5,
    "Installing": False,
}
NOTES = {"Identifier": "com.example.notes", "Name": "Notes", "ShortVersion": "2.0"}


def ask(lab: Lab, request_type: str, **arguments: Any) -> str:
    """A command of ours that is on the device; its UUID."""
    lab.enrol() if not rows(lab.engine, commands) else None
    row = _command(lab, request_type, arguments)
    with write_transaction(lab.engine) as connection:
        connection.execute(commands.insert(), row)
    return row["command_uuid"]


def _command(lab: Lab, request_type: str, arguments: dict[str, Any]) -> dict[str, Any]:
    number = f"{len(rows(lab.engine, commands)):032x}"
    return {
        "id": number, "command_uuid": f"ours-{number}", "device_id": UDID, "sender": "micromdm",
        "request_type": request_type, "arguments": arguments, "digest": "d", "state": "sent", "created_at": NOON,
        "pushes": 0,
    }  # fmt: skip


def names(lab: Lab, table: Table = installed_apps, column: str = "name", **wanted: Any) -> list[Any]:
    """This column of all such rows, sorted."""
    return sorted(row[column] for row in rows(lab.engine, table, **wanted))


def list_of(lab: Lab, name: str, channel_id: str = "") -> Any:
    """What is known of the list itself."""
    (found,) = rows(lab.engine, inventory_lists, list=name, channel_id=channel_id)
    return found
