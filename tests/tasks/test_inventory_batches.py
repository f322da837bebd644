"""Many answers at once: few statements, and two drains that meet wait for each other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import event

from state.engine import open_engine
from state.schema import device_accounts, device_history, installed_apps, inventory_lists
from tasks.process import process
from tests.databases import ON_POSTGRESQL
from tests.deliveries import NOON, SECOND, answer, envelope
from tests.tasks.lab import rows

DEVICES, APPS, ROUNDS = 40, 50, 6


def inventory(device, number, *, apps=APPS):
    """All that a device says in one go; the newest answers are whole."""
    at = NOON + number * SECOND
    installed = [{"Identifier": f"app{n}", "Name": f"App {n}", "BundleSize": number} for n in range(apps)]
    users = [{"UserName": f"user{n}", "UID": number} for n in range(3)]
    said = {"InstalledApplicationList": installed, "Users": users, "QueryResponses": {"OSVersion": f"26.{number}"}}
    body = answer("Acknowledged", udid=f"U-{device:03}", at=at, command_uuid="theirs", **said)
    return envelope(body, received_at=NOON + timedelta(minutes=1))


def test_a_batch_takes_as_many_statements_whatever_it_says(services, engine):
    counts = []

    def statements(batch):
        seen = []
        event.listen(engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
        process(batch, services)
        counts.append(len(seen))

    statements([inventory(device, 1, apps=2) for device in range(2)])
    small = counts[-1]
    statements([inventory(device, 2) for device in range(DEVICES)])

    assert counts[-1] <= small + 2
    assert len(rows(engine, installed_apps)) == DEVICES * APPS


def accounts(number, **changed):
    users = [{"UserName": name, "UID": changed.get(name, 0)} for name in ("ann", "ben", "eve")]
    body = answer("Acknowledged", at=NOON + number * SECOND, command_uuid="theirs", Users=users)
    return envelope(body, received_at=NOON + timedelta(minutes=1))


def test_of_a_list_that_is_told_again_only_what_changed_is_written(services, engine):
    process([accounts(1)], services)
    written = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith(("INSERT INTO device_accounts", "DELETE FROM device_accounts")):
            written.append(len(parameters["user_name"]) if isinstance(parameters, dict) else 1 + executemany)

    process([accounts(2)], services)
    assert written == []
    process([accounts(3, ben=1)], services)
    event.remove(engine, "before_cursor_execute", note)

    assert written == [1]
    assert [row["uid"] for row in rows(engine, device_accounts, user_name="ben")] == [1]
    assert [row["at"] for row in rows(engine, inventory_lists)] == [NOON + 3 * SECOND]


@ON_POSTGRESQL
def test_two_drains_with_the_same_devices_wait_for_each_other(services, engine, database_location):
    start = threading.Barrier(2)

    def work(turn):
        own = open_engine(database_location)
        for number in range(ROUNDS):
            batch = [inventory(device, 2 * number + turn, apps=5) for device in range(DEVICES)]
            start.wait(timeout=30)
            process(batch if turn else batch[::-1], replace(services, engine=own))
        own.dispose()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, turn) for turn in (0, 1)]:
            done.result()

    newest = 2 * ROUNDS - 1
    assert {row["bundle_size"] for row in rows(engine, installed_apps)} == {newest}
    assert {row["at"] for row in rows(engine, inventory_lists, list="device_accounts")} == {NOON + newest * SECOND}
    assert len(rows(engine, device_history)) == DEVICES * 2 * ROUNDS
