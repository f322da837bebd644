"""What must be so of installs and their commands whenever everybody who decides about them rests."""

from collections import Counter
from typing import Any

from sqlalchemy import Engine, select

from domain.json_types import JSONObject
from state.commands import OPEN
from state.schema import actions, assignments, commands, devices, installs

APPS = ("1", "2", "3")


def check(engine: Engine) -> JSONObject:
    """Raises: AssertionError. Else what there is."""
    with engine.connect() as connection:
        enrolments = {row.id: row for row in connection.execute(select(devices))}
        licensed = {(row.serial_key, row.adam_id) for row in connection.execute(_ASSIGNED)}
        found = connection.execute(select(installs)).all()
        asked = {row.id: row for row in connection.execute(select(commands))}
        owed = {row.id: row.state for row in connection.execute(select(actions.c.id, actions.c.state))}
    kept = Counter((row.device_id, row.adam_id, row.generation) for row in found if row.state != "released")
    assert set(kept.values()) <= {1}
    for device in enrolments.values():
        for app in APPS:
            states = [row.state for row in found if _is_of(row, device, app) and row.state != "released"]
            if (device.serial_key, app) in licensed:
                assert states, f"{app} on {device.id} is not owed"
            else:
                assert set(states) <= {"installed"}, f"{app} on {device.id} is {states}"
    assert {row.state for row in found if row.generation != enrolments[row.device_id].generation} <= {
        "released",
        "installed",
    }
    expecting = {row.command_id: row for row in found if row.state in ("waiting", "command_sent", "stuck")}
    live = [row for row in asked.values() if row.request_type == "InstallApplication" and row.state in OPEN]
    assert len({(row.device_id, row.arguments["iTunesStoreID"]) for row in live}) == len(live)
    forgotten = [row for row in live if row.id not in expecting]
    assert not forgotten, [(row, [one for one in found if one.device_id == row.device_id]) for row in forgotten]
    waiting = [asked[row.command_id] for row in found if row.state == "waiting" and row.command_id]
    assert all(row.state in OPEN for row in waiting)
    assert all(owed[row.id] in ("pending", "running", "retryable") for row in waiting if row.state == "pending")
    return {
        "installs": len(found),
        "states": dict(Counter(row.state for row in found)),
        "commands": len(asked),
    }


_ASSIGNED = select(assignments.c.serial_key, assignments.c.adam_id).where(assignments.c.state == "assigned")


def _is_of(install: Any, device: Any, app: str) -> bool:
    return (install.device_id, install.adam_id, install.generation) == (device.id, app, device.generation or "")
