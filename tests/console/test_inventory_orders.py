"""Asking a device for everything, over the API and at the command line, with its answers as they come."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from config.contract import EFFECTS
from console.inquiring import Clock, follow, inquire
from console.inquiry_text import in_vain, telling
from console.stores import Stores
from state.schema import commands
from tasks.process import process
from tests.console.conftest import with_token
from tests.databases import BOTH_DATABASES
from tests.deliveries import MINUTE, NOON, SERIAL, UDID, check_in, envelope
from tests.owed import SETUP
from tests.tasks.lab import Lab, rows

SERVER = {"MICROMDM_URL": "http://127.0.0.1:1", "MICROMDM_API_KEY": "k"}
PHONE = {"ProductName": "iPhone15,2", "OSVersion": "26.1"}
QUESTIONS = [
    "DeviceInformation", "SecurityInfo", "ProfileList", "CertificateList", "InstalledApplicationList",
    "ManagedApplicationList", "ProvisioningProfileList", "Restrictions",
]  # fmt: skip
SENDERS = {"micromdm": {"kind": "micromdm", "url": "https://mdm.example", "api_key": "k"}}


@pytest.fixture
def lab(services):
    return Lab(replace(services, setup=SETUP))


@pytest.fixture
def client(open_app, make_settings, database_location):
    return with_token(open_app(make_settings(database_url=database_location, senders=SENDERS)))


@pytest.fixture
def stores(make_settings, database_location):
    opened = Stores(settings=make_settings(database_url=database_location, senders=SENDERS))
    yield opened
    opened.close()


@pytest.fixture
def windfall(run_windfall, database_location):
    def run(*arguments, exit_code=0, **settings):
        result = run_windfall(*arguments, **{"DATABASE_URL": database_location, **SERVER, **settings})
        assert result.exit_code == exit_code, result.output
        return result.stdout

    return run


class Waiting:
    """A clock that goes on when somebody pauses; what happens in the pauses is told beforehand."""

    def __init__(self, lab, *happenings):
        self._lab = lab
        self._happenings = list(happenings)
        self._seconds = 0.0

    def clock(self):
        return Clock(monotonic=lambda: self._seconds, pause=self._pause, now=lambda: self._lab.now)

    def _pause(self, seconds):
        self._seconds += seconds
        if self._happenings:
            self._lab.deliver()
            self._happenings.pop(0)()


def answer_all(lab):
    """The device answers whatever is on it."""
    for row in rows(lab.engine, commands, state="sent"):
        lab.reply("Acknowledged", row["command_uuid"])


@BOTH_DATABASES
def test_the_api_asks_once_and_tells_how_far_it_has_come(client, lab, redis_client):
    lab.enrol(**PHONE)
    path = f"/api/devices/{UDID}/inventory"

    before = client.get(path).json
    first, again = client.post(path, json={}), client.post(path)
    lab.now = lab.services.now()
    lab.deliver()
    lab.answer("Acknowledged", to="SecurityInfo")
    after = client.get(path).json

    assert (before["asked_at"], before["complete"], before["platform"]) == (None, False, "iOS")
    assert [item["state"] for item in before["items"]] == [None] * len(QUESTIONS)
    assert (first.status_code, first.json["unanswered"], first.json["advice"]) == (202, QUESTIONS, [])
    assert again.json == first.json
    assert len(rows(lab.engine, commands)) == len(QUESTIONS)
    assert redis_client.llen(f"windfall:celery:{EFFECTS}") == 1
    assert after["unanswered"] == [name for name in QUESTIONS if name != "SecurityInfo"]
    assert after["complete"] is False
    told = {item["request_type"]: item for item in after["items"]}
    assert told["SecurityInfo"]["state"] == "Acknowledged"
    assert told["SecurityInfo"]["answered_at"] is not None
    assert client.get(f"/api/commands/{told['SecurityInfo']['command_id']}").status_code == 200


@pytest.mark.parametrize(
    ("method", "device", "body", "status", "words"),
    [
        ("GET", "nobody", None, 404, "nobody"),
        ("POST", "nobody", None, 404, "nobody"),
        ("POST", UDID, {"what": "apps"}, 400, "up to the device"),
        ("POST", SERIAL, None, 404, "no device with the id"),
        ("PUT", UDID, None, 405, "not allowed"),
    ],
)
def test_what_makes_no_sense_is_refused(client, lab, method, device, body, status, words):
    lab.enrol(**PHONE)

    answer = client.open(f"/api/devices/{device}/inventory", method=method, json=body)

    assert (answer.status_code, words in answer.json["error"]) == (status, True)
    assert rows(lab.engine, commands) == []


def test_a_server_that_takes_no_commands_is_named(open_app, make_settings, database_location, lab):
    lab.enrol(**PHONE)
    client = with_token(open_app(make_settings(database_url=database_location)))

    answer = client.post(f"/api/devices/{UDID}/inventory")

    assert answer.status_code == 409
    assert "WINDFALL_MICROMDM_URL" in answer.json["error"]


def test_a_device_may_have_a_slash_in_its_id(client, services):
    process([envelope(check_in("Authenticate", udid="a/b"))], services)

    assert client.get("/api/devices/a/b/inventory").json["device_id"] == "a/b"
    assert client.get("/api/devices/a/b").json["id"] == "a/b"


@BOTH_DATABASES
def test_answers_are_told_as_they_come_until_there_are_no_more(lab, stores):
    lab.enrol(**PHONE)
    inquire(stores, SERIAL, now=lab.now)
    waiting = Waiting(lab, lambda: lab.answer("Error", to="ProfileList"), lambda: answer_all(lab))

    states = list(follow(stores, UDID, waiting.clock(), seconds=60))

    assert [len(state["unanswered"]) for state in states][-1] == 0
    assert [state["complete"] for state in states][-1]
    assert {item["state"] for item in states[-1]["items"]} == {"Acknowledged", "Error"}


def test_who_waits_for_an_unknown_device_asks_it_the_rest(lab, stores):
    lab.serial = ""
    lab.enrol()
    first = inquire(stores, UDID, now=lab.now)
    told = {"QueryResponses": PHONE}
    waiting = Waiting(
        lab, lambda: lab.answer("Acknowledged", to="DeviceInformation", **told), lambda: None, lambda: answer_all(lab)
    )

    last = list(follow(stores, UDID, waiting.clock(), seconds=60))[-1]

    assert first["unanswered"] == ["DeviceInformation"]
    assert first["platform"] is None
    assert (last["complete"], last["platform"]) == (True, "iOS")
    assert [item["request_type"] for item in last["items"]] == QUESTIONS


def test_who_waits_in_vain_ends_with_the_time(lab, stores):
    lab.enrol(**PHONE)
    inquire(stores, UDID, now=lab.now)

    (state,) = follow(stores, UDID, Waiting(lab).clock(), seconds=5)

    assert state["unanswered"] == QUESTIONS


def test_the_command_exits_0_when_all_is_answered_or_nobody_waits_and_1_when_something_is_open(windfall, lab):
    lab.enrol(**PHONE)

    ordered = windfall("devices", "inventory", SERIAL, "--no-wait")
    open_still = windfall("devices", "inventory", UDID, "--wait", "0", exit_code=1)
    document = json.loads(windfall("devices", "inventory", UDID, "--wait", "0", "--json", exit_code=1))
    quick = json.loads(windfall("devices", "inventory", UDID, "--no-wait", "--json"))

    assert ordered == f"{len(QUESTIONS)} questions are on their way to {UDID}\n"
    assert open_still == ""
    assert document["unanswered"] == quick["unanswered"] == QUESTIONS
    assert len(rows(lab.engine, commands)) == len(QUESTIONS)


def test_one_question_is_one_question(windfall, lab):
    lab.serial = ""
    lab.enrol()

    assert windfall("devices", "inventory", UDID, "--no-wait") == f"1 question is on its way to {UDID}\n"


def test_the_command_says_of_each_question_how_it_ended(lab, stores, capsys):
    lab.enrol(**PHONE)
    inquire(stores, UDID, now=lab.now)
    lab.deliver()
    refusal = [{"ErrorCode": 12021, "LocalizedDescription": "no \u009b31mright"}]
    lab.answer("Error", to="ProfileList", ErrorChain=refusal)
    lab.answer("Acknowledged", to="SecurityInfo")
    lab.enrol(**PHONE)

    with telling() as tell:
        states = list(follow(stores, UDID, Waiting(lab).clock(), seconds=0))
        tell(states[0])
        tell(states[0])

    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["SecurityInfo"].startswith("answered after ")
    assert lines["ProfileList"].startswith("refused after ")
    assert "\u009b" not in lines["ProfileList"]
    assert lines["CertificateList"] == "in vain: the device was enrolled anew before it answered"
    assert len(lines) == len(QUESTIONS)
    assert len(in_vain(states[0])) == len(QUESTIONS) - 2


def test_what_cannot_be_asked_is_said_in_one_line(run_windfall, database_location, lab):
    lab.enrol(**PHONE)
    for name, words in (("nobody", "no device with the id, UDID or serial number nobody"), (SERIAL, "MICROMDM_URL")):
        result = run_windfall("devices", "inventory", name, DATABASE_URL=database_location)
        assert result.exit_code == 1
        assert words in result.output
    assert rows(lab.engine, commands) == []


def test_a_device_that_left_is_asked_and_somebody_is_told_that_it_will_not_hear(client, lab):
    lab.enrol(**PHONE)
    lab.check_in("CheckOut", at=NOON + 2 * MINUTE + timedelta(seconds=1))

    assert "not enrolled" in client.post(f"/api/devices/{UDID}/inventory").json["advice"][0]


def test_nobody_waits_for_a_device_that_left_and_it_is_asked_only_without_waiting(
    windfall, run_windfall, database_location, lab
):
    lab.enrol(**PHONE)
    lab.check_in("CheckOut")

    refused = run_windfall("devices", "inventory", SERIAL, **SERVER, DATABASE_URL=database_location)
    before = rows(lab.engine, commands)
    asked = windfall("devices", "inventory", SERIAL, "--no-wait")

    assert (refused.exit_code, before) == (1, [])
    assert f"the device {UDID} is not enrolled: nothing reaches it, so it was asked nothing" in refused.output
    assert "--no-wait" in refused.output
    assert asked == f"{len(QUESTIONS)} questions are on their way to {UDID}\n"
