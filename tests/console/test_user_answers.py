"""What users of a device are asked and answer, as people follow it and as the page of the device tells it."""

from dataclasses import replace

import pytest

from console.device_page import device_page
from console.device_text import print_page
from console.inquiring import Clock, follow, inquire
from console.inquiry_text import still_open, telling
from console.stores import Stores
from state.schema import commands
from tests.databases import BOTH_DATABASES
from tests.deliveries import SERIAL, UDID
from tests.owed import SETUP
from tests.tasks.lab import Lab, rows

MAC = {"ProductName": "Mac15,12", "OSVersion": "15.1"}
USER_ID = "5E6F7A8B-0000-4000-8000-00000000BBBB"
OTHER_ID = "5E6F7A8B-0000-4000-8000-00000000CCCC"
USER = f"{UDID}:{USER_ID}"
ADA = {"UserID": USER_ID, "UserShortName": "ada", "UserLongName": "Ada L."}
SENDERS = {"micromdm": {"kind": "micromdm", "url": "https://mdm.example", "api_key": "k"}}
QUESTIONS_TO_USERS = 6


@pytest.fixture
def lab(services):
    """A Mac with a user who is logged in."""
    lab = Lab(replace(services, setup=SETUP))
    lab.enrol(**MAC)
    lab.check_in("TokenUpdate", **ADA)
    return lab


@pytest.fixture
def stores(make_settings, database_location):
    opened = Stores(settings=make_settings(database_url=database_location, senders=SENDERS))
    yield opened
    opened.close()


def test_progress_tells_of_each_user_and_is_complete_when_they_have_answered_too(lab, stores, capsys):
    first = inquire(stores, SERIAL, now=lab.now)
    lab.deliver()
    for row in rows(lab.engine, commands, device_id=UDID):
        lab.reply("Acknowledged", row["command_uuid"])
    (halfway,) = follow(stores, UDID, still(), seconds=0)
    for row in rows(lab.engine, commands, device_id=USER):
        status = "Error" if row["request_type"] == "ProfileList" else "Acknowledged"
        lab.reply(status, row["command_uuid"], **ADA)
    (last,) = follow(stores, UDID, still(), seconds=60)
    with telling() as tell:
        tell(last)

    users = [item for item in first["items"] if item["user"]]
    assert {(item["user"], item["channel_id"]) for item in users} == {("ada", USER)}
    assert len(users) == len(halfway["unanswered"]) == QUESTIONS_TO_USERS
    head, *waiting = still_open(halfway, seconds=5).splitlines()
    assert head == "after 5 s still open; answers count whenever they come:"
    assert "  ProfileList               user ada: sent, not answered" in waiting
    assert len(waiting) == QUESTIONS_TO_USERS
    assert (halfway["complete"], last["complete"], last["unanswered"]) == (False, True, [])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("ProfileList               user ada: refused after ")]
    assert {line[:26].rstrip() for line in lines} == {item["request_type"] for item in first["items"]}
    assert len(lines) == len(first["items"])


def test_a_user_who_logs_in_while_people_wait_does_not_make_them_wait(lab, stores):
    inquire(stores, SERIAL, now=lab.now)
    lab.check_in("TokenUpdate", UserID=OTHER_ID, UserShortName="bo")
    lab.deliver()
    for row in rows(lab.engine, commands):
        lab.reply("Acknowledged", row["command_uuid"], **(ADA if row["device_id"] == USER else {}))

    (state,) = follow(stores, UDID, still(), seconds=60)

    assert state["complete"]
    assert [item["state"] for item in state["items"] if item["user"] == "bo"] == [None] * QUESTIONS_TO_USERS


def still():
    return Clock(monotonic=lambda: 0.0, pause=pytest.fail)


@BOTH_DATABASES
def test_the_page_tells_the_users_things_apart_from_the_devices(lab, stores, capsys):
    inquire(stores, SERIAL, now=lab.now)
    lab.deliver()
    torch, kiln = ({"Identifier": f"com.example.{name}", "Name": name} for name in ("Torch", "Kiln"))
    told = {
        ("ProfileList", UDID): {"ProfileList": [profile("Wi-Fi")]},
        ("ProfileList", USER): {"ProfileList": [profile("Mail")]},
        ("InstalledApplicationList", UDID): {"InstalledApplicationList": [torch]},
        ("InstalledApplicationList", USER): {"InstalledApplicationList": [torch, kiln]},
    }
    for (request_type, speaker), content in told.items():
        (row,) = rows(lab.engine, commands, request_type=request_type, device_id=speaker)
        lab.reply("Acknowledged", row["command_uuid"], **content, **(ADA if speaker == USER else {}))

    print_page(device_page(lab.engine, lab.setup, SERIAL, lab.now), lab.now, everything=False)
    parts = [" ".join(part.split()) for part in capsys.readouterr().out.split("\n\n")]

    found = {part.partition(":")[0]: part.partition(":")[2] for part in parts}
    assert ("Wi-Fi" in found["PROFILES"], "Mail" in found["PROFILES"]) == (True, False)
    assert ("Wi-Fi" in found["PROFILES OF ADA"], "Mail" in found["PROFILES OF ADA"]) == (False, True)
    assert "1 of them as on the device" in found["APPS OF ADA"]
    assert ("Torch" in found["APPS OF ADA"], "Kiln" in found["APPS OF ADA"]) == (False, True)
    assert "CERTIFICATES OF ADA" not in found
    (done,) = [part for part in parts if part.startswith("LAST COMMANDS")]
    assert " for ada: sent" in done


def profile(name):
    return {"PayloadIdentifier": f"com.example.{name}", "PayloadUUID": name, "PayloadDisplayName": name}
