"""Every form of every Jamf event over real HTTP: answered as promised, in its inbox once, and processed, not buried."""

from collections import Counter

import pytest
from sqlalchemy import select

from config.contract import INBOXES, inbox_of
from config.inbox import Inboxes
from domain.envelope import Envelope
from state.schema import event_bodies, events
from tasks.process import process
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tests.ingest.jamf_bodies import in_every_form, with_wrong_types
from tests.ingest.jamf_oddities import NO_EVENT, ODD, parts, unpacked
from tests.ingest.web import Web, answer_to, in_chunks

SECRET = "jamf-secret"
PATH = f"/webhooks/jamf/{SECRET}"
MOST = 100_000


@pytest.fixture(scope="module")
def served(redis_location, tmp_path_factory):
    web = Web(tmp_path_factory.mktemp("door") / "home", redis_location, {"jamf": SECRET})
    yield web
    web.end()


@pytest.fixture
def post_all(served, redis_client):
    """Post (body, headers, chunked) one after the other; what was answered, as (status, body)."""

    def run(posts):
        found = []
        with served.connection() as connection:
            for body, headers, chunked in posts:
                sent = in_chunks(body, max(7, len(body) // 20)) if chunked else body
                status, _, answered = answer_to(connection, sent, PATH, headers)
                found.append((status, answered))
        return found

    return run


@pytest.fixture
def database_location(sqlite_location):
    """The door knows no database, and one is enough to see that nothing is buried."""
    return sqlite_location


@pytest.fixture
def services(engine, redis_client):
    load_handlers()
    inboxes = Inboxes(redis_client)
    return Services(engine=engine, inboxes=inboxes, wake=lambda _: None, fingerprint=keyed_fingerprint(b"k" * 32))


@pytest.fixture
def waiting(redis_client):
    """Inbox → its envelopes, of all that have any."""

    def read():
        heads = {inbox: Inboxes(redis_client).peek(inbox, limit=MOST) for inbox in INBOXES}
        return {
            inbox: [Envelope.read(entry.head, entry.body) for entry in entries]
            for inbox, entries in heads.items()
            if entries
        }

    return read


def statuses(engine):
    with engine.connect() as connection:
        return Counter(connection.execute(select(events.c.status)).scalars())


def check_no_password_is_stored(engine):
    with engine.connect() as connection:
        assert not any(b"pa55" in body for body in connection.execute(select(event_bodies.c.body)).scalars())


def check_all_are_kept_once(posts, waiting):
    """The bodies that wait are those that were posted, each as often as it was."""
    kept = [envelope for envelopes in waiting.values() for envelope in envelopes]
    assert Counter(envelope.body for envelope in kept) == Counter(posts)
    assert len({envelope.delivery_id for envelope in kept}) == len(posts)
    return kept


def test_every_event_in_every_form_is_answered_200_kept_once_and_processed(post_all, waiting, services, engine):
    posts = list(in_every_form())

    answers = post_all([(post.body, {"Content-Type": post.content_type}, post.chunked) for post in posts])

    assert [post.what for post, (status, _) in zip(posts, answers, strict=True) if status != 200] == []
    inboxes = waiting()
    kept = check_all_are_kept_once([post.body for post in posts], inboxes)
    assert {inbox: len(envelopes) for inbox, envelopes in inboxes.items()} == dict(
        Counter(inbox_of("jamf", post.what.partition(",")[0]) for post in posts)
    )
    process(kept, services)
    assert statuses(engine) == {"processed": len(posts)}


def test_wrong_types_are_answered_200_kept_once_and_processed(post_all, waiting, services, engine):
    posts = list(with_wrong_types())

    answers = post_all([(post.body, {"Content-Type": post.content_type}, False) for post in posts])

    assert [post.what for post, (status, _) in zip(posts, answers, strict=True) if status != 200] == []
    kept = check_all_are_kept_once([post.body for post in posts], waiting())
    process(kept, services)
    assert statuses(engine) == {"processed": len(posts)}


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "in-chunks"])
def test_odd_events_are_answered_200_kept_once_and_processed(post_all, waiting, services, engine, chunked):
    posts = [parts(odd) for odd in ODD.values()]

    answers = post_all([(body, headers, chunked) for body, headers in posts])

    assert {what: answer for what, answer in zip(ODD, answers, strict=True) if answer[0] != 200} == {}
    kept = check_all_are_kept_once([unpacked(body, headers) for body, headers in posts], waiting())
    process(kept, services)
    assert statuses(engine) == {"processed": len(posts)}
    check_no_password_is_stored(engine)


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "in-chunks"])
def test_what_is_no_event_is_answered_400_and_kept_in_quarantine(post_all, waiting, services, engine, chunked):
    answers = post_all([(body, {"Content-Type": "application/json"}, chunked) for body in NO_EVENT.values()])

    assert {what: answer for what, answer in zip(NO_EVENT, answers, strict=True) if answer[0] != 400} == {}
    assert all(b'"error"' in answered for _, answered in answers)
    assert set(waiting()) == {"jamf.quarantine:0"}
    process(check_all_are_kept_once(list(NO_EVENT.values()), waiting()), services)
    assert statuses(engine) == {"quarantined": len(NO_EVENT)}
    check_no_password_is_stored(engine)
