"""Pushes of devices that do not answer: as rarely as planned, whatever they say, and none once they have left."""

from itertools import pairwise

import pytest

from state.ordering import order
from tasks.actions.send_command import SendCommand
from tasks.healing import push_again
from tasks.owing import Owed
from tasks.pushing import PUSHES
from tests.databases import ON_SQLITE
from tests.deliveries import SECOND, UDID

ADA = {"UserID": "5E6F7A8B-0000-4000-8000-00000000BBBB", "UserShortName": "ada"}


@ON_SQLITE
def test_a_device_that_says_not_now_to_every_push_is_pushed_as_rarely_as_one_that_is_silent(asked):
    pushes = []
    asked.answer("NotNow")
    for _ in range(len(PUSHES) + 1):
        asked.now = asked.commands()[0]["next_push_at"]
        assert push_again(asked.at_work) == 1
        pushes.append(asked.now)
        asked.answer("NotNow")

    pauses = [later - earlier for earlier, later in pairwise(pushes)]
    assert pauses == [pause + SECOND for pause in PUSHES]
    assert asked.commands()[0]["next_push_at"] is None


@pytest.mark.parametrize("status", ["sent", "NotNow"])
def test_a_device_that_has_left_is_pushed_no_more_until_it_is_back(lab, status):
    lab.enrol()
    action = SendCommand(device_id=UDID, sender=lab.sender, request_type="ProfileList")
    order(lab.engine, Owed(action=action, key="k").record(lab.now))
    lab.deliver()
    if status == "NotNow":
        lab.answer("NotNow", to="ProfileList")
    lab.check_in("CheckOut")
    lab.wait(days=1)
    gone = push_again(lab.at_work)
    lab.check_in("TokenUpdate")

    states = [row["state"] for row in lab.commands("ProfileList")]
    assert (states, gone, push_again(lab.at_work)) == ([status], 0, 1)


@pytest.mark.parametrize("leaver", [ADA, {}], ids=["user", "device"])
def test_a_user_is_not_pushed_who_has_left_or_whose_device_has(lab, leaver):
    lab.enrol()
    lab.check_in("TokenUpdate", **ADA)
    action = SendCommand(device_id=f"{UDID}:{ADA['UserID']}", sender=lab.sender, request_type="ProfileList")
    order(lab.engine, Owed(action=action, key="k").record(lab.now))
    assert lab.deliver() == ["ProfileList"]

    lab.check_in("CheckOut", **leaver)
    lab.wait(days=1)
    gone = push_again(lab.at_work)
    lab.check_in("TokenUpdate", **leaver)

    assert (gone, push_again(lab.at_work)) == (0, 1)
