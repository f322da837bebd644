"""What the checks say of a Redis, a database and a pipeline that are not well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from console.health import examine
from console.health.check import size, span
from console.health.redis_checks import redis_checks
from console.stores import Stores
from ingest.filesets import DAMAGED_NAME
from ingest.spool import Spool
from state.destinations import note_failure
from tasks.process import bury, process
from tests.certificates import has_certificates
from tests.databases import BOTH_DATABASES
from tests.deliveries import check_in, envelope
from tests.owed import MDM, SETUP, assigned, attempt, enrol


@pytest.fixture
def stores(settings):
    opened = Stores(settings=settings, patience=0.05)
    yield opened
    opened.close()


def checks(stores, now=None):
    return {check.name: check for check in examine(stores, now or datetime.now(UTC))}


@BOTH_DATABASES
def test_everything_that_is_well_needs_no_fix(stores, services):
    services.inboxes.mark_swept(services.now())
    stores.settings.secrets_path.mkdir(parents=True)
    (stores.settings.secrets_path / "fingerprint-key").write_text("k" * 32)

    seen = checks(stores)

    assert [check.name for check in seen.values() if check.fix] == ["workers"]
    assert seen["redis_appendfsync"].seen == "always"
    assert "off" in seen["sender:apps-and-books"].seen


def test_a_redis_that_would_lose_events_fails(stores, redis_client):
    before = redis_client.config_get("*")
    redis_client.config_set("appendfsync", "everysec")
    redis_client.config_set("appendonly", "no")
    redis_client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        seen = {check.name: check for check in redis_checks(stores)}
    finally:
        for name in ("appendonly", "appendfsync", "maxmemory-policy"):
            redis_client.config_set(name, before[name])

    assert {name for name, check in seen.items() if check.status == "fail"} == {"redis_appendonly", "redis_eviction"}
    assert seen["redis_appendfsync"].status == "warn"
    assert "CONFIG SET appendfsync always" in seen["redis_appendfsync"].fix


def test_a_redis_that_is_full_fails(stores, redis_client):
    before = redis_client.config_get("maxmemory")["maxmemory"]
    redis_client.config_set("maxmemory", "1")
    try:
        seen = {check.name: check for check in redis_checks(stores)}
    finally:
        redis_client.config_set("maxmemory", before)

    assert seen["redis_memory"].status == seen["redis_writes"].status == "fail"


def test_a_redis_that_tells_little_is_no_error(make_settings, redis_client, redis_location, database_location):
    redis_client.execute_command("ACL", "SETUSER", "shy", "on", ">pw", "~*", "+@all", "-config", "-info")
    try:
        location = f"{redis_location}&username=shy&password=pw"
        shy = Stores(settings=make_settings(redis_url=location, database_url=database_location))
        (refused,) = redis_checks(shy)
        redis_client.execute_command("ACL", "SETUSER", "shy", "+info")
        told = {check.name: check for check in redis_checks(shy)}
        shy.close()
    finally:
        redis_client.execute_command("ACL", "DELUSER", "shy")

    assert "+info" in refused.fix
    assert told["redis"].status == "ok"
    assert "+config|get" in told["redis_appendfsync"].fix


def test_events_that_wait_warn_and_then_fail(make_settings, stores, redis_client, services):
    old = int((datetime.now(UTC) - timedelta(seconds=60)).timestamp() * 1000)
    redis_client.xadd("windfall:inbox:jamf.unknown:0", {"h": b"{}", "b": b""}, id=f"{old}-0")
    assert checks(stores)["inboxes"].status == "warn"

    redis_client.xadd("windfall:inbox:micromdm.Connect:0", {"h": b"{}", "b": b""}, id=f"{old - 600_000}-0")
    waiting = checks(stores)["inboxes"]

    assert waiting.status == "fail"
    assert "2 events" in waiting.seen
    assert "micromdm.Connect:0" in waiting.seen


def test_a_sweep_that_is_late_fails(stores, services):
    services.inboxes.mark_swept(services.now() - timedelta(seconds=16))

    assert checks(stores)["beat"].status == "fail"


def test_what_is_in_the_spool_warns_with_its_age_from_its_beginning(stores):
    an_hour_ago = datetime.now(UTC) - timedelta(hours=3)
    spool = Spool(stores.settings.spool_path, max_bytes=2**20, min_free_bytes=0, clock=an_hour_ago.timestamp)
    spool.append(b"an event")

    waiting = checks(stores)["spool"]
    spool.drain(lambda records: None)
    empty = checks(stores)["spool"]
    spool.close()

    assert waiting.status == "warn"
    assert "3 h" in waiting.seen
    assert empty.status == "ok"


def test_damaged_files_of_the_spool_warn(stores):
    place = stores.settings.spool_path / DAMAGED_NAME
    place.mkdir(parents=True)
    (place / "1-aa-00000001.segment").write_bytes(b"torn")

    assert "4 B" in checks(stores)["spool"].seen


@BOTH_DATABASES
def test_a_buried_event_warns_for_a_day(stores, services):
    bury(envelope(check_in("TokenUpdate")), "it broke", services)

    assert checks(stores)["buried"].status == "warn"
    assert checks(stores, datetime.now(UTC) + timedelta(days=2))["buried"].status == "ok"


@BOTH_DATABASES
def test_what_is_owed_and_does_not_get_there_warns(stores, services):
    services = replace(services, setup=SETUP)
    enrol(services)
    process([assigned("C02XYZ")], services)
    soon, late = checks(stores), checks(stores, datetime.now(UTC) + timedelta(minutes=6))
    for _ in range(3):
        note_failure(services.engine, MDM, error="it refuses", now=services.now(), retry_after=None)
    away = checks(stores, datetime.now(UTC) + timedelta(minutes=6))
    (identifier,) = attempt(services, "dead", error="micromdm answered 401")
    dead = checks(stores)["dead_actions"]

    assert [soon[name].status for name in ("destinations", "due_actions", "dead_actions")] == ["ok"] * 3
    assert late["due_actions"].status == "warn"
    assert "6 min, to mdm:micromdm" in late["due_actions"].seen
    assert (away[f"destination:{MDM}"].status, away["due_actions"].status) == ("warn", "ok")
    assert "3 times in a row" in away[f"destination:{MDM}"].seen
    assert "it refuses" in away[f"destination:{MDM}"].seen
    assert (dead.status, "micromdm answered 401" in dead.seen) == ("warn", True)
    assert f"windfall actions retry {identifier}" in dead.fix


def test_an_mdm_server_that_takes_no_commands_is_a_hint_and_half_of_one_a_warning(
    make_settings, database_location, redis_client
):
    senders = {
        "micromdm": {"kind": "micromdm", "secrets": "s"},
        "nanomdm": {"kind": "nanomdm", "secrets": "s", "url": "https://mdm.example"},
        "site-b": {"kind": "micromdm", "secrets": "s", "url": "https://b.example", "api_key": "k"},
    }
    stores = Stores(settings=make_settings(database_url=database_location, senders=senders))

    seen = checks(stores)
    stores.close()

    assert [seen[f"mdm:{name}"].status for name in senders] == ["ok", "warn", "ok"]
    assert "set WINDFALL_MICROMDM_URL and WINDFALL_MICROMDM_API_KEY" in seen["mdm:micromdm"].seen
    assert "set WINDFALL_NANOMDM_API_KEY" in seen["mdm:nanomdm"].seen


@BOTH_DATABASES
def test_certificates_that_expire_are_a_hint_with_how_to_list_them(stores, services):
    now = services.now()
    for number, days in enumerate((-1, -40, 5, 29, 31)):
        has_certificates(services, f"U-{number}", days, now=now)
    has_certificates(services, "U-0", 7, 8, now=now)
    has_certificates(services, "U-1", 9, now=now, is_identity=False)
    has_certificates(services, "U-left", -1, 1, now=now)
    process([envelope(check_in("CheckOut", udid="U-left"))], services)

    hint = checks(stores, now)["certificates"]

    assert (hint.status, hint.fix) == ("ok", None)
    assert hint.seen == (
        "identity certificates expire within 30 days on 3 devices and have expired on 2; "
        "other certificates expire within 30 days on 1 device; "
        "`windfall devices certificates --expires-before 30d` lists them"
    )


def test_where_no_certificate_expires_soon_it_says_so(stores, services):
    has_certificates(services, "U-1", 31, 400, now=services.now())

    assert checks(stores)["certificates"].seen == "none that is known expires within 30 days"


def test_a_database_that_says_nothing_is_said_to(make_settings, redis_client, silent_server):
    stores = Stores(settings=make_settings(database_url=f"postgresql://nobody@{silent_server}/none?sslmode=disable"))

    seen = checks(stores)
    stores.close()

    assert seen["database"].status == "fail"
    assert "not known" in seen["sender:jamf"].seen


def test_a_secret_that_no_header_can_carry_warns(make_settings, database_location, redis_client):
    senders = {"apps-and-books": {"kind": "apps-and-books", "secrets": "gehöim"}}
    given = make_settings(database_url=database_location, senders=senders, api_token="gehöim")
    stores = Stores(settings=given)

    seen = checks(stores)
    stores.close()

    assert seen["sender:apps-and-books"].status == seen["api_token"].status == "warn"


def test_everything_away_is_told_at_once_with_what_helps(make_settings, tmp_path):
    stores = Stores(settings=make_settings(redis_url="redis://:a-secret@127.0.0.1:1/0", api_token=None, senders={}))

    seen = checks(stores)
    stores.close()

    failing = {name for name, check in seen.items() if check.status == "fail"}
    assert failing == {"redis", "database", "inboxes", "fingerprint_key", "senders"}
    assert seen["api_token"].status == "warn"
    assert "windfall db upgrade" in seen["database"].fix
    assert "127.0.0.1:1" in seen["redis"].seen
    assert not any("a-secret" in f"{check.seen} {check.fix}" for check in seen.values())


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (10 * 86_400, "10 d")]
)
def test_times_are_told_as_people_tell_them(seconds, words):
    assert span(seconds) == words


@pytest.mark.parametrize(("number", "words"), [(812, "812 B"), (2048, "2.0 KiB"), (5 * 2**30, "5.0 GiB")])
def test_sizes_too(number, words):
    assert size(number) == words
