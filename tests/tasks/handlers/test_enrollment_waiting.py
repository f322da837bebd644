"""Devices and users that wait in Setup Assistant, until they acknowledge that they are configured."""

import pytest

from state.schema import devices, user_channels
from state.unit_of_work import unit_of_work
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed
from tests.deliveries import SECOND, UDID
from tests.tasks.lab import only_row


def waits(lab, table=devices):
    return only_row(lab.engine, table)["facts"]["AwaitingConfiguration"][0]


def test_a_device_waits_in_setup_assistant_until_it_acknowledges_that_it_is_configured(lab):
    lab.check_in("Authenticate")
    lab.check_in("TokenUpdate", AwaitingConfiguration=True)
    released = SendCommand(device_id=UDID, sender=lab.sender, request_type="DeviceConfigured")
    with unit_of_work(lab.engine, lab.now) as uow:
        uow.owe(Owed(action=released, key="by hand").record(lab.now))
    lab.deliver()
    said = [waits(lab)]
    for status in ("NotNow", "Acknowledged"):
        lab.answer(status, to="DeviceConfigured")
        said.append(waits(lab))
    lab.check_in("Authenticate")
    lab.check_in("TokenUpdate", AwaitingConfiguration=True)
    lab.answer("Acknowledged", to="DeviceConfigured", at=lab.now - 2 * SECOND)
    said.append(waits(lab))

    assert said == [True, True, False, True]


@pytest.mark.parametrize(
    ("status", "request_type", "waiting"),
    [
        ("Acknowledged", "DeviceConfigured", False),
        ("Acknowledged", "UserConfigured", True),
        ("Acknowledged", ["DeviceConfigured"], True),
        ("Error", "DeviceConfigured", True),
    ],
)
def test_it_counts_whoever_sent_that_command_where_the_device_repeats_its_name(lab, status, request_type, waiting):
    lab.check_in("TokenUpdate", AwaitingConfiguration=True)

    lab.reply(status, "theirs", RequestType=request_type)

    assert waits(lab) is waiting


def test_a_user_of_a_shared_ipad_waits_for_a_command_of_its_own(lab):
    ada = {"UserID": "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "UserShortName": "ada@example.com"}
    lab.check_in("TokenUpdate", AwaitingConfiguration=True)
    lab.check_in("TokenUpdate", AwaitingConfiguration=True, **ada)

    lab.reply("Acknowledged", "theirs", RequestType="UserConfigured", **ada)

    assert (waits(lab), waits(lab, user_channels)) == (True, False)
