"""What beat asks devices for by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from state.schema import commands
from tasks.healing import INFORMATION_AGE, UNNAMED, identify
from tasks.process import process
from tasks.setup import Setup
from tests.deliveries import NOON, SECOND, UDID, check_in, envelope

BOTH = Setup(mdm_servers={"micromdm": "micromdm", "nanomdm": "nanomdm"})


@pytest.fixture
def at(services):
    """Services at a time after noon."""
    return lambda later: replace(services, setup=BOTH, now=lambda: NOON + later)


def asked(engine):
    with engine.connect() as connection:
        return connection.execute(select(commands.c.device_id, commands.c.request_type)).all()


def enrol(services, sender, **content):
    first = check_in("Authenticate", **content)
    events = [first, check_in("TokenUpdate", at=NOON + SECOND)]
    process([envelope(event, kind=sender, sender=sender) for event in events], services)


def test_a_device_without_a_serial_number_is_asked_once_and_not_at_once(engine, at):
    enrol(at(SECOND), "micromdm")

    counts = [identify(at(later)) for later in (SECOND, UNNAMED + 2 * SECOND, UNNAMED + INFORMATION_AGE * 3)]

    assert counts == [0, 1, 0]
    assert asked(engine) == [(UDID, "DeviceInformation")]


@pytest.mark.parametrize(("sender", "times"), [("micromdm", 0), ("nanomdm", 3)])
def test_what_no_list_tells_is_asked_by_age(engine, at, sender, times):
    enrol(at(SECOND), sender, SerialNumber="C02EXAMPLE01")

    for days in (0, 1, 7, 8, 15):
        identify(at(timedelta(days=days, minutes=10 * (days + 1))))

    assert asked(engine) == [(UDID, "DeviceInformation")] * times


def test_who_left_is_asked_nothing(engine, at):
    enrol(at(SECOND), "nanomdm")
    left = check_in("CheckOut", at=NOON + 2 * SECOND)
    process([envelope(left, kind="nanomdm", sender="nanomdm")], at(SECOND))

    assert identify(at(timedelta(days=1))) == 0
    assert asked(engine) == []
