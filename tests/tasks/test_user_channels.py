"""Commands to users of devices: they are asked with their device, and void when their server drops them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from simulators.identities import SHARED_IPAD_USER_ID
from state.inquiries import MOST_USERS
from state.schema import actions, commands, user_channels
from tasks.healing import push_again
from tasks.inventory import HEARD, ask_now, refresh
from tests.databases import ON_SQLITE
from tests.deliveries import NOON, UDID, answer, check_in, envelope
from tests.tasks.inquiring import DAY, its_moment
from tests.tasks.lab import SETUP, rows

MAC = {"ProductName": "Mac15,12", "OSVersion": "15.1"}
USER_ID = "5E6F7A8B-0000-4000-8000-00000000BBBB"
USER = f"{UDID}:{USER_ID}"
ADA = {"UserID": USER_ID, "UserShortName": "ada"}
MACS_USERS = {
    *("DeviceInformation", "SecurityInfo", "ProfileList", "CertificateList", "InstalledApplicationList"),
    "ManagedApplicationList",
}


@pytest.fixture
def mac(lab):
    """A Mac with a user who is logged in."""
    lab.setup = replace(SETUP, inventory_age=DAY)
    lab.enrol(**MAC)
    lab.check_in("TokenUpdate", **ADA)
    return lab


def asked(lab, speaker):
    return [row["request_type"] for row in rows(lab.engine, commands, device_id=speaker)]


def answer_all(lab, *, user=None):
    """Whatever the device was asked is answered, or this user of it."""
    lab.deliver()
    for row in rows(lab.engine, commands, state="sent", device_id=f"{UDID}:{user['UserID']}" if user else UDID):
        lab.reply("Acknowledged", row["command_uuid"], **(user or {}))


def through_nanomdm(lab, what, *, at=None, **content):
    """A check-in as NanoMDM relays it; of a user with ``UserID``."""
    at = at or lab.tick()
    body = check_in(what, at=at, udid=UDID, **content)
    user = content.get("UserID")
    body["checkin_event"]["ids"] = {"id": f"{UDID}:{user}", "parent_id": UDID} if user else {"id": UDID}
    lab.hear(envelope(body, kind="nanomdm", sender="nanomdm", received_at=at))


def test_who_asks_a_device_for_everything_asks_its_user_too_and_each_once(mac):
    first = ask_now(mac.engine, UDID, mac.now)
    again = ask_now(mac.engine, UDID, mac.tick())

    assert set(asked(mac, USER)) == MACS_USERS
    assert len(asked(mac, USER)) == len(MACS_USERS)
    assert len(first) == len(asked(mac, UDID)) + len(MACS_USERS)
    assert {row["device_id"] for row in rows(mac.engine, actions)} == {UDID, USER}
    assert again == []


@ON_SQLITE
def test_beat_asks_a_user_who_has_answered_although_the_device_has_not_and_the_other_way_round(mac):
    ask_now(mac.engine, UDID, mac.now)
    answer_all(mac, user=ADA)
    mac.now += DAY
    of_user = its_moment(mac)
    answer_all(mac)
    of_device = its_moment(mac)

    assert of_user == len(MACS_USERS)
    assert of_device == len(set(asked(mac, UDID))) == len(asked(mac, UDID)) / 2


@ON_SQLITE
def test_users_of_a_device_that_must_say_first_what_it_is_are_asked_with_the_rest(lab):
    lab.serial = ""
    lab.enrol()
    lab.check_in("TokenUpdate", **ADA)
    ask_now(lab.engine, UDID, lab.now)
    first = asked(lab, USER)
    lab.deliver()
    lab.answer("Acknowledged", to="DeviceInformation", QueryResponses=MAC)
    refresh(lab.at_work)

    assert first == []
    assert set(asked(lab, USER)) == MACS_USERS


@ON_SQLITE
@pytest.mark.parametrize(
    "user",
    [
        {"UserID": SHARED_IPAD_USER_ID, "UserShortName": "ada@school.example"},
        {"EnrollmentID": UDID, "EnrollmentUserID": USER_ID},
    ],
)
def test_who_has_no_queue_at_micromdm_is_not_asked(lab, user):
    lab.enrol(**MAC)
    lab.check_in("TokenUpdate", **user)

    ask_now(lab.engine, UDID, lab.now)

    (channel,) = rows(lab.engine, user_channels)
    assert channel["enrolled"] is True
    assert asked(lab, channel["id"]) == []
    assert asked(lab, UDID)


@ON_SQLITE
@pytest.mark.parametrize("happening", ["CheckOut", "silence", "never enrolled", "enrolled anew", "another server"])
def test_a_user_who_is_not_there_is_not_asked(lab, happening):
    lab.enrol(**MAC)
    if happening == "never enrolled":
        lab.reply("Idle", "", **ADA)
    else:
        lab.check_in("TokenUpdate", **ADA)
    if happening == "CheckOut":
        lab.check_in("CheckOut", **ADA)
    if happening == "silence":
        lab.now += HEARD + timedelta(seconds=2)
        lab.check_in("TokenUpdate")
    if happening == "enrolled anew":
        lab.enrol(**MAC)
    if happening == "another server":
        lab.sender = "eu"
        lab.check_in("TokenUpdate")

    ask_now(lab.engine, UDID, lab.now)

    assert asked(lab, UDID)
    assert asked(lab, USER) == []


def test_of_many_users_those_who_were_heard_last_are_asked(lab):
    lab.enrol(**MAC)
    users = [f"00000000-0000-4000-8000-{number:012}" for number in range(MOST_USERS + 2)]
    for user in users:
        lab.check_in("TokenUpdate", UserID=user)

    ask_now(lab.engine, UDID, lab.now)

    spoken_to = {row["device_id"].partition(":")[2] for row in rows(lab.engine, commands)}
    assert spoken_to == {"", *users[2:]}


@ON_SQLITE
def test_what_a_user_tells_of_the_device_is_the_users(mac):
    ask_now(mac.engine, UDID, mac.now)
    mac.deliver()
    (row,) = rows(mac.engine, commands, device_id=USER, request_type="DeviceInformation")

    mac.reply("Acknowledged", row["command_uuid"], QueryResponses={"DeviceName": "Ada's"}, **ADA)

    (channel,) = rows(mac.engine, user_channels)
    assert channel["facts"]["DeviceName"][0] == "Ada's"
    assert rows(mac.engine, commands, device_id=USER, state="Acknowledged") != []
    assert rows(mac.engine, commands, device_id=UDID, state="Acknowledged") == []


@ON_SQLITE
def test_an_answer_of_the_device_is_none_of_its_user(mac):
    ask_now(mac.engine, UDID, mac.now)
    mac.deliver()
    (row,) = rows(mac.engine, commands, device_id=USER, request_type="ProfileList")

    mac.reply("Acknowledged", row["command_uuid"])

    assert rows(mac.engine, commands, state="Acknowledged") == []


@pytest.mark.parametrize("order", [("Authenticate", "late"), ("late", "Authenticate")])
def test_nanomdm_drops_what_waits_for_users_when_their_device_enrols_anew(lab, order):
    lab.sender = "nanomdm"
    through_nanomdm(lab, "Authenticate", **MAC)
    through_nanomdm(lab, "TokenUpdate", Token=b"t", PushMagic="m")
    through_nanomdm(lab, "TokenUpdate", Token=b"t", PushMagic="m", **ADA)
    ask_now(lab.engine, UDID, lab.now)
    lab.deliver()
    began, renewed = lab.tick() + timedelta(minutes=1), lab.tick() + timedelta(minutes=2)
    for what in order:
        if what == "Authenticate":
            through_nanomdm(lab, "Authenticate", at=began, **MAC)
        else:
            through_nanomdm(lab, "TokenUpdate", at=renewed, Token=b"t", PushMagic="m", **ADA)

    assert {row["state"] for row in rows(lab.engine, commands)} == {"void"}
    lab.now = renewed
    ask_now(lab.engine, UDID, lab.now)
    assert set(asked(lab, USER)) == MACS_USERS
    assert len(asked(lab, USER)) == 2 * len(MACS_USERS)


@ON_SQLITE
def test_micromdm_keeps_what_waits_for_users_and_so_do_we(mac):
    ask_now(mac.engine, UDID, mac.now)
    mac.deliver()

    mac.enrol(**MAC)
    answer_all(mac, user=ADA)

    assert {row["state"] for row in rows(mac.engine, commands, device_id=UDID)} == {"void"}
    assert {row["state"] for row in rows(mac.engine, commands, device_id=USER)} == {"Acknowledged"}


@ON_SQLITE
def test_what_a_user_puts_off_while_the_device_enrols_anew_at_micromdm_still_counts(mac):
    ask_now(mac.engine, UDID, mac.now)
    mac.deliver()
    (row,) = rows(mac.engine, commands, device_id=USER, request_type="ProfileList")
    busy = answer("NotNow", at=mac.tick(), udid=UDID, command_uuid=row["command_uuid"], **ADA)

    mac.hear(mac.said(busy), mac.said(check_in("Authenticate", at=mac.tick(), udid=UDID, **MAC)))

    (row,) = rows(mac.engine, commands, id=row["id"])
    assert row["state"] == "NotNow"


def test_a_user_who_does_not_answer_is_pushed_and_nobody_else(mac):
    ask_now(mac.engine, UDID, mac.now)
    answer_all(mac)
    mac.now += timedelta(minutes=6)

    assert push_again(mac.at_work) == 1

    (push,) = rows(mac.engine, actions, kind="push")
    assert push["arguments"] == {"device_id": USER, "sender": "micromdm"}


@ON_SQLITE
def test_times_are_those_of_the_events(mac):
    """A user who enrolled before the last Authenticate that was heard belongs to an enrolment that is over."""
    mac.hear(mac.said(check_in("TokenUpdate", at=NOON - DAY, udid=UDID, Token=b"t", PushMagic="m", UserID="OLD")))

    ask_now(mac.engine, UDID, mac.now)

    assert asked(mac, f"{UDID}:OLD") == []
    assert asked(mac, USER)
