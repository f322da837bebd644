"""All that events leave behind, to be compared; and nothing, to begin with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, select

from state.engine import write_transaction
from state.schema import commands, events, metadata, user_channels
from tests.databases import empty
from tests.deliveries import NOON
from tests.tasks.tellers import ASKED, OPEN

LEFT_OUT = {
    "event_keys": "tells which delivery was the first, and how many there were",
    "event_bodies": "is by our ids of deliveries",
    "event_counts": "counts repetitions",
    "actions": "what is owed is decided when it is heard, and then it stays owed",
    "installs": "is so decided, too; and no licence is told here",
    "destinations": "is about what was sent",
    "inquiries": "is about what was asked",
}
"""Tables that are about how events arrived, and what was done then, not about what they say."""

OF_ARRIVAL = {"events": ("id", "processed_at"), "commands": ("answer_id",)}
"""Such columns of other tables; which event answered a command is compared by its key."""


State = Mapping[str, Sequence[Mapping[str, Any]]]


def state_of(engine: Engine) -> State:
    """All rows of all other tables, in one order."""
    found = {}
    with engine.connect() as connection:
        keys = {row.id: row.key for row in connection.execute(select(events.c.id, events.c.key))}
        for table in metadata.sorted_tables:
            if table.name not in LEFT_OUT:
                rows = [dict(row) for row in connection.execute(select(table)).mappings()]
                found[table.name] = _ordered(_compared(table.name, row, keys) for row in rows)
    return found


def differences(found: State, expected: State) -> Mapping[str, Any]:
    """By table, the rows that only one of two has."""
    return {
        name: {"found": _without(found[name], expected[name]), "expected": _without(expected[name], found[name])}
        for name in expected
        if found[name] != expected[name]
    }


def _without(rows: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [row for row in rows if row not in others]


def _compared(name: str, row: dict[str, Any], keys: Mapping[str, bytes]) -> dict[str, Any]:
    told = {column: value for column, value in row.items() if column not in OF_ARRIVAL.get(name, ())}
    return told | ({"answer": keys.get(row["answer_id"])} if name == "commands" else {})


def _ordered(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row.get("id") or row.get("name") or row.get("key")))


def begin(engine: Engine, speakers: Iterable[str] = ()) -> None:
    """Nothing is known but who the users are, and what we sent to them and to the devices."""
    empty(engine)
    with write_transaction(engine) as connection:
        users = [{"id": each, "device_id": each.partition(":")[0]} for each in speakers if ":" in each]
        if users:
            connection.execute(user_channels.insert(), [{**user, "idle_polls": 0, "facts": {}} for user in users])
        sent = [row for speaker in speakers for row in _sent(speaker)]
        if sent:
            connection.execute(commands.insert(), sent)


def _sent(speaker: str) -> Iterable[dict[str, Any]]:
    same = {"device_id": speaker, "sender": "micromdm", "digest": "d", "created_at": NOON, "pushes": 0}
    for command_uuid, (request_type, arguments) in ASKED.items():
        known = {"request_type": request_type, "arguments": arguments, "state": "Acknowledged", "called_at": NOON}
        yield {"id": f"{command_uuid[:14]}-{speaker[-16:]}", "command_uuid": command_uuid, **known, **same}
    for command_uuid, called_at in OPEN.items():
        known = {"request_type": "RestartDevice", "arguments": {}, "state": "sent", "called_at": called_at}
        yield {"id": f"{command_uuid}-{speaker[-16:]}", "command_uuid": command_uuid, **known, **same}
