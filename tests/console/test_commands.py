"""The commands on the real stores: what they print for programs and for people, and how they end."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from config.contract import inbox_of
from config.inbox import Inboxes
from state.engine import write_transaction
from state.schema import event_bodies
from tasks.drain import drain
from tasks.process import bury, process
from tests.certificates import has_certificates
from tests.databases import BOTH_DATABASES
from tests.deliveries import NOON, SECOND, UDID, answer, check_in, envelope

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def windfall(run_windfall, database_location):
    """Runs a command on the test's database; expects it to end well unless told otherwise."""

    def run(*arguments, exit_code=0, **settings):
        result = run_windfall(*arguments, **{"DATABASE_URL": database_location, **settings})
        assert result.exit_code == exit_code, result.output
        return result.output

    return run


def test_events_are_one_json_document(windfall, services):
    process([envelope(check_in("TokenUpdate")) for _ in range(3)], services)

    first = json.loads(windfall("events", "--json", "--limit", "2"))
    second = json.loads(windfall("events", "--json", "--limit", "2", "--cursor", first["next"]))

    assert [item["status"] for item in first["items"]] == ["processed", "processed"]
    assert (len(second["items"]), second["next"]) == (1, None)


def test_events_are_a_table_for_people(windfall, services):
    process([envelope(check_in("TokenUpdate", at=NOON + number * SECOND)) for number in range(2)], services)

    head, row, _, more = windfall("events", "--limit", "1").splitlines()

    assert head.split() == ["ID", "RECEIVED", "(UTC)", "TYPE", "DEVICE", "STATUS"]
    assert row.split()[1:] == ["2026-03-01T12:00:00.000000Z", "mdm.TokenUpdate", UDID, "processed"]
    assert more.startswith("more: --cursor ")


@BOTH_DATABASES
def test_events_are_filtered_by_options_named_like_fields(windfall, services):
    process([envelope(check_in("TokenUpdate")), envelope(answer("NotNow", command_uuid="C", udid="B"))], services)

    found = json.loads(windfall("events", "--json", "--device-id", "B", "--type", "mdm.Connect"))

    assert [item["details"]["status"] for item in found["items"]] == ["NotNow"]
    assert "received, processed" in windfall("events", "--status", "lost", exit_code=1)


def test_events_that_went_wrong_are_listed_with_who_sent_them_and_why(windfall, services):
    process([replace(envelope(check_in("TokenUpdate")), type="", body=b"[", error="not JSON")], services)
    bury(envelope(check_in("CheckOut")), f"Traceback:\n  File handler.py\nKeyError: {'x' * 999}", services)

    head, quarantined = windfall("events", "--status", "quarantined").splitlines()
    _, buried = windfall("events", "--status", "buried").splitlines()

    assert head.split() == ["ID", "RECEIVED", "(UTC)", "SENDER", "TYPE", "ERROR"]
    assert quarantined.endswith("  micromdm  quarantine  not JSON at line 1 column 2")
    assert buried.endswith(f"  micromdm  mdm.CheckOut  KeyError: {'x' * 189}…")


def test_a_type_that_no_stored_event_has_is_said_to_be_so_with_what_comes_near(windfall, services):
    process([envelope(check_in("TokenUpdate"))], services)

    said = windfall("events", "--type", "tokenupdate")
    other_filter = windfall("events", "--type", "mdm.TokenUpdate", "--device-id", "nobody")

    assert said.endswith("\nno event of the type tokenupdate is stored; perhaps you mean mdm.TokenUpdate\n")
    assert windfall("events", "--type", "mdm.GetToken").endswith("\nno event of the type mdm.GetToken is stored\n")
    assert len(other_filter.splitlines()) == 1
    assert json.loads(windfall("events", "--type", "tokenupdate", "--json"))["items"] == []


def test_the_filter_by_body_says_that_it_searches(windfall):
    assert "somewhere in their body" in " ".join(windfall("events", "--help").split())


def test_who_has_only_the_demo_is_told_how_to_read_it(windfall, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    nothing = windfall("devices", exit_code=1, DATABASE_URL="")
    (home / "demo").mkdir(parents=True)
    (home / "demo" / "windfall.toml").write_text("")

    said = windfall("devices", exit_code=1, DATABASE_URL="")
    fixes = {item["name"]: item["fix"] for item in json.loads(windfall("doctor", "--json", exit_code=1))["items"]}
    lost = json.loads(windfall("doctor", "--json", exit_code=1, DATABASE_URL=""))["items"]

    words = "that of the demo is read by `WINDFALL_CONFIG=home/demo/windfall.toml WINDFALL_HOME=home/demo windfall …`"
    assert "of the demo" not in nothing
    assert said.endswith(f"`windfall db upgrade` makes it; {words}\n")
    assert words in {item["name"]: item["fix"] for item in lost}["database"]
    assert fixes["database"] is None


def test_events_that_still_wait_come_from_redis(windfall, services):
    waiting = envelope(check_in("TokenUpdate"))
    services.inboxes.append(inbox_of("micromdm", waiting.type), waiting.head(), waiting.body)

    (item,) = json.loads(windfall("events", "--status", "received", "--json"))["items"]

    assert item["delivery_id"] == waiting.delivery_id
    assert "mdm.TokenUpdate" in windfall("events", "--status", "received")


@BOTH_DATABASES
def test_one_event_is_found_by_the_beginning_of_its_id_and_shown_with_what_the_device_said(windfall, services):
    process([envelope(check_in("Authenticate", DeviceName="Søren \u009b31mMac"))], services)
    (item,) = json.loads(windfall("events", "--json"))["items"]

    shown = windfall("events", "show", item["id"][:18])

    assert item["id"] in shown
    assert '"MessageType": "Authenticate"' in shown
    assert "\u009b" not in shown
    assert json.loads(windfall("events", "show", item["id"], "--json"))["body"].startswith("{")
    assert "no event zzz" in windfall("events", "show", "zzz", exit_code=1)


def test_a_beginning_that_several_ids_share_names_them(windfall, services):
    process([envelope(check_in("TokenUpdate")) for _ in range(2)], services)
    items = json.loads(windfall("events", "--json"))["items"]

    said = windfall("events", "show", items[0]["id"][:3], exit_code=1)

    assert all(item["id"] in said for item in items)


def test_a_buried_event_shows_why(windfall, services):
    bury(envelope(check_in("TokenUpdate")), "Traceback: it broke", services)
    (item,) = json.loads(windfall("events", "--status", "buried", "--json"))["items"]

    assert "error:\nTraceback: it broke" in windfall("events", "show", item["id"])


@BOTH_DATABASES
def test_devices_are_listed_and_shown_by_id_or_serial_number(windfall, services):
    process([envelope(check_in("Authenticate", SerialNumber="C02XYZ", OSVersion="26.1"))], services)
    process([envelope(check_in("TokenUpdate", UserID="U-1", Token=b"t", PushMagic="m"))], services)

    _, row = windfall("devices").splitlines()
    shown = windfall("devices", "show", "C02XYZ", "--all")

    assert row.split()[:3] == [UDID, "C02XYZ", "no"]
    assert "OSVersion     26.1\n" in shown
    assert f"user channel {UDID}:U-1" in shown
    assert json.loads(windfall("devices", "show", UDID, "--json"))["serial_number"] == "C02XYZ"
    assert json.loads(windfall("devices", "--enrolled", "true", "--json"))["items"] == []
    assert "no device" in windfall("devices", "show", "nobody", exit_code=1)


@BOTH_DATABASES
def test_certificates_are_listed_by_when_they_expire_with_whose_they_are(windfall, services):
    now = datetime.now(UTC)
    has_certificates(services, "U-1", 20, 400, now=now, serial_number="C02ONE")
    has_certificates(services, "U-2", -3, 5, now=now)
    has_certificates(services, "U-left", -3, now=now)
    process([envelope(check_in("CheckOut", udid="U-left"))], services)

    _, *rows = windfall("devices", "certificates", "--expires-before", "30d").splitlines()
    first = json.loads(windfall("devices", "certificates", "--expires-before", "30d", "--limit", "2", "--json"))
    second = json.loads(windfall("devices", "certificates", "--limit", "2", "--json", "--cursor", first["next"]))
    still_good = json.loads(windfall("devices", "certificates", "--expires-after", "0d", "--json"))["items"]

    day = f"{now + timedelta(days=-3):%Y-%m-%d}"
    assert rows[0].split() == [day, "EXPIRED", "3", "days", "ago", "U-2", "yes", "U-2", "in", "-3"]
    assert [row.split()[1:5] for row in rows[1:]] == [["in", "4", "days", "U-2"], ["in", "19", "days", "C02ONE"]]
    assert [item["device_id"] for item in first["items"] + second["items"]] == ["U-2", "U-2", "U-1", "U-1"]
    assert (second["items"][1]["serial_number"], second["next"]) == ("C02ONE", None)
    assert len(still_good) == 3
    assert "U-left" in windfall("devices", "certificates", "--enrolled", "false")
    assert "C02ONE" in windfall("devices", "certificates", "--serial-number", "C02ONE")
    assert "it is a time" in windfall("devices", "certificates", "--expires-before", "soon", exit_code=1)
    assert "cursor" in windfall("devices", "certificates", "--cursor", "VS0x", exit_code=1)


def test_senders_are_listed_without_secrets(windfall, services):
    process([envelope(check_in("TokenUpdate"))], services)

    items = json.loads(windfall("senders", "--json"))["items"]
    table = windfall("senders")

    assert {item["name"]: item["on"] for item in items}["apps-and-books"] is False
    assert "micro-secret" not in table + json.dumps(items)
    assert ["micromdm", "micromdm", "on"] in [line.split()[:3] for line in table.splitlines()]
    assert "?" in windfall("senders", REDIS_URL=NOWHERE)


def test_replay_puts_events_into_their_inboxes(windfall, services):
    process([envelope(check_in("TokenUpdate")), envelope(check_in("CheckOut"))], services)
    before = json.loads(windfall("events", "--json"))["items"]

    found = json.loads(windfall("replay", "--json", *(item["id"][:20] for item in before)))["items"]
    for item in found:
        drain(item["inbox"], services)

    assert {item["inbox"] for item in found} == {"micromdm.TokenUpdate:0", "micromdm.CheckOut:0"}
    after = {item["id"]: item["processed_at"] for item in json.loads(windfall("events", "--json"))["items"]}
    assert all(after[item["id"]] > item["processed_at"] for item in before)


def test_replay_says_of_each_event_why_it_cannot_be_and_replays_the_others(windfall, services, redis_client):
    process([envelope(check_in("TokenUpdate"))], services)
    process([replace(envelope(check_in("CheckOut")), received_at=NOON + timedelta(seconds=1))], services)
    newest, oldest = json.loads(windfall("events", "--json"))["items"]
    with write_transaction(services.engine) as connection:
        connection.execute(delete(event_bodies).where(event_bodies.c.id == oldest["id"]))

    said = windfall("replay", "zzz", oldest["id"], newest["id"], exit_code=1).splitlines()

    assert said[0] == "zzz  there is no event zzz"
    assert "body was deleted" in said[1]
    assert said[2] == f"{newest['id']}  is processed again"
    assert len(Inboxes(redis_client).peek("micromdm.CheckOut:0", limit=9)) == 1


def test_what_is_away_is_said_in_one_line(windfall, services):
    process([envelope(check_in("TokenUpdate"))], services)
    (item,) = json.loads(windfall("events", "--json", REDIS_URL=NOWHERE))["items"]

    for command in (("events", "--status", "received"), ("replay", item["id"])):
        assert windfall(*command, exit_code=1, REDIS_URL=NOWHERE).startswith("Error: Redis is away: ")
    for command in (("events",), ("devices",), ("senders",), ("replay", item["id"])):
        said = windfall(*command, exit_code=1, DATABASE_URL="postgresql://127.0.0.1:1/none")
        assert said.startswith("Error: the database cannot be read: ")
        assert len(said.splitlines()) == 1


def test_doctor_tells_what_fails_and_what_helps(windfall, services, tmp_path):
    checks = {item["name"]: item for item in json.loads(windfall("doctor", "--json", exit_code=1))["items"]}

    assert checks["redis"]["status"] == checks["database"]["status"] == "ok"
    assert checks["beat"]["status"] == checks["workers"]["status"] == "fail"
    said = windfall("doctor", exit_code=1)
    assert "python -m workers worker" in " ".join(said.split())
    assert all(len(line) <= 80 or str(tmp_path) in line for line in said.splitlines())
