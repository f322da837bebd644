"""Error reports, as Sentry's own protocol carries them to a real HTTP endpoint."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest
import sentry_sdk
from sqlalchemy import select

from config.inbox import Inboxes
from config.reporting import report_error, start_reporting, without_path_secret
from config.settings import Settings
from ingest.app import create_app
from state.schema import events
from tasks.drain import drain
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tests import poison as poison_handlers
from tests.deliveries import check_in, envelope

assert poison_handlers


@pytest.fixture
def sentry():
    """An endpoint that takes envelopes; gives the reports, and their raw text, in the order they came."""
    reports: Queue[tuple[dict, str]] = Queue()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            text = (gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body).decode()
            lines = [json.loads(line) for line in text.splitlines() if line]
            for header, item in zip(lines[1::2], lines[2::2], strict=False):
                if header.get("type") == "event":
                    reports.put((item, text))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    start_reporting(f"http://public@127.0.0.1:{server.server_port}/1", process="test")
    yield reports
    sentry_sdk.init()
    server.shutdown()
    server.server_close()


def next_report(reports):
    sentry_sdk.flush(timeout=30)
    return reports.get(timeout=30)


class BrokenPublisher:
    """A publisher with a bug in it."""

    def publish(self, envelope):
        raise RuntimeError("a bug in the publisher")

    def refuse(self, sender, reason):
        pass


def test_an_unexpected_error_at_the_door_is_reported_without_body_or_secret(sentry, tmp_path):
    settings = Settings(home=tmp_path, senders={"micromdm": {"secrets": "path-secret"}})
    client = create_app(settings, BrokenPublisher()).test_client()
    body = check_in("Authenticate", SerialNumber="C02SECRETSERIAL")

    answer = client.post("/webhooks/micromdm/path-secret", json=body, headers={"X-Token": "header-secret"})

    report, text = next_report(sentry)
    assert (answer.status_code, answer.json) == (500, {"error": "unexpected error"})
    tags = report["tags"]
    assert (tags["sender"], tags["type"], len(tags["event_id"])) == ("micromdm", "mdm.Authenticate", 32)
    assert tags["url"] == "/webhooks/micromdm/[secret]"
    assert report["exception"]["values"][0]["value"] == "a bug in the publisher"
    for secret in ("path-secret", "header-secret", "raw_payload", "C02SECRETSERIAL"):
        assert secret not in text


def test_a_buried_event_is_reported_with_its_id_type_and_sender(sentry, engine, redis_client):
    load_handlers()
    services = Services(engine=engine, inboxes=Inboxes(redis_client), wake=print, fingerprint=keyed_fingerprint(b"k"))
    poison = envelope(check_in("GetToken", Poison="raise", Password="plist-secret"), kind="nanomdm")
    services.inboxes.append("nanomdm.GetToken:0", poison.head(), poison.body)

    drain("nanomdm.GetToken:0", services)

    report, text = next_report(sentry)
    tags = report["tags"]
    with engine.connect() as connection:
        (identifier,) = connection.scalars(select(events.c.id).where(events.c.status == "buried"))
    assert (tags["event_id"], tags["type"], tags["sender"]) == (identifier, "mdm.GetToken", "nanomdm")
    assert "raw_payload" not in text


def test_texts_and_urls_lose_their_secrets():
    assert (
        without_path_secret("POST http://h/webhooks/jamf-eu/s3cr3t?x=1")
        == "POST http://h/webhooks/jamf-eu/[secret]?x=1"
    )


def test_without_a_dsn_nothing_is_reported(sentry):
    sentry_sdk.init()
    start_reporting(None, process="test")

    report_error("nobody hears this")

    sentry_sdk.flush(timeout=1)
    assert sentry.empty()
