"""The JSON API, on both databases and a real Redis."""

import threading
from dataclasses import replace

import pytest
import requests
from sqlalchemy import delete, update
from werkzeug.serving import make_server

from config.contract import inbox_of
from config.refusals import add_refusals
from domain.kinds import KINDS
from state.engine import write_transaction
from state.schema import event_bodies, events
from tasks.drain import drain
from tasks.process import process
from tests.console.conftest import SECRETS, TOKEN, with_token
from tests.databases import BOTH_DATABASES
from tests.deliveries import UDID, again, check_in, envelope

NOWHERE = "redis://127.0.0.1:1/0"


def the_event(client):
    (item,) = client.get("/api/events").json["items"]
    return item


def put_into_inbox(services, *envelopes):
    for each in envelopes:
        services.inboxes.append(inbox_of(each.kind, each.type or "quarantine"), each.head(), each.body)


@BOTH_DATABASES
def test_events_are_listed_with_a_cursor(client, services):
    process([envelope(check_in("TokenUpdate")) for _ in range(3)], services)

    first = client.get("/api/events?limit=2").json
    second = client.get(f"/api/events?limit=2&cursor={first['next']}").json

    assert len({item["id"] for item in first["items"] + second["items"]}) == 3
    assert second["next"] is None


@BOTH_DATABASES
def test_an_event_counts_its_deliveries_and_has_its_body(client, services):
    delivery = envelope(check_in("Authenticate"))
    process([delivery, again(delivery)], services)

    item = client.get(f"/api/events/{the_event(client)['id']}").json

    assert item["seen"] == 2
    assert item["body"] == delivery.body.decode()


@BOTH_DATABASES
def test_devices_are_listed_and_told_one_by_one(client, services):
    process([envelope(check_in("Authenticate", SerialNumber="C02XYZ"))], services)

    (listed,) = client.get("/api/devices?serial_number=C02XYZ").json["items"]
    item = client.get(f"/api/devices/{UDID}").json

    assert listed["enrolled"] is item["enrolled"] is False
    assert item["facts"]["SerialNumber"]["value"] == "C02XYZ"


def test_a_device_may_have_a_slash_in_its_id(client, services):
    process([envelope(check_in("Authenticate", udid="a/b"))], services)

    assert client.get("/api/devices/a/b").json["id"] == "a/b"


def test_events_that_still_wait_are_listed_oldest_first(client, services):
    first, second = envelope(check_in("TokenUpdate")), envelope(check_in("CheckOut"), sender="other")
    put_into_inbox(services, replace(second, received_at=services.now()), first)
    services.inboxes.append("jamf.quarantine:0", b"not ours", b"")

    items = client.get("/api/events?status=received").json["items"]

    assert [item["type"] for item in items] == ["mdm.TokenUpdate", "mdm.CheckOut", None]
    assert items[0]["status"] == "received"
    assert (items[0]["id"], items[0]["delivery_id"]) == (None, first.delivery_id)
    assert "cannot be read" in items[2]["error"]
    for query, count in (("sender=other", 1), ("kind=jamf", 1), ("type=mdm.TokenUpdate", 1), ("limit=2", 2)):
        assert len(client.get(f"/api/events?status=received&{query}").json["items"]) == count
    assert client.get("/api/events?status=received&device_id=x").status_code == 400


def test_senders_tell_all_but_their_secrets(client, services, redis_client):
    process([envelope(check_in("TokenUpdate"))], services)
    add_refusals(redis_client, {("micromdm", "unauthorized"): 3, ("unknown", "unknown_sender"): 1})

    answer = client.get("/api/senders")
    items = {item["name"]: item for item in answer.json["items"]}

    assert sorted(items) == sorted(KINDS)
    assert items["micromdm"]["refused"] == {"unauthorized": 3}
    assert items["micromdm"]["last_day"] == {"processed": 1, "buried": 0, "quarantined": 0}
    assert items["micromdm"]["last_event_at"] == "2026-03-01T12:00:00.000000Z"
    assert items["jamf"]["path"] == "/webhooks/jamf"
    assert [items[name]["on"] for name in ("jamf", "apps-and-books")] == [True, False]
    assert not any(secret in answer.text for secret in SECRETS.values())
    assert client.get("/api/senders/jamf").json == items["jamf"]
    assert [item["name"] for item in client.get("/api/senders?on=false").json["items"]] == ["apps-and-books"]
    assert len(client.get("/api/senders?limit=3&cursor=amFtZg").json["items"]) == 2


def test_the_address_of_an_mdm_server_is_told_without_its_credentials(open_app, make_settings, database_location):
    sender = {"kind": "micromdm", "url": "https://admin:hidden@mdm.example:8443/mdm?key=hidden"}
    client = with_token(open_app(make_settings(database_url=database_location, senders={"micromdm": sender})))

    assert client.get("/api/senders/micromdm").json["url"] == "https://mdm.example:8443/mdm"


def test_health_is_a_list_of_checks(client):
    items = {item["name"]: item for item in client.get("/api/health").json["items"]}

    assert items["redis"]["status"] == items["database"]["status"] == items["migrations"]["status"] == "ok"
    assert items["beat"]["status"] == "fail"
    assert "python -m workers beat" in items["beat"]["fix"]
    assert {item["name"] for item in client.get("/api/health?status=fail").json["items"]} >= {"beat", "workers"}
    assert client.get("/api/health/redis").json == items["redis"]


def test_a_replay_goes_through_the_inbox_under_its_own_id(client, services):
    process([envelope(check_in("Authenticate", SerialNumber="C02XYZ"))], services)
    before = the_event(client)

    answer = client.post(f"/api/events/{before['id']}/replay")
    (waiting,) = client.get("/api/events?status=received").json["items"]
    drain(inbox_of("micromdm", "mdm.Authenticate"), services)

    assert (answer.status_code, answer.json) == (202, {"id": before["id"]})
    assert (waiting["id"], waiting["received_at"]) == (before["id"], before["received_at"])
    after = the_event(client)
    assert after["processed_at"] > before["processed_at"]
    assert {**after, "processed_at": None} == {**before, "processed_at": None}


def test_what_was_quarantined_is_read_anew_in_a_replay(client, services):
    delivery = envelope(check_in("Authenticate"))
    process([replace(delivery, type="", error="nobody could read it")], services)
    with write_transaction(services.engine) as connection:
        connection.execute(update(events).values(status="quarantined", type="quarantine", error="nobody could read it"))

    client.post(f"/api/events/{the_event(client)['id']}/replay")
    drain("micromdm.quarantine:0", services)

    after = the_event(client)
    assert (after["type"], after["status"], after["error"]) == ("mdm.Authenticate", "processed", None)


@BOTH_DATABASES
def test_what_its_secret_made_unreadable_is_not_replayed_as_what_is_left_of_it(client, services):
    body = envelope(check_in("TokenUpdate")).body.replace(b"{", b'{"UnlockToken": "a\nb", ', 1)
    process([replace(envelope(check_in("TokenUpdate")), type="", body=body, error="not JSON")], services)
    (before,) = client.get("/api/events?status=quarantined").json["items"]

    answer = client.post(f"/api/events/{before['id']}/replay")

    assert answer.status_code == 409
    assert "nobody could read it (not JSON at line 1" in answer.json["error"]
    assert client.get("/api/events?status=quarantined").json["items"] == [before]


@BOTH_DATABASES
def test_a_pruned_event_cannot_be_replayed(client, services):
    process([envelope(check_in("TokenUpdate"))], services)
    with write_transaction(services.engine) as connection:
        connection.execute(delete(event_bodies))

    answer = client.post(f"/api/events/{the_event(client)['id']}/replay")

    assert answer.status_code == 409
    assert "body was deleted" in answer.json["error"]


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/api/events?colour=red", 400, "colour"),
        ("GET", "/api/events?limit=0", 400, "limit"),
        ("GET", "/api/events?cursor=!", 400, "cursor"),
        ("GET", "/api/events?kind=jamf&kind=micromdm", 400, "more than once"),
        ("GET", "/api/senders?colour=red", 400, "name, kind, on"),
        ("GET", "/api/events/none", 404, "none"),
        ("GET", "/api/devices/none", 404, "none"),
        ("GET", "/api/senders/none", 404, "none"),
        ("GET", "/api/health/none", 404, "none"),
        ("POST", "/api/events/none/replay", 404, "none"),
        ("GET", "/api/nothing", 404, "not found"),
        ("GET", "/nothing", 404, "not found"),
        ("POST", "/api/events", 405, "not allowed"),
        ("GET", "/api/events/none/replay", 405, "not allowed"),
    ],
)
def test_what_cannot_be_answered_says_why_in_json(client, method, path, status, words):
    answer = client.open(path, method=method)

    assert answer.status_code == status
    assert words in answer.json["error"]
    assert ("Allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize(
    "shown", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xff"]
)
@pytest.mark.parametrize("path", ["/api/events", "/api/nothing", "/api", "/api/"])
def test_without_the_token_nobody_learns_what_there_is(open_app, make_settings, path, shown):
    client = open_app(make_settings()).test_client()

    answer = client.get(path, headers={"Authorization": shown} if shown is not None else {})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Bearer" in answer.json["error"]


def test_without_a_configured_token_the_api_is_shut(open_app, make_settings):
    client = with_token(open_app(make_settings(api_token=None)), "")

    assert client.get("/api/events").status_code == 401


def test_its_root_says_where_to_look_and_the_api_which_lists_there_are(client, open_app, settings, services):
    root = open_app(settings).test_client().get("/")

    lists = client.get(root.json["api"]).json["lists"]

    assert (root.status_code, root.json["metrics"]) == (200, "/metrics")
    assert client.get(root.json["metrics"]).status_code == 200
    assert {"/api/events", "/api/jamf-policy-results", "/api/health"} < set(lists)
    assert [path for path in lists if client.get(f"{path}?limit=1").status_code != 200] == []
    assert client.get("/api").json["lists"] == lists


def test_redis_that_is_away_is_named(open_app, make_settings, database_location, services):
    client = with_token(open_app(make_settings(database_url=database_location, redis_url=NOWHERE)))
    process([envelope(check_in("TokenUpdate"))], services)
    (event,) = client.get("/api/events").json["items"]

    for answer in (client.get("/api/events?status=received"), client.post(f"/api/events/{event['id']}/replay")):
        assert answer.status_code == 503
        assert "Redis" in answer.json["error"]
    assert client.get("/api/senders/jamf").json["refused"] is None


def test_a_database_that_is_away_is_named(open_app, make_settings, redis_client):
    client = with_token(open_app(make_settings(database_url="postgresql://127.0.0.1:1/none")))

    for path in ("/api/events", "/api/devices", "/api/senders"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "database" in answer.json["error"]
    assert client.get("/api/events?status=received").status_code == 200


def test_it_answers_over_a_socket(open_app, settings, services):
    process([envelope(check_in("TokenUpdate"))], services)
    server = make_server("127.0.0.1", 0, open_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        listed = requests.get(f"{base}/api/events", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30).json()
        metrics = requests.get(f"{base}/metrics", timeout=30).text
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert [item["type"] for item in listed["items"]] == ["mdm.TokenUpdate"]
    assert "windfall_redis_up 1.0" in metrics
