"""The two sides of a serial number, committed by different workers at the same moment: nothing owed is missed."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from state.engine import open_engine
from state.schema import actions
from tasks.process import process
from tests.databases import ON_POSTGRESQL
from tests.deliveries import NOON, SECOND, check_in, envelope, managed
from tests.tasks.lab import INSTALL, rows

SERIALS = 1000
SIZES = (1, 1, 2, 3, 5, 8, 13, 40)
"""Devices in one batch."""


def rounds(rng):
    """Serial numbers, some at a time."""
    left = [f"S{number:04}" for number in range(SERIALS)]
    rng.shuffle(left)
    while left:
        size = rng.choice(SIZES)
        yield left[:size]
        left = left[size:]


def enrolments(serials):
    """Each device's two check-ins, in one batch."""
    for serial in serials:
        yield envelope(check_in("Authenticate", udid=f"U-{serial}", SerialNumber=serial))
        yield envelope(check_in("TokenUpdate", udid=f"U-{serial}", at=NOON + SECOND, Token=b"t", PushMagic="m"))


@ON_POSTGRESQL
def test_a_thousand_licences_and_enrolments_at_the_same_moment_are_a_thousand_installs(lab, database_location):
    story = list(rounds(random.Random(5)))
    apple = [[managed(*serials)] for serials in story]
    devices = [list(enrolments(serials)) for serials in story]
    start = threading.Barrier(2)

    def work(batches):
        own = open_engine(database_location)
        services = replace(lab.at_work, engine=own)
        for batch in batches:
            start.wait(timeout=30)
            process(batch, services)
        own.dispose()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, batches) for batches in (apple, devices)]:
            done.result()

    assert Counter(row["serial_number"] for row in lab.installs()) == Counter(f"S{n:04}" for n in range(SERIALS))
    assert {row["state"] for row in lab.installs()} == {"waiting"}
    assert {row["command_id"] for row in lab.installs()} == {row["id"] for row in lab.commands(INSTALL)}
    assert len(rows(lab.engine, actions)) == SERIALS
    assert lab.heal() == 0
