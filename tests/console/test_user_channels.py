"""Commands for users of devices: over the API and at the command line, with their queues."""

import json
from dataclasses import replace

import pytest

from clients.micromdm import MicroMDM
from domain.commands import Command, payload
from simulators.identities import SHARED_IPAD_USER_ID
from simulators.micromdm_api import MicroMDMApi
from state.schema import commands
from tests.console.conftest import with_token
from tests.databases import BOTH_DATABASES
from tests.deliveries import SERIAL, UDID
from tests.faults.arena import wait_until
from tests.owed import SETUP
from tests.tasks.lab import Lab, rows

MAC = {"ProductName": "Mac15,12", "OSVersion": "15.1"}
USER_ID = "5E6F7A8B-0000-4000-8000-00000000BBBB"
OTHER_ID = "5E6F7A8B-0000-4000-8000-00000000CCCC"
USER = f"{UDID}:{USER_ID}"
ADA = {"UserID": USER_ID, "UserShortName": "ada", "UserLongName": "Ada L."}
SERVER = {"MICROMDM_URL": "http://127.0.0.1:1", "MICROMDM_API_KEY": "k"}
SENDERS = {"micromdm": {"kind": "micromdm", "url": "https://mdm.example", "api_key": "k"}}


@pytest.fixture
def lab(services):
    """A Mac with a user who is logged in."""
    lab = Lab(replace(services, setup=SETUP))
    lab.enrol(**MAC)
    lab.check_in("TokenUpdate", **ADA)
    return lab


@pytest.fixture
def client(open_app, make_settings, database_location):
    return with_token(open_app(make_settings(database_url=database_location, senders=SENDERS)))


@pytest.fixture
def windfall(run_windfall, database_location):
    def run(*arguments, exit_code=0, **settings):
        result = run_windfall(*arguments, **{"DATABASE_URL": database_location, **SERVER, **settings})
        assert result.exit_code == exit_code, result.output
        return result.output

    return run


@pytest.fixture
def micromdm():
    with MicroMDMApi(api_key="k") as server:
        yield server


def document(text):
    return json.loads(text)


@BOTH_DATABASES
@pytest.mark.parametrize("user", ["ada", "ADA", USER_ID, USER_ID.lower(), USER])
def test_a_user_is_named_by_id_or_short_name(windfall, lab, user):
    item = document(windfall("command", SERIAL, "ProfileList", "--user", user, "--json"))

    assert (item["device_id"], item["state"], item["advice"]) == (USER, "pending", [])
    assert (
        document(windfall("command", SERIAL, "ProfileList", "--user", user, "--dry-run", "--json"))["device_id"] == USER
    )


def test_a_user_may_be_named_as_the_device_itself(windfall, client, lab):
    item = document(windfall("command", USER, "ProfileList", "--json"))
    answer = client.post("/api/commands", json={"device_id": USER, "request_type": "ProfileList"})

    assert item["device_id"] == USER
    assert (answer.status_code, answer.json["device_id"]) == (202, USER)
    assert client.post("/api/commands", json={"udid": USER, "request_type": "ProfileList"}).status_code == 404


def test_what_only_the_device_channel_takes_is_not_sent_to_a_user(windfall, client, lab):
    said = windfall("command", SERIAL, "DeviceLock", "--user", "ada", exit_code=1)
    body = {"device_id": USER, "request_type": "DeviceLock"}
    refused = client.post("/api/commands", json=body)
    assert rows(lab.engine, commands) == []

    insisted = client.post("/api/commands", json={**body, "unchecked": True})

    words = "DeviceLock is for a device and not for a user"
    assert words in said
    assert (refused.status_code, refused.json["error"].startswith(words)) == (400, True)
    assert (insisted.status_code, insisted.json["device_id"]) == (202, USER)


def test_an_unknown_user_is_told_who_there_is(windfall, client, lab):
    lab.check_in("TokenUpdate", UserID=OTHER_ID)

    said = windfall("command", SERIAL, "ProfileList", "--user", "bo", exit_code=1)
    answer = client.post("/api/commands", json={"device_id": f"{UDID}:bo", "request_type": "ProfileList"})

    words = f"there is no user bo on the device {UDID}; its users are: {OTHER_ID}, {USER_ID} (ada)"
    assert words in said
    assert len(said.splitlines()) == 1
    assert (answer.status_code, answer.json["error"]) == (404, words)
    assert rows(lab.engine, commands) == []


def test_a_device_without_users_says_so(windfall, lab):
    lab.udid, lab.serial = "B", "C02OTHER"
    lab.enrol(**MAC)

    assert "none of its users was heard" in windfall("command", "B", "ProfileList", "--user", "ada", exit_code=1)
    assert "no device with the id" in windfall("command", "C:x", "ProfileList", exit_code=1)


def test_of_two_users_with_a_short_name_one_must_be_named_by_id(windfall, client, lab):
    lab.check_in("TokenUpdate", UserID=OTHER_ID, UserShortName="Ada")

    said = windfall("command", SERIAL, "ProfileList", "--user", "ada", exit_code=1)
    answer = client.post("/api/commands", json={"device_id": f"{UDID}:ada", "request_type": "ProfileList"})

    assert f"name one of them by its id: {OTHER_ID} (Ada), {USER_ID} (ada)" in said
    assert answer.status_code == 409


@pytest.mark.parametrize(
    "user",
    [
        {"UserID": SHARED_IPAD_USER_ID, "UserShortName": "bo@school.example"},
        {"EnrollmentID": UDID, "EnrollmentUserID": OTHER_ID, "UserShortName": "bo@school.example"},
    ],
)
def test_whom_micromdm_cannot_address_is_refused_with_the_reason(windfall, client, lab, user):
    lab.check_in("TokenUpdate", **user)

    said = windfall("command", UDID, "ProfileList", "--user", "bo@school.example", exit_code=1)
    asked = client.post(f"/api/devices/{UDID}/inventory")

    reason = "MicroMDM keeps one queue for all users of all Shared iPads, and none for the user of a user enrolment"
    assert reason in said
    assert asked.json["advice"] == [f"the user bo@school.example is not asked: {reason}"]
    (left_out,) = asked.json["users_left_out"]
    assert (left_out["user"], left_out["reason"]) == ("bo@school.example", reason)
    assert {item["user"] for item in asked.json["items"]} == {None, "ada"}


def test_who_will_not_hear_is_said(windfall, lab):
    lab.check_in("CheckOut", **ADA)

    said = windfall("command", UDID, "ProfileList", "--user", "ada")

    assert "note: the user ada is not enrolled at present" in said


@BOTH_DATABASES
def test_a_user_who_is_on_several_macs_has_one_queue_at_micromdm(windfall, lab):
    lab.udid, lab.serial = "B", "C02OTHER"
    lab.enrol(**MAC)
    lab.check_in("TokenUpdate", **ADA)

    item = document(windfall("command", UDID, "ProfileList", "--user", "ada", "--json"))

    assert item["device_id"] == USER
    assert "the same user is on B, and MicroMDM keeps one queue for all of them" in item["advice"][0]


@BOTH_DATABASES
def test_commands_of_a_device_are_those_of_its_users_too_and_those_of_a_user_the_users_alone(windfall, client, lab):
    windfall("command", UDID, "SecurityInfo")
    windfall("command", UDID, "ProfileList", "--user", "ada")
    lab.udid, lab.serial = "B", "C02OTHER"
    lab.enrol(**MAC)
    windfall("command", "B", "CertificateList")

    def listed(*arguments):
        return [item["request_type"] for item in document(windfall("commands", *arguments, "--json"))["items"]]

    assert listed(SERIAL) == ["ProfileList", "SecurityInfo"]
    assert listed(USER) == ["ProfileList"]
    assert listed("B") == ["CertificateList"]
    assert len(client.get(f"/api/commands?device_id={UDID}").json["items"]) == 2
    (item,) = client.get(f"/api/commands?device_id={USER}&state=pending").json["items"]
    assert item["device_id"] == USER


def test_queues_of_users_are_shown_and_cleared_with_the_devices(windfall, lab, micromdm):
    here = {"MICROMDM_URL": micromdm.url}
    ours = document(windfall("command", UDID, "ProfileList", "--user", "ada", "--json"))
    lab.now = lab.services.now()
    lab.deliver()
    queue(micromdm, USER, USER_ID, ours["command_uuid"])
    queue(micromdm, UDID, UDID, "not-ours")

    shown = document(windfall("commands", SERIAL, "--queue", "--json", **here))["items"]
    of_user = document(windfall("commands", USER, "--queue", "--json", **here))["items"]
    cleared = document(windfall("commands", USER, "--clear", "--yes", "--json", **here))
    left = [len(micromdm.queue(key)) for key in (UDID, USER_ID)]
    rest = windfall("commands", UDID, "--clear", "--yes", **here)

    assert [(item["command_uuid"], item["ours"], item["device_id"]) for item in shown] == [
        ("not-ours", False, UDID),
        (ours["command_uuid"], True, USER),
    ]
    assert [item["device_id"] for item in of_user] == [USER]
    assert cleared == {"device_id": USER, "cleared": 1, "void": 1, "on_their_way": 0}
    assert left == [1, 0]
    assert "cleared 1 at micromdm; 0 of ours are void" in rest
    assert (micromdm.queue(UDID), lab.commands("ProfileList")[0]["state"]) == ([], "void")


def queue(server, device_id, key, command_uuid):
    body = payload(Command(request_type="ProfileList", arguments={}), command_uuid)
    MicroMDM(server.url, lambda: "k").send_command(device_id, body)
    # It says 201 before it stores.
    wait_until("it is stored", lambda: server.queue(key), seconds=60)
