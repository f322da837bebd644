"""A simulated Jamf Pro over a real socket: who is let in, what can be read, and what its webhooks tell."""

import json
from datetime import timedelta

import pytest
import requests
from defusedxml.ElementTree import fromstring

from simulators.identities import Kind
from simulators.jamf import Form
from simulators.jamf_api import CLIENT, USER, JamfApi
from simulators.jamf_definitions import definition
from simulators.jamf_events import EVENTS
from simulators.jamf_library import Build
from tests.jamf_pro import make_record, stock
from tests.simulators.conftest import START


@pytest.fixture
def server():
    with JamfApi() as started:
        stock(started)
        yield started


def token_of(server):
    form = {"grant_type": "client_credentials", "client_id": CLIENT.name, "client_secret": CLIENT.secret}
    return requests.post(server.url + server.build.oauth, data=form, timeout=60).json()["access_token"]


@pytest.fixture
def call(server):
    """One request with a good token, over one kept-alive connection."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token_of(server)}"
        yield lambda method, path, **more: session.request(method, server.url + path, timeout=60, **more)


def test_both_kinds_of_account_get_a_token_in_their_own_way(server):
    form = {"grant_type": "client_credentials", "client_id": CLIENT.name, "client_secret": CLIENT.secret}

    of_client = requests.post(f"{server.url}/api/v1/oauth/token", data=form, timeout=60).json()
    credentials = (USER.name, USER.secret.encode())
    of_user = requests.post(f"{server.url}/api/v1/auth/token", auth=credentials, timeout=60).json()

    assert (of_client["token_type"], of_client["expires_in"]) == ("Bearer", 1_200)
    assert of_user.keys() == {"token", "expires"}
    assert of_user["expires"].endswith("Z")


@pytest.mark.parametrize("changed", [{"client_secret": "x"}, {"client_id": USER.name}, {"grant_type": "password"}])
def test_wrong_credentials_get_none(server, changed):
    form = {"grant_type": "client_credentials", "client_id": CLIENT.name, "client_secret": CLIENT.secret} | changed

    assert requests.post(f"{server.url}/api/v1/oauth/token", data=form, timeout=60).status_code == 401
    wrong = (CLIENT.name, CLIENT.secret)
    assert requests.post(f"{server.url}/api/v1/auth/token", auth=wrong, timeout=60).status_code == 401


def test_a_token_dies_with_time_by_hand_and_by_being_kept_alive():
    now = [START]
    with JamfApi(clock=lambda: now[0]) as server:
        credentials = (USER.name, USER.secret.encode())

        def token():
            return requests.post(f"{server.url}/api/v1/auth/token", auth=credentials, timeout=60).json()["token"]

        def ask(given, method="GET", path="/api/v1/jamf-pro-version"):
            headers = {"Authorization": f"Bearer {given}"}
            return requests.request(method, server.url + path, headers=headers, timeout=60)

        first, second = token(), token()
        kept = ask(first, "POST", "/api/v1/auth/keep-alive").json()["token"]
        assert ask(second, "POST", "/api/v1/auth/invalidate-token").status_code == 204

        assert [ask(given).status_code for given in (first, second, kept)] == [401, 401, 200]
        assert ask(first).json()["errors"][0]["code"] == "INVALID_TOKEN"
        now[0] += timedelta(seconds=1_200)
        assert ask(kept).status_code == 401


def test_without_a_token_only_health_and_the_log_in_page_are_there(server):
    assert requests.get(f"{server.url}/api/v1/health-check", timeout=60).status_code == 204
    assert server.build.version in requests.get(server.url, timeout=60).text
    for path in ("/api/v1/jamf-pro-version", "/JSSResource/computers/id/1", "/nothing"):
        assert requests.get(server.url + path, timeout=60).status_code == 401


def test_only_the_versions_of_its_build_are_there(call):
    statuses = {v: call("GET", f"/api/{v}/computers-inventory").status_code for v in ("v1", "v2", "v3", "v4")}

    assert statuses == {"v1": 200, "v2": 404, "v3": 200, "v4": 200}


def test_sections_that_are_not_asked_for_are_null_and_both_forms_of_asking_work(call):
    path = "/api/v4/computers-inventory/1"
    plain = call("GET", path).json()
    repeated = call("GET", path, params=[("section", "HARDWARE"), ("section", "OPERATING_SYSTEM")]).json()
    joined = call("GET", path, params={"section": "HARDWARE,OPERATING_SYSTEM"}).json()

    assert [name for name, value in plain.items() if isinstance(value, dict)] == ["general"]
    assert repeated == joined
    assert [name for name, value in joined.items() if isinstance(value, dict)] == ["hardware", "operatingSystem"]
    assert (plain["id"], plain["hardware"]) == ("1", None)


def test_pages_have_a_total_and_end(call, server):
    stock(server, computers=7)
    pages = [
        call("GET", "/api/v4/computers-inventory", params={"page": page, "page-size": 3}).json() for page in range(4)
    ]

    assert [len(page["results"]) for page in pages] == [3, 3, 1, 0]
    assert {page["totalCount"] for page in pages} == {7}


def test_the_classic_api_has_numbers_for_ids_and_a_page_for_an_error(call):
    computer = call("GET", "/JSSResource/computers/id/1").json()["computer"]
    gone = call("GET", "/JSSResource/computers/id/99")

    assert computer["general"]["id"] == 1
    assert computer["general"]["report_date_epoch"] == 1772362800250
    assert (gone.status_code, gone.headers["Content-Type"]) == (404, "text/html;charset=UTF-8")
    assert "<p>Error: Not Found</p>" in gone.text


def test_what_was_just_written_may_not_be_there_yet(call, server):
    server.hide("/api/v4/computers-inventory/1", 2)

    assert [call("GET", "/api/v4/computers-inventory/1").status_code for _ in range(3)] == [404, 404, 200]


def test_it_is_busy_and_its_balancer_has_pages(call, server):
    server.be_busy(retry_after=7)
    server.show_page(502)
    answers = [call("GET", "/api/v1/jamf-pro-version") for _ in range(3)]

    assert [one.status_code for one in answers] == [429, 502, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[1].text.startswith("<html>")


def listen(call, event, url, **more):
    answer = call("POST", "/JSSResource/webhooks/id/0", data=definition(event, url, **more))
    assert answer.status_code == 201
    return int(fromstring(answer.content).findtext("id"))


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("content_type", ["application/json", "text/xml"])
def test_definitions_make_it_tell_each_event_in_both_formats(call, server, receiver, event, content_type):
    number = listen(call, event, receiver.url, content_type=content_type)

    assert server.fire(event) == 1
    assert server.webhooks.drain(10)

    arrivals = [a for a in receiver.arrivals if event != "RestAPIOperation" or b"svc-courier" in a.body]
    [arrival] = arrivals
    assert arrival.headers["Content-Type"] == content_type
    if content_type == "text/xml":
        about = fromstring(arrival.body).find("webhook")
        assert (about.findtext("webhookEvent"), about.findtext("id")) == (event, str(number))
    else:
        about = json.loads(arrival.body)["webhook"]
        assert (about["webhookEvent"], about["id"]) == (event, number)


def test_an_old_server_tells_computers_flat_and_no_times(receiver):
    with JamfApi(build=Build(version="10.9.0-t1", form=Form(flat=True, timestamps=False))) as server:
        stock(server)
        server.webhooks.save(definition("ComputerCheckIn", receiver.url, content_type="application/json"))
        mac = make_record(Kind.MAC, 3)
        server.fire("ComputerCheckIn", about=mac)
        assert server.webhooks.drain(10)

    document = json.loads(receiver.arrivals[0].body)
    assert (document["event"]["jssID"], "computer" in document["event"]) == (3, False)
    assert "eventTimestamp" not in document["webhook"]


@pytest.mark.parametrize(
    ("more", "header"),
    [
        ({"authentication_type": "BASIC", "username": "u", "password": "p"}, ("Authorization", "Basic dTpw")),
        ({"authentication_type": "HEADER", "header": '{"X-Key": "k"}'}, ("X-Key", "k")),
    ],
)
def test_deliveries_carry_what_the_definition_says(call, server, receiver, more, header):
    listen(call, "JSSStartup", receiver.url, **more)
    server.fire("JSSStartup")
    assert server.webhooks.drain(10)

    assert receiver.arrivals[0].headers[header[0]] == header[1]


def test_definitions_are_shown_changed_in_part_refused_and_removed(call, server, receiver):
    number = listen(call, "JSSStartup", receiver.url, username="u", password="secret")
    path = f"/JSSResource/webhooks/id/{number}"

    assert call("POST", "/JSSResource/webhooks/id/0", data=definition("JSSStartup", "u")).status_code == 409
    assert call("POST", "/JSSResource/webhooks/id/0", data=definition("Nothing", "u")).status_code == 409
    assert call("POST", "/JSSResource/webhooks/id/0", data=b"<webhook>").status_code == 400
    assert call("PUT", path, data=b"<webhook><enabled>false</enabled></webhook>").status_code == 201

    shown = call("GET", path).json()["webhook"]
    assert (shown["enabled"], shown["url"], shown["content_type"]) == ("false", receiver.url, "text/xml")
    assert "secret" not in json.dumps(shown)
    assert server.fire("JSSStartup") == 0
    assert call("GET", "/JSSResource/webhooks").json() == {"webhooks": [{"id": 21, "name": "receiver JSSStartup"}]}
    assert call("DELETE", "/JSSResource/webhooks/name/receiver JSSStartup").status_code == 200
    assert call("GET", path).status_code == 404


def test_every_call_is_an_event_of_its_own(call, server, receiver):
    listen(call, "RestAPIOperation", receiver.url, content_type="application/json")
    call("GET", "/JSSResource/computers/id/1")
    call("GET", "/api/v4/computers-inventory/99")
    call("GET", "/api/v1/jamf-pro-version")  # what follows an answer is done before the next request
    assert server.webhooks.drain(10)

    told = [json.loads(arrival.body)["event"] for arrival in receiver.arrivals]
    assert {one["authorizedUsername"] for one in told} == {CLIENT.name}
    assert sorted(one["operationSuccessful"] for one in told if one["restAPIOperationType"] == "GET")[:2] == [
        False,
        True,
    ]
