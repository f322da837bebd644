"""The demo's world: everything happens in it, and however long it runs, it keeps nothing."""

import json
import random
import threading
from collections import Counter
from email import message_from_bytes, policy

import pytest

from clients.chat import Chat
from clients.letter import Mail
from clients.mail import Mailer
from simulators.demo import collect, line
from simulators.demo_jamf import SECRET_FILE
from simulators.demo_life import BACKLOG, Life
from simulators.demo_received import MOST
from simulators.demo_world import API_KEYS, Place, World, open_world
from tests.simulators.conftest import START

NAMES = ("micromdm", "nanomdm", "apps-and-books", "jamf", *API_KEYS.values(), SECRET_FILE)


@pytest.fixture
def world(receiver, tmp_path):
    for name in NAMES:
        (tmp_path / name).write_text(f"secret of {name}\n")
    ingest = receiver.url.removesuffix("/webhooks/here")
    place = Place(
        ingest=ingest, secrets=tmp_path, micromdm=0, nanomdm=0, jamf=0, smtp=0, chat="http://127.0.0.1:0/services/demo"
    )
    with open_world(place, 20) as opened:
        yield opened


def run(world: World, ticks: int) -> Life:
    life = Life(world, rng=random.Random(4))
    for number in range(ticks):
        life.tick()
        if number % 20 == 0:
            assert all(sender.drain(10) for sender in world.senders)
    # A device that was woken connects when it gets to it.
    assert all(fleet.settle(60) for fleet in world.fleets)
    assert all(sender.drain(10) for sender in world.senders)
    return life


def names(receiver) -> Counter[str]:
    documents = [json.loads(arrival.body) for arrival in receiver.arrivals]
    return Counter(
        one.get("topic") or one.get("notificationType") or one["webhook"]["webhookEvent"] for one in documents
    )


def test_in_a_quarter_of_an_hour_everything_has_happened(world, receiver):
    run(world, 3600)

    happened = names(receiver)
    assert happened["mdm.Authenticate"] > 20
    assert happened["mdm.CheckOut"]
    assert happened["MobileDeviceEnrolled"]
    assert happened["ORCHARD_RIPENED"]
    assert happened["USER_MANAGEMENT"]
    assert happened["USER_ASSOCIATED"]
    assert happened["ASSET_COUNT"] > 4
    bodies = [json.loads(arrival.body) for arrival in receiver.arrivals]
    results = {
        (one["notification"]["type"], one["notification"]["result"])
        for one in bodies
        if one.get("notificationType") == "ASSET_MANAGEMENT"
    }
    assert results == {("ASSOCIATE", "SUCCESS"), ("ASSOCIATE", "FAILURE"), ("DISASSOCIATE", "SUCCESS")}


def test_jamf_pro_has_a_record_of_whom_its_events_are_about(world, receiver):
    run(world, 400)

    catalog = world.jamf_server.catalog
    events = [json.loads(arrival.body) for arrival in receiver.arrivals if b"InventoryCompleted" in arrival.body]
    assert {one["webhook"]["webhookEvent"] for one in events} == {
        "ComputerInventoryCompleted",
        "MobileDeviceInventoryCompleted",
    }
    for said in (one["event"] for one in events):
        families = (catalog.computers, catalog.mobiles)
        record = next(family[said["jssID"]] for family in families if _serial_at(family, said) == said["serialNumber"])
        assert record.fields["udid"] == said["udid"]


def _serial_at(family, said):
    record = family.get(said["jssID"])
    return record.fields["serialNumber"] if record else None


def test_what_was_written_down_is_counted_once_and_kept_no_longer(world, tmp_path):
    run(world, 200)

    first, second = collect(world, tmp_path / "received"), collect(world, tmp_path / "received")

    assert first.events > 100
    assert (first.unanswered, second.events) == (0, 0)
    assert [sender.results for sender in world.senders] == [[], [], [], []]
    assert not any(member.answers or member.commands or member.received for _, member in world.members())
    assert line(world, first, START).startswith("08:30:00  devices enrolled: 20 of 20, apps on them: 0. ")


def send_mail(world, number):
    """One as Windfall sends them."""
    mail = Mail(
        subject=f"“Büro” {number}",
        text=f".Gerät {number}\n",
        html=f"<p>.Gerät {number}</p>\n",
        recipients=["it@school.example"],
        message_id=f"<{number}@school.example>",
    )
    assert Mailer(world.mail.url, "windfall@school.example").send(mail) == []


def test_mails_and_chat_messages_can_be_opened_as_files(world, tmp_path):
    send_mail(world, 1)
    Chat(lambda: world.chat.hook_url).post("Gerät <1>\nleft", {"Name": "“Büro” \ud800"})

    tally = collect(world, tmp_path / "received")

    (mail,) = (tmp_path / "received" / "mails").iterdir()
    (message,) = (tmp_path / "received" / "chat").iterdir()
    assert (mail.name, message.name, tally.mails, tally.posts) == ("000001.eml", "000001.json", 1, 1)
    opened = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert (opened["Subject"], opened["To"]) == ("“Büro” 1", "it@school.example")
    assert [part.get_content_type() for part in opened.iter_parts()] == ["text/plain", "text/html"]
    plain, html = (part.get_content().replace("\r\n", "\n") for part in opened.iter_parts())
    assert (plain, html) == (".Gerät 1\n", "<p>.Gerät 1</p>\n")
    assert "Gerät &lt;1&gt;" in message.read_text()
    assert "“Büro” " in json.loads(message.read_text())["text"]


def test_only_the_newest_are_kept_also_after_another_start(world, tmp_path):
    mails = tmp_path / "received" / "mails"
    mails.mkdir(parents=True)
    for number in range(1, MOST + 1):
        (mails / f"{number:06}.eml").write_text("of an earlier start")
    (mails / "mine.eml").write_text("put here by somebody")
    for number in range(3):
        send_mail(world, number)

    collect(world, tmp_path / "received")

    names = sorted(path.name for path in mails.iterdir())
    assert names == [*(f"{number:06}.eml" for number in range(4, MOST + 4)), "mine.eml"]
    assert b"<2@school.example>" in (mails / f"{MOST + 3:06}.eml").read_bytes()


def test_of_more_than_are_kept_the_last_are_written(world, tmp_path):
    world.chat.messages.extend({"text": str(number)} for number in range(MOST + 5))

    collect(world, tmp_path / "received")

    texts = [json.loads(path.read_text())["text"] for path in sorted((tmp_path / "received" / "chat").iterdir())]
    assert texts == [str(number) for number in range(5, MOST + 5)]


def test_while_nobody_listens_nothing_piles_up(world, receiver):
    gate = threading.Event()
    receiver.gate = gate.wait
    life = Life(world, rng=random.Random(4))

    for _ in range(2000):
        life.tick()

    assert sum(sender.pending for sender in world.senders) < BACKLOG + 50
    gate.set()


def test_a_secret_that_is_empty_is_named(world, tmp_path):
    (tmp_path / "jamf").write_text("\n")
    place = Place(
        ingest="http://127.0.0.1:1", secrets=tmp_path, micromdm=0, nanomdm=0, jamf=0, smtp=0, chat="http://x/y"
    )

    with pytest.raises(ValueError, match="there is no secret in"), open_world(place, 4):
        pass
