"""What the checks say of a Jamf Pro that is to be read: whether it can be, and how the last round went."""

from datetime import UTC, datetime, timedelta

import pytest

from console.health import examine
from console.stores import Stores
from domain.facts import Stamp
from domain.jamf_round import PARTS, UNREAD, Stop, told_of_beginning, told_of_round, told_of_stop
from state.unit_of_work import unit_of_work
from tests.databases import BOTH_DATABASES


def checks(stores, now=None):
    return {check.name: check for check in examine(stores, now or datetime.now(UTC))}


def test_a_jamf_pro_that_is_to_be_read_and_cannot_be_is_a_warning(make_settings, database_location, redis_client):
    login = {"url": "https://jamf.example", "client_id": "c", "client_secret": "s"}
    senders = {
        "jamf": {"secrets": "s"},
        "whole": {"kind": "jamf", "enrich": True, "reconcile_every": 600, **login},
        "half": {"kind": "jamf", "enrich": True, "url": "https://jamf.example", "username": "u"},
        "none": {"kind": "jamf", "reconcile_every": 600},
    }
    stores = Stores(settings=make_settings(database_url=database_location, senders=senders))

    seen = checks(stores)
    stores.close()

    found = {name: (check.status, check.seen) for name, check in seen.items() if name.startswith("jamf:")}
    assert found == {
        "jamf:whole": ("ok", "is read after its events and now and then"),
        "jamf:half": ("warn", "is not read: nobody says its password"),
        "jamf:none": ("warn", "is not read: nobody says its url and client_id (or username) and client_secret"),
    }


def jamf_check(make_settings, database_location, rounds, now, **facts):
    """What is said after rounds that began so many seconds ago, given what failed in each, told in any order."""
    login = {"url": "https://jamf.example", "client_id": "c", "client_secret": "s"}
    senders = {"jamf": {"kind": "jamf", "reconcile_every": 21_600, **login}}
    stores = Stores(settings=make_settings(database_url=database_location, senders=senders))
    for seconds, failed in rounds.items():
        stamp = Stamp(at=now - timedelta(seconds=seconds), rank=0, by="x")
        with unit_of_work(stores.engine, now) as uow:
            uow.jamf.tell_server("jamf", told_of_round(failed, stamp) | facts, stamp)
    seen = checks(stores, now)
    stores.close()
    return seen["jamf:jamf"]


@BOTH_DATABASES
def test_parts_of_a_jamf_pro_that_could_not_be_read_are_a_warning(
    make_settings, database_location, redis_client, services
):
    forbidden, moved = "jamf answered 403 (may c read this?)", "jamf answered 301 (it redirects)"
    rounds = {600: {"computers": forbidden, "policies": moved}, 86_400 * 3: {"policies": forbidden}}

    seen = jamf_check(make_settings, database_location, rounds, services.now())

    assert seen.status == "warn"
    assert seen.seen.startswith("is read now and then, but 10 min ago not its ")
    assert f"its computers (last 3 d ago): {forbidden}; its policies (never yet): {moved}" in seen.seen
    assert "[senders.jamf]" in seen.fix
    assert "API role" in seen.fix
    assert "every 6 h" in seen.fix


def test_a_jamf_pro_of_which_nothing_was_read_is_tried_again_soon(
    make_settings, database_location, redis_client, services
):
    rounds = {600: dict.fromkeys(PARTS, "answered 401")}

    seen = jamf_check(make_settings, database_location, rounds, services.now())

    assert "tried again every 15 min" in seen.fix


@pytest.mark.parametrize(
    ("has_moved", "words"),
    [(True, "it goes on there when it is not left alone any more"), (False, "tried again every 15 min")],
)
def test_a_round_that_was_broken_off_is_a_warning_until_it_goes_on(
    make_settings, database_location, redis_client, services, has_moved, words
):
    rounds, stop = {600: {"policies": "answered 429"}}, Stop(part="policies", has_moved=has_moved)

    seen = jamf_check(make_settings, database_location, rounds, services.now(), **told_of_stop(stop))

    assert seen.status == "warn"
    assert words in seen.fix


def test_records_of_a_jamf_pro_that_nobody_can_read_are_a_warning(
    make_settings, database_location, redis_client, services
):
    told = {UNREAD: {"computers": 2, "mobile_devices": 1}}

    seen = jamf_check(make_settings, database_location, {600: {}}, services.now(), **told)

    assert seen.status == "warn"
    assert seen.seen.endswith(
        "all of it 10 min ago, except 2 of its computers and 1 of its mobile devices, which have no number"
    )
    assert "jamf_records_unread" in seen.fix


def test_a_jamf_pro_that_was_read_in_whole_is_well_again(make_settings, database_location, redis_client, services):
    rounds = {7_200: dict.fromkeys(PARTS, "answered 503"), 600: {}}

    seen = jamf_check(make_settings, database_location, rounds, services.now())

    assert (seen.status, seen.seen) == ("ok", "is read now and then; all of it 10 min ago")


def test_a_jamf_pro_that_nobody_reads_any_more_is_a_warning(make_settings, database_location, redis_client, services):
    seen = jamf_check(make_settings, database_location, {86_400: {}}, services.now())

    assert (seen.status, seen.seen) == ("warn", "is read now and then; all of it 24 h ago")
    assert "workers effects" in seen.fix


@pytest.mark.parametrize(("hours", "status"), [(17, "ok"), (19, "warn")])
def test_a_jamf_pro_of_which_no_round_comes_to_its_end_is_a_warning(
    make_settings, database_location, redis_client, services, hours, status
):
    now = services.now()
    began = Stamp(at=now - timedelta(minutes=5), rank=0, by="x")
    with unit_of_work(services.engine, now) as uow:
        uow.jamf.tell_server("jamf", told_of_beginning(began, now - timedelta(hours=hours)), began)

    seen = jamf_check(make_settings, database_location, {}, now)

    assert (seen.status, seen.seen) == (
        status,
        f"is read now and then; that began {hours} h ago, and never came to an end yet",
    )
    assert status == "ok" or "logs of `python -m workers effects`" in seen.fix
