"""The front door, answer by answer, with a real Redis and a real spool behind it."""

import base64
import gzip
import hashlib
import hmac
import json

import pytest

from config.inbox import Inboxes
from config.redis_connection import connect
from config.secret_file import Secrets
from config.settings import Settings
from ingest.app import create_app
from ingest.publisher import Publisher
from ingest.spool import Spool
from tests.deliveries import NOON, check_in

SECRETS = {
    "micromdm": "micro-secret",
    "nanomdm": "nano-secret",
    "apps-and-books": "apple-secret",
    "jamf": "jamf-secret, jamf-former",
}
JAMF = {"webhook": {"id": 1, "webhookEvent": "ComputerCheckin", "eventTimestamp": 1774012400031}, "event": {}}
APPLE = {"notificationType": "ASSET_COUNT", "notificationId": "n", "uId": "1", "notification": {}}


def basic(password, user="whoever"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def settings(tmp_path):
    senders = {name: {"kind": name, "secrets": text} for name, text in SECRETS.items()}
    return Settings(home=tmp_path, senders={**senders, "silent": {"kind": "jamf"}})


@pytest.fixture
def client(settings, publisher):
    return create_app(settings, publisher, now=lambda: NOON).test_client()


def signed(body, key="nano-secret"):
    return {"X-Hmac-Signature": base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256)).decode()}


@pytest.mark.parametrize(
    ("path", "headers", "body", "inbox"),
    [
        ("/webhooks/micromdm", basic("micro-secret"), check_in("TokenUpdate"), "micromdm.TokenUpdate:0"),
        ("/webhooks/micromdm/micro-secret", {}, check_in("CheckOut"), "micromdm.CheckOut:0"),
        ("/webhooks/nanomdm", basic("nano-secret"), check_in("GetToken"), "nanomdm.GetToken:0"),
        ("/webhooks/nanomdm/nano-secret", {}, check_in("GetToken"), "nanomdm.GetToken:0"),
        ("/webhooks/apps-and-books", {"Authorization": "Bearer apple-secret"}, APPLE, "apps_and_books.ASSET_COUNT:0"),
        ("/webhooks/jamf", basic("jamf-secret"), JAMF, "jamf.ComputerCheckIn:0"),
        ("/webhooks/jamf", basic("jamf-former"), JAMF, "jamf.ComputerCheckIn:0"),
        ("/webhooks/jamf", {"X-Windfall-Token": "jamf-secret"}, JAMF, "jamf.ComputerCheckIn:0"),
        ("/webhooks/jamf/jamf-secret", {}, JAMF, "jamf.ComputerCheckIn:0"),
        ("/webhooks/micromdm", basic("micro-secret"), {"topic": "mdm.New"}, "micromdm.unknown:0"),
    ],
)
def test_an_event_with_the_right_secret_is_in_its_inbox_when_it_is_answered_200(
    client, stored, path, headers, body, inbox
):
    answer = client.post(path, json=body, headers=headers)

    assert answer.status_code == 200
    (envelope,) = stored(inbox)
    assert (json.loads(envelope.body), envelope.received_at) == (body, NOON)
    assert answer.json == {"delivery_id": envelope.delivery_id}


def test_a_signed_body_needs_nothing_else(client, stored):
    body = b'{"topic":"mdm.Connect"}'
    assert signed(body, "s3cr3t")["X-Hmac-Signature"] == "LvtrzGcmsU0we80xbK+8mhjIVHmy18hzLf4bY5FdbWg="

    answers = [
        client.post("/webhooks/nanomdm", data=body, headers=signed(body, key)) for key in ("nano-secret", "other")
    ]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert len(stored("nanomdm.Connect:0")) == 1


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/webhooks/micromdm", {}),
        ("/webhooks/micromdm", basic("micro-secre")),
        ("/webhooks/micromdm", basic("")),
        ("/webhooks/micromdm", {"Authorization": "Basic not-base64!"}),
        ("/webhooks/micromdm", {"Authorization": "Bearer micro-secret"}),
        ("/webhooks/micromdm", {"X-Hmac-Signature": "x"}),
        ("/webhooks/micromdm/other", {}),
        ("/webhooks/micromdm/%F0%9F%98%80%00", {}),
        ("/webhooks/nanomdm", {"X-Hmac-Signature": ""}),
        ("/webhooks/apps-and-books", basic("apple-secret")),
        ("/webhooks/apps-and-books/apple-secret", {}),
        ("/webhooks/apps-and-books", {"Authorization": "Bearer "}),
        ("/webhooks/jamf", {"X-Windfall-Token": "jamf-secret, jamf-former"}),
    ],
)
def test_without_the_right_secret_it_is_401_and_nothing_is_kept(client, redis_client, path, headers):
    answer = client.post(path, data=b"not even an event", headers=headers)

    assert (answer.status_code, "error" in answer.json) == (401, True)
    assert redis_client.keys("windfall:inbox:*") == []


def test_unknown_senders_and_senders_without_a_secret_are_404(client):
    assert client.post("/webhooks/nobody", json=JAMF).status_code == 404
    assert client.post("/webhooks/silent", json=JAMF).status_code == 404
    assert client.post("/webhooks/silent/", json=JAMF).status_code == 404


def test_other_methods_are_405(client):
    answers = [client.get("/webhooks/micromdm"), client.options("/webhooks/micromdm/secret")]

    for answer in answers:
        assert (answer.status_code, answer.headers["Allow"], "error" in answer.json) == (405, "POST", True)


def test_a_path_is_never_repeated_in_a_redirect(client):
    assert client.post("/webhooks//micromdm/micro-secret", json=JAMF).status_code == 404


@pytest.mark.parametrize(
    ("sender", "body"),
    [
        ("micromdm", b""),
        ("micromdm", b"{"),
        ("micromdm", b"[]"),
        ("micromdm", b"null"),
        ("micromdm", b'{"event_id": "no topic"}'),
        ("micromdm", b'{"topic": 7}'),
        ("micromdm", b"<xml/>"),
        ("micromdm", b'{"topic": "mdm.Connect", "deep": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
        ("jamf", b'{"webhook": {}, "event": {}}'),
        ("jamf", b'{"webhook": []}'),
        ("jamf", b"<JSSEvent><webhook/></JSSEvent>"),
        ("jamf", b"<!DOCTYPE x><JSSEvent><webhook><webhookEvent>JSSStartup</webhookEvent></webhook></JSSEvent>"),
        ("jamf", b"payload="),
    ],
)
def test_what_is_no_event_is_400_and_in_quarantine(client, stored, sender, body):
    answer = client.post(f"/webhooks/{sender}", data=body, headers=basic(SECRETS[sender].partition(",")[0]))

    assert (answer.status_code, "error" in answer.json) == (400, True)
    (envelope,) = stored(f"{sender}.quarantine:0")
    assert (envelope.body, envelope.type, envelope.error) == (body, "", answer.json["error"])


@pytest.mark.parametrize(
    "body",
    [
        b'{"webhook": {"webhookEvent": "JSSStartup", "eventTimestamp": 1}, "event": {"x": "\\ud800\\u0000"}}',
        b'{"webhook": {"webhookEvent": "JSSStartup", "eventTimestamp": 99999999999999999999999}, "event": [1]}',
        '{"webhook": {"webhookEvent": "JSSStartup"}, "event": {"deviceName": "Sørens"}}'.encode("latin-1"),
        b'\xef\xbb\xbf{"webhook": {"webhookEvent": "JSSStartup"}}',
        b"<JSSEvent><webhook><webhookEvent>jssstartup</webhookEvent></webhook><event/></JSSEvent>",
        '<?xml version="1.0" encoding="ISO-8859-1"?>'
        "<JSSEvent><webhook><webhookEvent>JSSStartup</webhookEvent></webhook>"
        "<event><deviceName>Sørens</deviceName></event></JSSEvent>".encode("latin-1"),
        b"payload=%7B%22webhook%22%3A%7B%22webhookEvent%22%3A%22JSSStartup%22%7D%7D",
    ],
)
def test_odd_events_are_events_and_their_bytes_survive(client, stored, body):
    answer = client.post("/webhooks/jamf/jamf-secret", data=body, headers={"Content-Type": "text/plain"})

    assert answer.status_code == 200
    (envelope,) = stored("jamf.JSSStartup:0")
    assert (envelope.body, envelope.type) == (body, "JSSStartup")


def test_a_body_over_the_limit_is_413(client, redis_client):
    event = json.dumps({"topic": "mdm.Connect", "pad": "x" * 1024 * 1024}).encode()
    bomb = gzip.compress(event)

    answers = [
        client.post("/webhooks/micromdm/micro-secret", data=event),
        client.post("/webhooks/micromdm/micro-secret", data=bomb, headers={"Content-Encoding": "gzip"}),
        client.post("/webhooks/jamf/jamf-secret", data=b"x" * (10 * 1024 * 1024 + 1)),
    ]

    assert [answer.status_code for answer in answers] == [413, 413, 413]
    assert redis_client.keys("windfall:inbox:*") == []


def test_gzip_is_unpacked_and_other_encodings_are_415(client, stored):
    body = json.dumps(check_in("CheckOut")).encode()
    path = "/webhooks/micromdm/micro-secret"
    parts = gzip.compress(body[:50]) + gzip.compress(body[50:])

    assert client.post(path, data=parts, headers={"Content-Encoding": "gzip"}).status_code == 200
    assert stored("micromdm.CheckOut:0")[0].body == body
    assert client.post(path, data=body, headers={"Content-Encoding": "br"}).status_code == 415
    assert client.post(path, data=body, headers={"Content-Encoding": "gzip"}).status_code == 400
    assert client.post(path, data=parts[:-9], headers={"Content-Encoding": "gzip"}).status_code == 400
    assert [kept.body for kept in stored("micromdm.quarantine:0")] == [body, parts[:-9]]


def test_a_rotated_secret_file_is_accepted_without_a_restart(tmp_path, publisher):
    path = tmp_path / "secret"
    path.write_text("old\n")
    clock = iter([0.0, 1.0, 3.0, 6.0, 9.0, 12.0])
    settings = Settings(home=tmp_path, senders={"micromdm": {"secrets_file": str(path)}})
    secrets = Secrets(path=path, monotonic=lambda: next(clock))
    seen = [secrets.accepted()]
    path.write_text("new\nold\n")
    seen += [secrets.accepted(), secrets.accepted()]
    path.write_text("")
    seen += [secrets.accepted(), secrets.accepted()]
    path.unlink()
    seen.append(secrets.accepted())

    assert seen == [(b"old",), (b"old",), (b"new", b"old"), (b"new", b"old"), (), ()]
    assert settings.sender_secrets("micromdm").path == path


def test_when_redis_is_away_events_go_to_the_spool_and_are_answered_200(settings, tmp_path):
    away = connect("redis://127.0.0.1:1/0", connect_timeout=0.2, timeout=0.2)
    spool = Spool(tmp_path / "spool", max_bytes=1_000_000, min_free_bytes=0)
    publisher = Publisher(inboxes=Inboxes(away), rescue=Inboxes(away), spool=spool, wake=print, client=away)
    client = create_app(settings, publisher).test_client()

    answers = [client.post("/webhooks/micromdm/micro-secret", json=check_in("CheckOut")) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert spool.stats().records == 3
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["stores_in"], ready.json["spool"]) == (200, "spool", "ok")
    assert "ConnectionError" in ready.json["redis"]


def test_when_neither_takes_it_the_answer_is_503_and_when_to_come_back(settings, tmp_path):
    away = connect("redis://127.0.0.1:1/0", connect_timeout=0.2, timeout=0.2)
    spool = Spool(tmp_path / "spool", max_bytes=100, min_free_bytes=0)
    publisher = Publisher(inboxes=Inboxes(away), rescue=Inboxes(away), spool=spool, wake=print, client=away)
    client = create_app(settings, publisher).test_client()

    answer = client.post("/webhooks/micromdm/micro-secret", json=check_in("CheckOut"))

    assert (answer.status_code, answer.headers["Retry-After"].isdigit()) == (503, True)
    assert client.get("/readyz").status_code == 503


def test_healthz_touches_nothing(client):
    assert client.get("/healthz").status_code == 200
