"""Pushes keep their schedule however many devices are silent, and however many commands wait for each."""

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import insert, select

from state.engine import write_transaction
from state.schema import actions, commands
from state.unanswered import MOST
from state.unit_of_work import unit_of_work
from tasks.healing import AT_ONCE, SLICE, push_again
from tasks.pushing import PUSHES
from tests.databases import ON_POSTGRESQL
from tests.deliveries import MINUTE, SECOND, UDID
from tests.tasks.lab import only_row, rows

COMMANDS = 25
FLEET = [f"DEVICE-{number:04}" for number in range(AT_ONCE + 20)]


@pytest.fixture
def fleet(lab):
    """Many devices, each sent many commands; not one is answered, and their first push is due."""
    assert len(FLEET) * COMMANDS > MOST
    send(lab, *((device_id, "micromdm") for device_id in FLEET for _ in range(COMMANDS)))
    return lab


def send(lab, *addressed, pushes=0, first=0):
    """Commands (device, sender), the ``first`` one under this number, that went out one after the other."""
    same = {"request_type": "ProfileList", "arguments": {}, "digest": "", "state": "sent", "created_at": lab.now}
    sent = [
        {
            **same,
            "id": f"{number:032}",
            "command_uuid": str(number),
            "device_id": device_id,
            "sender": sender,
            "pushes": pushes,
            "next_push_at": lab.now - (first + len(addressed) - number) * SECOND / 1000,
        }
        for number, (device_id, sender) in enumerate(addressed, first)
    ]
    with write_transaction(lab.engine) as connection:
        connection.execute(insert(commands), sent)


def pushes(lab):
    """How many devices were pushed how often."""
    with lab.engine.connect() as connection:
        pushed = Counter(connection.scalars(select(actions.c.device_id).where(actions.c.kind == "push")))
    return Counter(pushed.values())


def test_each_device_of_a_silent_fleet_is_pushed_once_in_each_pause_however_many_commands_wait(fleet):
    found = []
    for pause in (0 * MINUTE, *PUSHES[:2]):
        fleet.now += pause
        push_again(fleet.at_work)
        fleet.now += MINUTE / 2
        push_again(fleet.at_work)
        fleet.now -= MINUTE / 2
        found.append(pushes(fleet))

    assert found == [{times: len(FLEET)} for times in (1, 2, 3)]
    assert {(row["pushes"], row["next_push_at"]) for row in rows(fleet.engine, commands)} == {
        (3, fleet.now + PUSHES[2])
    }


def test_who_is_not_pushed_in_one_slice_of_time_is_pushed_in_the_next(fleet):
    clock = count(step=2 * SLICE)
    at_work = replace(fleet.at_work, monotonic=lambda: next(clock))

    found = list(iter(lambda: push_again(at_work), 0))

    assert found[0] < sum(found) == len(FLEET)
    assert pushes(fleet) == {1: len(FLEET)}


def test_each_command_of_a_device_waits_for_its_own_next_push(lab):
    send(lab, (UDID, "micromdm"))
    send(lab, (UDID, "micromdm"), pushes=3, first=1)
    send(lab, (UDID, "micromdm"), pushes=len(PUSHES), first=2)

    push_again(lab.at_work)

    nexts = [row["next_push_at"] for row in rows(lab.engine, commands)]
    assert nexts == [lab.now + PUSHES[0], lab.now + PUSHES[3], None]
    assert only_row(lab.engine, actions)["kind"] == "push"


def test_a_device_that_two_servers_wait_for_is_pushed_by_both(lab):
    send(lab, (UDID, "micromdm"), (UDID, "eu"))

    push_again(lab.at_work)

    assert {row["destination"] for row in rows(lab.engine, actions)} == {"mdm:micromdm", "mdm:eu"}


@ON_POSTGRESQL
def test_a_device_that_another_pushes_at_this_moment_is_left_to_it(lab):
    send(lab, (UDID, "micromdm"), (UDID, "micromdm"))

    with unit_of_work(lab.engine, lab.now) as another:
        taken = another.take_unanswered([UDID], pauses=PUSHES)
        meanwhile = push_again(lab.at_work)

    assert (taken, meanwhile, push_again(lab.at_work)) == ([(UDID, "micromdm")], 0, 0)
