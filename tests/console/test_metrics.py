"""`/metrics`, with everything there and with something away."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.contract import INBOXES
from config.inbox import Inboxes
from config.refusals import add_refusals
from console.metrics import StoresCollector, render_metrics
from console.stores import Stores
from domain.facts import Stamp
from domain.jamf_round import told_of_round
from ingest.spool import Spool
from state.destinations import note_failure
from state.unit_of_work import unit_of_work
from tasks.process import bury, process
from tests.certificates import has_certificates
from tests.databases import BOTH_DATABASES
from tests.deliveries import check_in, envelope
from tests.owed import MDM, SETUP, assigned, attempt, enrol


def scrape(client):
    """{(name, labels): value} of all samples."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_every_inbox_is_told_also_when_it_is_empty(client, redis_client):
    Inboxes(redis_client).append("jamf.unknown:0", b"{}", b"")

    seen = scrape(client)

    assert {inbox for name, inbox in (key for key in seen if key[0] == "windfall_inbox_length")} == set(INBOXES)
    assert seen[("windfall_inbox_length", "jamf.unknown:0")] == 1
    assert seen[("windfall_inbox_length", "micromdm.Connect:0")] == 0
    assert seen[("windfall_inbox_oldest_seconds", "micromdm.Connect:0")] == 0
    assert seen[("windfall_inbox_oldest_seconds", "jamf.unknown:0")] >= 0


@BOTH_DATABASES
def test_events_are_counted_by_what_became_of_them(client, services, redis_client):
    process([envelope(check_in("TokenUpdate"))], services)
    bury(envelope(check_in("CheckOut")), "it broke", services)
    add_refusals(redis_client, {("jamf", "unauthorized"): 2})

    seen = scrape(client)

    assert seen[("windfall_events_total", "mdm.TokenUpdate", "micromdm", "processed")] == 1
    assert seen[("windfall_events", "buried")] == 1
    assert seen[("windfall_events", "quarantined")] == 0
    assert seen[("windfall_refused_requests_total", "jamf", "unauthorized")] == 2


def test_a_sweep_that_never_was_is_infinitely_long_ago(client, services):
    assert scrape(client)[("windfall_seconds_since_sweep",)] == math.inf

    services.inboxes.mark_swept(services.now() - timedelta(seconds=7))

    assert 7 <= scrape(client)[("windfall_seconds_since_sweep",)] < 60


def test_the_spool_of_this_machine_is_told(client, settings):
    assert scrape(client)[("windfall_spool_bytes",)] == scrape(client)[("windfall_spool_oldest_seconds",)] == 0
    spool = Spool(settings.spool_path, max_bytes=2**20, min_free_bytes=0)

    spool.append(b"an event")

    assert scrape(client)[("windfall_spool_bytes",)] > len(b"an event")
    assert scrape(client)[("windfall_spool_oldest_seconds",)] >= 0
    spool.close()


@BOTH_DATABASES
def test_what_is_owed_and_who_is_paused_is_told(client, services):
    services = replace(services, setup=SETUP)
    enrol(services)
    process([assigned("C02XYZ")], services)
    waiting = scrape(client)
    for _ in range(3):
        note_failure(services.engine, MDM, error="away", now=services.now(), retry_after=None)
    attempt(services, "dead", error="no")

    seen = scrape(client)

    assert waiting[owed("pending")] == waiting[("windfall_installs", "waiting")] == 1
    assert waiting[("windfall_destination_paused", MDM)] == 0
    assert seen[owed("dead")] == seen[("windfall_installs", "failed")] == 1
    assert owed("pending") not in seen
    assert seen[("windfall_destination_paused", MDM)] == 1


def test_how_much_of_a_jamf_pro_could_not_be_read_is_told(make_settings, database_location, services):
    senders = {name: {"kind": "jamf", "reconcile_every": 600} for name in ("jamf", "new")} | {"off": {"kind": "jamf"}}
    stamp = Stamp(at=services.now(), rank=0, by="x")
    with unit_of_work(services.engine, services.now()) as uow:
        for name in ("jamf", "off"):
            uow.jamf.tell_server(name, told_of_round({"computers": "403", "policies": "401"}, stamp), stamp)
    stores = Stores(settings=make_settings(database_url=database_location, senders=senders))

    lines = render_metrics(StoresCollector(stores, services.now)).decode().splitlines()
    stores.close()

    assert [line for line in lines if line.startswith("windfall_jamf_parts_not_read")] == [
        'windfall_jamf_parts_not_read{sender="jamf"} 2.0'
    ]


@BOTH_DATABASES
def test_devices_whose_identity_expires_are_told(client, services):
    now = services.now()
    has_certificates(services, "U-1", -3, 5, 6, now=now)
    has_certificates(services, "U-2", 29, 31, now=now)
    has_certificates(services, "U-3", 2, now=now, is_identity=False)

    seen = scrape(client)

    assert seen[("windfall_identity_certificate_devices", "expired")] == 1
    assert seen[("windfall_identity_certificate_devices", "expiring")] == 2


def owed(state):
    return ("windfall_actions", *sorted((MDM, "send_command", state)))


NO_REDIS = {"redis_url": "redis://127.0.0.1:1/0"}
NO_DATABASE = {"database_url": "postgresql://127.0.0.1:1/none"}


@pytest.mark.parametrize("away", [{}, NO_REDIS, NO_DATABASE, NO_REDIS | NO_DATABASE])
def test_what_is_away_is_told_and_the_rest_too(open_app, make_settings, redis_client, database_location, away):
    client = open_app(make_settings(**{"database_url": database_location, **away})).test_client()
    redis_up, database_up = "redis_url" not in away, "database_url" not in away

    seen = scrape(client)

    assert (seen[("windfall_redis_up",)], seen[("windfall_database_up",)]) == (redis_up, database_up)
    assert seen[("windfall_spool_bytes",)] == 0
    assert (("windfall_events", "buried") in seen) is database_up
    assert (("windfall_inbox_length", INBOXES[0]) in seen) is redis_up


def test_a_server_that_takes_connections_and_says_nothing_is_away(
    open_app, make_settings, silent_server, database_location
):
    redis_url, database_url = f"redis://{silent_server}/0", f"postgresql://nobody@{silent_server}/none?sslmode=disable"
    client = open_app(make_settings(redis_url=redis_url, database_url=database_url)).test_client()

    seen = scrape(client)

    assert seen[("windfall_redis_up",)] == seen[("windfall_database_up",)] == 0
