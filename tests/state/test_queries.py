"""Lists and items as people read them."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, text
from sqlalchemy.exc import DBAPIError

from config.inbox import Inboxes
from domain.errors import BadQuery, DatabaseAway
from state.engine import open_engine, write_transaction
from state.queries.counts import activity, read_event_counts, stuck_numbers, stuck_since
from state.queries.database import database_facts, revisions
from state.queries.devices import device_ids, list_devices, one_device
from state.queries.events import FIELDS, event_ids, list_events, one_event, stored_event
from state.queries.pages import MOST, Question, read_question
from state.queries.reading import reading
from state.schema import event_bodies
from tasks.process import bury, process
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tests.deliveries import NOON, SECOND, UDID, again, answer, check_in, envelope

load_handlers()


@pytest.fixture
def services(engine, redis_client):
    return Services(
        engine=engine, inboxes=Inboxes(redis_client), wake=lambda inbox: None, fingerprint=keyed_fingerprint(b"k" * 32)
    )


def everything(many, engine, question):
    """All pages of a list, put together."""
    items, page = [], many(engine, question)
    while True:
        items += page.items
        if page.next is None:
            return items
        page = many(engine, read_question({**question.filters, "limit": str(question.limit), "cursor": page.next}))


def enrol(services, udid, *, at=NOON):
    process(
        [
            envelope(check_in("Authenticate", udid=udid, at=at, SerialNumber=f"S-{udid}")),
            envelope(check_in("TokenUpdate", udid=udid, at=at + SECOND, Token=b"t", PushMagic="m")),
        ],
        services,
    )


def test_events_come_newest_first_and_each_on_one_page(engine, services):
    for number in range(7):
        process([envelope(check_in("TokenUpdate", at=NOON + number * SECOND))], services)

    found = everything(list_events, engine, Question(limit=3))

    assert len(found) == 7
    assert [item["id"] for item in found] == sorted({item["id"] for item in found}, reverse=True)


def test_a_cursor_keeps_its_place_while_events_come_in(engine, services):
    process([envelope(check_in("TokenUpdate")) for _ in range(4)], services)
    first = list_events(engine, Question(limit=2))

    process([envelope(check_in("TokenUpdate"))], services)
    second = list_events(engine, read_question({"limit": "2", "cursor": first.next}))

    assert len({item["id"] for item in (*first.items, *second.items)}) == 4
    assert second.next is None


def test_an_event_tells_its_fields_and_how_often_it_was_delivered(engine, services):
    first = envelope(check_in("Authenticate", SerialNumber="C02XYZ"))
    process([first], services)
    process([again(first), again(first)], services)

    (item,) = list_events(engine, Question()).items

    assert tuple(item) == FIELDS
    assert (item["seen"], item["status"], item["device_id"]) == (3, "processed", UDID)
    assert (item["received_at"], item["sender"]) == ("2026-03-01T12:00:00.000000Z", "micromdm")


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("sender", "other", 1),
        ("kind", "jamf", 0),
        ("type", "mdm.Connect", 1),
        ("device_id", "B", 2),
        ("device_id", "B\x00", 0),
        ("event_id", "no such event", 0),
        ("status", "processed", 3),
    ],
)
def test_events_are_filtered_by_their_fields(engine, services, name, value, count):
    process(
        [
            envelope(check_in("TokenUpdate")),
            envelope(answer("Acknowledged", udid="B", command_uuid="C-1")),
            envelope(check_in("CheckOut", udid="B"), sender="other"),
        ],
        services,
    )

    assert len(list_events(engine, Question(filters={name: value})).items) == count


def test_a_filter_that_is_not_there_is_named_with_those_that_are(engine):
    with pytest.raises(BadQuery, match=r"'colour'.* sender, kind, type, event_id, device_id, jamf_device_id, status"):
        list_events(engine, Question(filters={"colour": "red"}))


def test_a_value_that_a_filter_cannot_have_is_named_with_those_it_can(engine):
    with pytest.raises(BadQuery, match=r"'lost'.*received, processed, buried, quarantined"):
        list_events(engine, Question(filters={"status": "lost"}))


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many", "", "1e2", "²", "9" * 5_000])
def test_a_limit_is_a_number_from_1_to_200(limit):
    with pytest.raises(BadQuery, match=str(MOST)):
        read_question({"limit": limit})


@pytest.mark.parametrize("cursor", ["!", "é", "abcde", "_w"])
def test_a_cursor_that_is_none_of_ours_is_refused(cursor):
    with pytest.raises(BadQuery, match="cursor"):
        read_question({"cursor": cursor})


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"topic": "mdm.Connect", "name": "Søren"}'.encode(), '{"topic": "mdm.Connect", "name": "Søren"}'),
        (b'{"topic": "mdm.Connect"}\xff', '{"topic": "mdm.Connect"}ÿ'),
    ],
)
def test_one_event_has_its_body_also_when_it_is_no_text(engine, services, body, shown):
    whole = envelope(b'{"topic": "mdm.Connect"}')
    process([type(whole)(**{**{n: getattr(whole, n) for n in whole.__slots__}, "body": body})], services)
    (item,) = list_events(engine, Question()).items

    found = one_event(engine, item["id"])

    assert found["body"] == shown
    assert found["content_type"] == "application/json"
    assert {name: found[name] for name in item} == item


def test_a_pruned_event_is_there_without_its_body(engine, services):
    process([envelope(check_in("TokenUpdate"))], services)
    (item,) = list_events(engine, Question()).items
    with write_transaction(engine) as connection:
        connection.execute(delete(event_bodies))

    assert one_event(engine, item["id"])["body"] is None
    assert stored_event(engine, item["id"]).body is None


def test_the_beginning_of_an_id_finds_it(engine, services):
    process([envelope(check_in("TokenUpdate")) for _ in range(3)], services)
    wanted = list_events(engine, Question()).items[1]["id"]

    assert event_ids(engine, wanted) == event_ids(engine, wanted[:30]) == [wanted]
    assert len(event_ids(engine, wanted[:8])) == 3
    assert event_ids(engine, "x") == event_ids(engine, "\x00") == []
    assert one_event(engine, "x") is None


def test_devices_come_by_id_and_are_filtered(engine, services):
    for udid in "DBCA":
        enrol(services, udid)
    process([envelope(check_in("CheckOut", udid="C", at=NOON + 9 * SECOND))], services)

    assert [item["id"] for item in everything(list_devices, engine, Question(limit=3))] == ["A", "B", "C", "D"]
    assert [item["id"] for item in list_devices(engine, Question(filters={"enrolled": "false"})).items] == ["C"]
    assert [item["id"] for item in list_devices(engine, Question(filters={"serial_number": "S-B"})).items] == ["B"]
    with pytest.raises(BadQuery, match="true, false"):
        list_devices(engine, Question(filters={"enrolled": "perhaps"}))


def test_one_device_tells_facts_under_the_vendors_names_and_its_users(engine, services):
    enrol(services, "A")
    process([envelope(check_in("TokenUpdate", udid="A", UserID="U-1", Token=b"t", PushMagic="m"))], services)

    device = one_device(engine, "A")

    assert device["facts"]["SerialNumber"] == {"value": "S-A", "at": "2026-03-01T12:00:00.000000Z"}
    assert not [name for name in device["facts"] if name[0].islower()]
    assert [channel["id"] for channel in device["user_channels"]] == ["A:U-1"]
    assert device["enrolled"] is True
    assert one_device(engine, "B") is None


def test_people_find_a_device_by_what_they_call_it(engine, services):
    enrol(services, "A")
    enrol(services, "B", at=NOON + timedelta(minutes=1))
    process(
        [envelope(check_in("Authenticate", udid="B", at=NOON + timedelta(minutes=2), SerialNumber="S-A"))], services
    )

    assert device_ids(engine, "A") == ["A"]
    assert device_ids(engine, "S-A") == ["B", "A"]
    assert device_ids(engine, "Z") == []


def test_numbers_tell_what_is_stuck_and_who_sent_when(engine, services):
    process([envelope(check_in("TokenUpdate")), envelope(check_in("TokenUpdate"), sender="other")], services)
    bury(envelope(check_in("CheckOut")), "it broke", services)
    an_hour_ago = services.now() - timedelta(hours=1)

    counts = {(row.type, row.outcome): row.count for row in read_event_counts(engine)}
    active = activity(engine, dict.fromkeys(["micromdm", "other", "silent"], "micromdm"), since=an_hour_ago)

    assert counts == {("mdm.TokenUpdate", "processed"): 2, ("mdm.CheckOut", "buried"): 1}
    assert stuck_numbers(engine) == stuck_since(engine, an_hour_ago) == {"buried": 1, "quarantined": 0}
    assert stuck_since(engine, services.now() + timedelta(minutes=1)) == {"buried": 0, "quarantined": 0}
    assert active["micromdm"].numbers == {"processed": 1, "buried": 1}
    assert active["other"].last_event_at == NOON
    assert active["silent"].last_event_at is None


def test_a_reading_connection_cannot_write_and_the_next_one_can(engine, services):
    with pytest.raises(DatabaseAway), reading(engine) as connection:
        connection.execute(text("DELETE FROM events"))

    process([envelope(check_in("TokenUpdate"))], services)
    assert len(list_events(engine, Question()).items) == 1


def test_the_database_tells_of_itself(engine):
    facts = database_facts(engine)
    current, head = revisions(engine)

    assert facts.dialect == engine.dialect.name
    assert facts.version
    assert facts.journal_mode == ("wal" if engine.dialect.name == "sqlite" else None)
    assert current == head


def test_a_database_that_is_not_there_is_said_to_be_and_not_made(tmp_path):
    engine: Engine = open_engine(f"sqlite:///{tmp_path / 'none.db'}")

    for ask in (database_facts, revisions, stuck_numbers):
        with pytest.raises(DatabaseAway, match=r"none\.db.*windfall db upgrade"):
            ask(engine)

    assert not list(tmp_path.iterdir())


def test_a_database_without_tables_says_what_makes_them(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with engine.connect():
        pass

    with pytest.raises(DatabaseAway, match="windfall db upgrade"):
        list_events(engine, Question())
    assert revisions(engine)[0] is None
    engine.dispose()


def test_an_error_of_the_database_keeps_its_cause(tmp_path):
    engine = open_engine("postgresql+psycopg://nobody:a-secret@127.0.0.1:1/none")

    with pytest.raises(DatabaseAway) as caught:
        list_events(engine, Question())

    assert isinstance(caught.value.__cause__, DBAPIError)
    assert "a-secret" not in str(caught.value)


def test_events_are_found_by_what_their_bodies_contain(engine, services):
    bodies = [
        {"notificationId": f"n{n}", "notificationType": "ASSET_COUNT", "uId": "1", "notification": {"adamId": adam}}
        for n, adam in enumerate(("408709785", "361309726", "408709785"))
    ]
    process([envelope(body, kind="apps-and-books") for body in bodies], services)

    found = list_events(engine, Question(filters={"body": "408709785"})).items
    none = list_events(engine, Question(filters={"body": "100% _ nothing"})).items

    assert sorted(item["event_id"] for item in found) == ["n0", "n2"]
    assert none == []
