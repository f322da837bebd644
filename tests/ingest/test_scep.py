"""SCEPChallenge is answered with a challenge where that is configured, and stored like any event everywhere."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from clients.scep import ChallengeProvider
from config.refusals import read_refusals
from config.settings import Settings
from ingest.app import create_app
from ingest.scep import MOST_ASKED, Challenges
from tests.clients.far_end import answer, far_end_of, hang_up, http, silence
from tests.faults.arena import wait_until
from tests.ingest.web import Web, answer_to

SECRET = "jamf-secret"
PASSWORD = "pa55-of-the-user"
CHALLENGE = "b31-QUAY-one-time"
INBOX = "jamf.SCEPChallenge:0"
EVENT = {
    "webhook": {"id": 40, "name": "scep", "webhookEvent": "SCEPChallenge", "eventTimestamp": 1774012400031},
    "event": {
        "payloadIdentifier": "6c0e2b41-quay-wifi",
        "payloadTypes": ["com.apple.security.scep"],
        "scepServerUrl": "https://ca.example/scep",
        "targetDevice": {"serialNumber": "QF7H2LK0MX"},
        "targetUser": {"username": "ivarga", "password": PASSWORD, "buildingID": -1},
    },
}
XML = (
    "<JSSEvent><webhook><id>40</id><webhookEvent>scepCHALLENGE</webhookEvent></webhook><event><targetUser>"
    f"<username>ivarga</username><password>{PASSWORD}</password></targetUser></event></JSSEvent>"
)


@pytest.fixture
def far_end():
    with far_end_of() as end:
        end.steps = [answer(200, CHALLENGE.encode() + b"\n", content_type="text/plain")]
        yield end


@pytest.fixture
def door(tmp_path, publisher):
    """Post to a door whose `jamf` has these settings."""

    def make(**settings):
        given = Settings(home=tmp_path, senders={"jamf": {"secrets": SECRET, **settings}})
        client = create_app(given, publisher, Challenges(given, ChallengeProvider)).test_client()

        def post(event=EVENT, secret=SECRET):
            body = event if isinstance(event, str) else json.dumps(event)
            return client.post("/webhooks/jamf", data=body, headers={"X-Windfall-Token": secret})

        return post

    return make


def renamed(name):
    return {**EVENT, "webhook": {**EVENT["webhook"], "webhookEvent": name}}


def bodies(stored):
    return [envelope.body.decode() for envelope in stored(INBOX)]


def test_by_default_it_is_an_event_like_any_other(door, stored):
    answered = door()()

    assert (answered.status_code, list(answered.json)) == (200, ["delivery_id"])
    assert bodies(stored) == [json.dumps(EVENT)]


def test_a_configured_challenge_is_all_that_is_answered(door, stored):
    answered = door(scep_challenge=CHALLENGE)()

    assert (answered.status_code, answered.data) == (200, CHALLENGE.encode())
    assert (answered.headers["Content-Type"], answered.headers["Cache-Control"]) == (
        "text/plain; charset=utf-8",
        "no-store",
    )
    assert bodies(stored) == [json.dumps(EVENT)]


def test_a_challenge_in_a_file_is_read_again_and_an_emptied_file_gives_none(door, tmp_path, stored):
    path = tmp_path / "challenge"
    path.write_text(f"{CHALLENGE}\n")
    given = door(scep_challenge_file=str(path))()
    path.write_text("\n")
    taken_away = door(scep_challenge_file=str(path))()

    assert (given.status_code, given.data) == (200, CHALLENGE.encode())
    assert (taken_away.status_code, taken_away.data) == (502, b"")
    assert len(bodies(stored)) == 2


@pytest.mark.parametrize("event", [EVENT, renamed("scepchallenge"), XML, urlencode({"payload": json.dumps(EVENT)})])
def test_a_server_is_asked_with_the_event_as_json_without_the_password(door, far_end, stored, event):
    answered = door(scep_url=far_end.url + "/challenge")(event)

    assert (answered.status_code, answered.data) == (200, CHALLENGE.encode())
    [arrival] = far_end.arrivals
    asked = json.loads(arrival.body)
    assert (asked["event"]["targetUser"]["username"], asked["webhook"]["id"]) in [("ivarga", 40), ("ivarga", "40")]
    assert PASSWORD not in arrival.body.decode()
    assert bodies(stored) == [event if isinstance(event, str) else json.dumps(event)]


@pytest.mark.parametrize("name", ["ComputerAdded", "SCEPChallenges", "unheard-of"])
def test_no_other_event_gets_a_challenge(door, far_end, name):
    posts = [door(scep_challenge=CHALLENGE), door(scep_url=far_end.url)]

    assert [list(post(renamed(name)).json) for post in posts] == [["delivery_id"], ["delivery_id"]]
    assert far_end.arrivals == []


def test_nobody_gets_a_challenge_without_the_secret(door, far_end, stored):
    answers = [door(scep_challenge=CHALLENGE)(secret="x"), door(scep_url=far_end.url)(secret="x")]

    assert [(answered.status_code, list(answered.json)) for answered in answers] == [(401, ["error"])] * 2
    assert (far_end.arrivals, bodies(stored)) == ([], [])


@pytest.mark.parametrize(
    "step",
    [
        answer(500, CHALLENGE.encode()),
        answer(200, f"<p>{CHALLENGE}</p>".encode(), content_type="text/html"),
        answer(200, b"x" * 100_000),
        hang_up,
        silence,
    ],
)
def test_without_a_challenge_the_answer_is_502_and_empty_and_the_event_is_stored(
    door, far_end, stored, publisher, redis_client, step
):
    far_end.steps = [step]

    with capture_logs() as lines:
        answered = door(scep_url=far_end.url, scep_timeout=0.3)()

    assert (answered.status_code, answered.data, "Content-Type" in answered.headers) == (502, b"", False)
    assert bodies(stored) == [json.dumps(EVENT)]
    assert [line["event"] for line in lines] == ["delivery_stored", "challenge_not_given"]
    assert far_end.place in lines[1]["reason"]
    publisher._look_after()
    assert read_refusals(redis_client) == {("jamf", "no_challenge"): 1}


def test_an_event_too_large_to_pass_on_is_stored_and_nobody_is_asked(door, far_end, stored):
    answered = door(scep_url=far_end.url)({**EVENT, "pad": "x" * MOST_ASKED})

    assert (answered.status_code, far_end.arrivals, len(bodies(stored))) == (502, [], 1)


def test_neither_challenge_nor_password_nor_url_nor_token_is_logged(door, far_end):
    far_end.steps = [answer(200, CHALLENGE.encode()), answer(403, CHALLENGE.encode()), hang_up]
    post = door(scep_url=f"{far_end.url}/s3cr3t-path", scep_token="t0ken")

    with capture_logs() as lines:
        statuses = [post().status_code for _ in far_end.steps]
        statuses.append(door(scep_challenge=CHALLENGE)().status_code)

    assert statuses == [200, 502, 502, 200]
    assert len(lines) == 6
    assert not any(word in str(lines) for word in (CHALLENGE, PASSWORD, "s3cr3t-path", "t0ken"))


def test_servers_that_hang_leave_threads_for_events(tmp_path, redis_location, redis_client, far_end):
    """Two of four threads may wait for a challenge; a third is told at once that there is none."""
    let_go = threading.Event()

    def held(connection, over):
        let_go.wait(60)
        connection.sendall(http(200, CHALLENGE.encode()))

    far_end.steps = [held]
    settings = {
        "WINDFALL_SENDER_JAMF_SCEP_URL": far_end.url,
        "WINDFALL_SENDER_JAMF_SCEP_TIMEOUT": "15",
        "WINDFALL_INGEST_WORKERS": "1",
        "WINDFALL_INGEST_THREADS": "4",
    }
    web = Web(tmp_path / "home", redis_location, {"jamf": SECRET}, **settings)

    def post(event):
        with web.connection() as connection:
            status, _, body = answer_to(connection, json.dumps(event), f"/webhooks/jamf/{SECRET}", {})
            return status, body

    try:
        with ThreadPoolExecutor() as pool:
            waiting = [pool.submit(post, EVENT) for _ in range(2)]
            wait_until("two are being asked for", lambda: len(far_end.arrivals) == 2, seconds=60)
            beyond = post(EVENT)
            others = [post(renamed("ComputerAdded"))[0] for _ in range(20)]
            held_back = [future.done() for future in waiting]
            let_go.set()
            answers = [future.result(timeout=30) for future in waiting]
    finally:
        let_go.set()
        web.end()

    assert (beyond, set(others), held_back) == ((502, b""), {200}, [False, False])
    assert answers == [(200, CHALLENGE.encode())] * 2
    assert (redis_client.xlen("windfall:inbox:" + INBOX), len(far_end.arrivals)) == (3, 2)
    assert not any(word in web.log.read_text() for word in (CHALLENGE, PASSWORD))
