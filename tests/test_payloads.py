"""The vendors' published samples, from the door to SQL."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from config.contract import INBOXES
from config.inbox import Inboxes
from config.settings import Settings
from ingest.app import create_app
from ingest.publisher import Publisher
from ingest.spool import Spool
from state.schema import devices, events
from tasks.drain import drain
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint

SAMPLES = Path(__file__).parent / "payloads"
SECRET = "secret"
HEADERS = {
    "micromdm": {"Authorization": "Basic bWljcm9tZG06c2VjcmV0"},
    "apps-and-books": {"Authorization": f"Bearer {SECRET}"},
}


@pytest.fixture
def post_and_drain(engine, redis_client, tmp_path):
    """Post samples of a sender in this order, work all inboxes off, and give the statuses that were answered."""
    load_handlers()
    inboxes = Inboxes(redis_client)
    spool = Spool(tmp_path / "spool", max_bytes=1_000_000, min_free_bytes=0)
    publisher = Publisher(inboxes=inboxes, rescue=inboxes, spool=spool, wake=print, client=redis_client)
    settings = Settings(home=tmp_path, senders={name: {"secrets": SECRET} for name in HEADERS})
    client = create_app(settings, publisher).test_client()
    services = Services(engine=engine, inboxes=inboxes, wake=print, fingerprint=keyed_fingerprint(b"k" * 32))

    def run(sender, names):
        bodies = [(SAMPLES / sender / f"{name}.json").read_bytes() for name in names]
        answers = [client.post(f"/webhooks/{sender}", data=body, headers=HEADERS[sender]) for body in bodies]
        assert {drain(inbox, services) for inbox in INBOXES} == {"asleep"}
        return [answer.status_code for answer in answers]

    yield run
    publisher.stop()


def samples_of(sender):
    return sorted(path.stem for path in (SAMPLES / sender).glob("*.json"))


@pytest.mark.parametrize("sender", sorted(HEADERS))
def test_every_sample_is_accepted_and_processed(post_and_drain, engine, sender):
    names = samples_of(sender)

    assert post_and_drain(sender, names) == [200] * len(names)

    with engine.connect() as connection:
        stored = connection.execute(select(events)).mappings().all()
    assert [event["status"] for event in stored] == ["processed"] * len(names)
    if sender == "apps-and-books":
        sent = [json.loads((SAMPLES / sender / f"{name}.json").read_bytes()) for name in names]
        assert sorted(event["event_id"] for event in stored) == sorted(sample["notificationId"] for sample in sent)


def test_the_sampled_device_is_known_by_its_serial_number_and_ends_checked_out(post_and_drain, engine):
    post_and_drain("micromdm", ["check_out", "connect", "two_payloads", "token_update", "authenticate"])

    with engine.connect() as connection:
        device = connection.execute(select(devices)).mappings().one()
    assert {name: device[name] for name in ("id", "serial_number", "enrolled", "enrolment_at", "push_at")} == {
        "id": "A5EF1BA1-586D-4F29-B4F3-759DADAC2DDD",
        "serial_number": "C04W00D3HTD0",
        "enrolled": False,
        "enrolment_at": datetime(2018, 8, 13, 18, 36, 12, 727463, tzinfo=UTC),
        "push_at": datetime(2018, 8, 13, 14, 30, 16, 529223, tzinfo=UTC),
    }
    assert {name: value[0] for name, value in device["facts"].items() if name[0].isupper()} == {
        "SerialNumber": "C04W00D3HTD0",
        "DeviceName": "HostName",
        "Model": "MacBookPro14,3",
        "ModelName": "MacBook Pro",
        "ProductName": "MacBookPro14,3",
        "OSVersion": "10.13.6",
        "BuildVersion": "17G65",
        "AwaitingConfiguration": False,
    }


def test_the_sample_with_two_empty_payloads_is_flagged_and_changes_nothing(post_and_drain, engine):
    post_and_drain("micromdm", ["two_payloads"])

    with engine.connect() as connection:
        assert connection.execute(select(devices)).all() == []
        (flags,) = connection.scalars(select(events.c.flags))
    assert flags == ["two_payloads", "empty_payload"]


def test_samples_that_share_an_id_are_two_events_and_the_later_one_says_so(post_and_drain, engine):
    post_and_drain("apps-and-books", ["article_user_management_create", "article_user_management_update"])

    with engine.connect() as connection:
        flags = list(connection.scalars(select(events.c.flags).order_by(events.c.id)))
    assert sorted(flags) == [[], ["same_id_other_content"]]
