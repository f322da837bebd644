"""What beat asks devices for by itself."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from simulators.devices import Device
from simulators.identities import Kind, draw_identity
from state.schema import commands, jamf_devices
from state.unit_of_work import unit_of_work
from tasks.actions.send_command import SendCommand
from tasks.healing import INFORMATION_AGE, UNNAMED, identify
from tasks.inventory import FORGOTTEN
from tasks.owing import Owed
from tasks.process import process
from tasks.setup import Setup
from tests.databases import ON_SQLITE
from tests.deliveries import NOON, SECOND, UDID, check_in, envelope, relayed
from tests.jamf import all_events, delivered
from tests.tasks.lab import rows

DAY = timedelta(days=1)
INFORMATION = "DeviceInformation"
BOTH = Setup(mdm_servers={"micromdm": "micromdm", "nanomdm": "nanomdm"})


@pytest.fixture
def at(services):
    """Services at a time after noon."""
    return lambda later: replace(services, setup=BOTH, now=lambda: NOON + later)


def asked(engine):
    with engine.connect() as connection:
        return connection.execute(select(commands.c.device_id, commands.c.request_type).order_by(commands.c.id)).all()


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
def test_what_no_list_tells_is_asked_by_age(lab, sender, times):
    lab.sender = sender
    lab.enrol()

    for hours in (1, 24, 144, 26, 168):
        lab.wait(hours=hours)
        identify(lab.at_work)
        lab.deliver()
        for row in rows(lab.engine, commands, state="sent"):
            lab.reply("Acknowledged", row["command_uuid"])

    assert asked(lab.engine) == [(UDID, INFORMATION)] * times


@ON_SQLITE
def test_a_silent_device_is_asked_again_only_when_the_question_counts_as_lost(lab):
    lab.sender = "nanomdm"
    lab.enrol()
    found = []

    for _ in range(3 * FORGOTTEN.days):
        lab.wait(days=1)
        found.append(identify(lab.at_work))
        lab.deliver()

    days_asked = [day for day, count in enumerate(found) if count]
    assert days_asked == [0, FORGOTTEN.days + 1, 2 * FORGOTTEN.days + 2]


def test_a_device_that_cannot_answer_at_present_is_not_asked_again(lab):
    lab.sender = "nanomdm"
    lab.enrol()
    lab.wait(hours=1)
    identify(lab.at_work)
    lab.deliver()
    lab.answer("NotNow", to=INFORMATION)
    lab.now += 2 * INFORMATION_AGE

    assert identify(lab.at_work) == 0


def test_a_question_that_stays_open_holds_nothing_back_once_the_same_was_answered_later(lab):
    """As people ask it, with other arguments."""
    lab.sender = "nanomdm"
    lab.enrol()
    narrow = SendCommand(
        device_id=UDID, sender=lab.sender, request_type=INFORMATION, arguments={"Queries": ["IsSupervised"]}
    )
    with unit_of_work(lab.engine, lab.now) as uow:
        uow.owe(Owed(action=narrow, key="by hand").record(lab.now))
    lab.deliver()
    lab.answer("NotNow", to=INFORMATION)
    lab.wait(days=8)
    held_back = identify(lab.at_work)
    lab.inform()
    with unit_of_work(lab.engine, lab.now) as uow:
        uow.owe(Owed(action=replace(narrow, arguments={}), key="by hand too").record(lab.now))
    lab.deliver()
    lab.answer("Acknowledged", to=INFORMATION)
    lab.wait(days=8)

    assert (held_back, identify(lab.at_work)) == (0, 1)


def test_a_question_that_a_new_enrolment_made_void_keeps_nobody_from_asking(lab):
    lab.sender = "nanomdm"
    lab.enrol()
    lab.wait(hours=1)
    identify(lab.at_work)
    lab.deliver()
    lab.enrol()
    lab.now += INFORMATION_AGE

    assert identify(lab.at_work) == 1


@pytest.fixture
def old_mac(lab):
    """A Mac that enrolled in its server long before that told us anything."""
    rng = random.Random(7)
    mac = Device(draw_identity(Kind.MAC_WITH_USER, rng), rng=rng, clock=lab.tick)
    lab.sender, lab.udid, lab.serial = "nanomdm", mac.identity.udid, mac.identity.serial_number
    return mac


def hear(lab, *messages):
    """NanoMDM relays these."""
    lab.hear(*relayed(list(messages), through_nanomdm=[True] * len(messages)))


def test_a_device_that_enrolled_before_we_listened_is_asked_who_it_is_and_gets_its_app(lab, old_mac):
    lab.license()
    hear(lab, old_mac.idle())
    at_once = identify(lab.at_work)
    lab.wait(hours=1)
    hear(lab, old_mac.idle())

    counts = at_once, identify(lab.at_work), identify(lab.at_work)
    lab.deliver()
    (question,) = rows(lab.engine, commands)
    hear(lab, old_mac.device_information(question["command_uuid"]))

    assert counts == (0, 1, 0)
    assert asked(lab.engine)[0] == (lab.udid, INFORMATION)
    assert (lab.install["serial_number"], lab.install["state"]) == (lab.serial, "waiting")
    assert lab.command_states() == ["pending"]


@ON_SQLITE
def test_of_who_spoke_by_a_user_alone_the_device_is_asked_and_not_the_user(lab, old_mac):
    for _ in range(2 * INFORMATION_AGE.days):
        lab.wait(days=1)
        hear(lab, old_mac.idle(user=True))
        identify(lab.at_work)

    assert asked(lab.engine) == [(lab.udid, INFORMATION)]


def test_a_poll_that_is_heard_after_the_device_left_brings_no_question(lab, old_mac):
    poll = old_mac.idle()
    hear(lab, old_mac.check_out())
    hear(lab, poll)
    lab.wait(days=1)

    assert identify(lab.at_work) == 0


def test_devices_that_only_jamf_pro_knows_are_asked_nothing(lab):
    lab.hear(*map(delivered, all_events()))
    lab.wait(days=30)

    assert rows(lab.engine, jamf_devices)
    assert identify(lab.at_work) == 0


def test_who_left_is_asked_nothing(engine, at):
    enrol(at(SECOND), "nanomdm")
    left = check_in("CheckOut", at=NOON + 2 * SECOND)
    process([envelope(left, kind="nanomdm", sender="nanomdm")], at(SECOND))

    assert identify(at(timedelta(days=1))) == 0
    assert asked(engine) == []
