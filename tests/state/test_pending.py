"""Questions of housekeeping: each is answered by an index, on both databases, whatever their collation."""

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from domain.classification import digest
from domain.clock import id_prefix
from state.engine import write_transaction
from state.pending import SLICES, Asking, devices_to_ask, unowed_serials
from state.schema import assignments, commands, devices
from tests.deliveries import NOON

DAY = timedelta(days=1)
ASKING = Asking(
    senders=["nanomdm"],
    unlisted=["nanomdm"],
    enrolled_before=NOON,
    asked_before=NOON - 7 * DAY,
    lost_before=NOON - 30 * DAY,
)


@pytest.fixture
def plans_of(engine):
    """How the database answers what is asked of it, line by line, where it knows what is in its tables."""

    def plans(ask):
        asked = []
        listen = (engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        event.listen(*listen)
        try:
            ask()
        finally:
            event.remove(*listen)
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                # The tables are small here. Both are forgotten with the transaction.
                connection.execute(text("SET LOCAL enable_seqscan = off"))
                connection.execute(text("ANALYZE assignments, commands, devices, installs"))
            word = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            found = [connection.exec_driver_sql(f"{word} {statement}", given) for statement, given in asked]
            return [str(row[-1]).strip() for rows in found for row in rows]

    return plans


def enrol(engine, *names):
    """Devices of these serial numbers, each with a licence."""
    enrolled = {"sender": "nanomdm", "enrolled": True, "enrolment_at": NOON - 60 * DAY, "facts": {}}
    licence = {"u_id": "1", "adam_id": "2", "pricing_param": "STDQ", "changed_at": NOON, "results": {}}
    serials = [{"serial_number": name, "serial_key": name} for name in names]
    with write_transaction(engine) as connection:
        rows = [{**enrolled, **serial, "id": name, "udid": name} for name, serial in zip(names, serials, strict=True)]
        connection.execute(devices.insert(), rows)
        rows = [{**licence, **serial, "id": digest(*serial.values())[:32], "state": "assigned"} for serial in serials]
        connection.execute(assignments.insert(), rows)


def ask(engine, *names, days, state="Acknowledged", request_type="DeviceInformation"):
    """They were asked so many days ago."""
    sent = {"sender": "nanomdm", "arguments": {}, "digest": "d", "pushes": 0, "created_at": NOON - days * DAY}
    rows = [
        {**sent, "id": identifier, "command_uuid": identifier, "device_id": name, "state": state}
        for name in names
        for identifier in [id_prefix(NOON - days * DAY) + digest(name, str(days), request_type)[:20]]
    ]
    with write_transaction(engine) as connection:
        connection.execute(commands.insert(), [{**row, "request_type": request_type} for row in rows])


@pytest.mark.parametrize("part", [0, 9, SLICES - 1])
def test_a_part_of_all_licences_is_found_without_reading_the_others(engine, plans_of, part):
    enrol(engine, *(f"S{number}" for number in range(2_000)))

    plan = plans_of(lambda: unowed_serials(engine, senders=["nanomdm"], wishes=(), part=part, limit=9))

    if engine.dialect.name == "sqlite":
        assert [line for line in plan if "assignments" in line and "(id>? AND id<?)" in line]
    else:
        assert f"Index Cond: (((id)::text >= '{part:x}'::text) AND ((id)::text < '" in " ".join(plan)
        assert "pk_assignments" in " ".join(plan)
    assert not [line for line in plan if line.startswith("SCAN") or "Seq Scan" in line]


def test_each_licence_is_in_one_part(engine):
    names = [f"S{number}" for number in range(200)]
    enrol(engine, *names)

    parts = [unowed_serials(engine, senders=["nanomdm"], wishes=(), part=part, limit=999) for part in range(SLICES)]

    assert all(parts)
    assert sorted(name for part in parts for name in part) == sorted(names)


def test_who_was_asked_is_found_without_reading_all_commands(engine, plans_of):
    names = [f"S{number}" for number in range(200)]
    enrol(engine, *names)
    for days in (1, 8, 15):
        for request_type in ("DeviceInformation", *(f"Other{number}" for number in range(15))):
            ask(engine, *names, days=days, request_type=request_type)

    plan = plans_of(lambda: devices_to_ask(engine, ASKING, limit=9))

    of_commands = [line for line in plan if "commands" in line]
    assert of_commands
    if engine.dialect.name == "postgresql":
        assert [line for line in of_commands if "ix_commands_information" in line]
        # Whether one is waited for is looked up device by device.
        assert not [line for line in of_commands if "Seq Scan" in line or "pk_commands" in line]
    else:
        assert [line for line in of_commands if not line.startswith("SEARCH") or "(device_id=?" not in line] == []


def test_who_is_asked(engine):
    enrol(engine, "never", "lately", "long ago", "waited for", "lost", "heard since", "asked else")
    ask(engine, "lately", days=6)
    ask(engine, "long ago", days=8)
    ask(engine, "waited for", days=29, state="sent")
    ask(engine, "lost", days=31, state="sent")
    ask(engine, "heard since", days=9, state="sent")
    ask(engine, "heard since", days=8)
    ask(engine, "asked else", days=1, state="sent", request_type="ProfileList")

    found = devices_to_ask(engine, ASKING, limit=9)

    assert [name for name, _ in found] == ["asked else", "heard since", "long ago", "lost", "never"]
    assert {sender for _, sender in found} == {"nanomdm"}
    assert devices_to_ask(engine, ASKING, limit=2) == found[:2]


def test_those_who_are_waited_for_keep_nobody_from_being_asked(engine):
    enrol(engine, *(f"S{number}" for number in range(9)))
    ask(engine, *(f"S{number}" for number in range(8)), days=9, state="NotNow")

    assert devices_to_ask(engine, ASKING, limit=1) == [("S8", "nanomdm")]
