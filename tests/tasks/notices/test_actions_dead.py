from datetime import timedelta

import pytest

from state.outbox import NewAction, Settlement, claim, settle
from state.unit_of_work import unit_of_work
from tasks.manners import CLAIM
from tasks.notices.actions_dead import word
from tests.databases import ON_SQLITE
from tests.deliveries import MINUTE, NOON, SECOND

HOUR = timedelta(hours=1)

ALIKE = "mail:actions_dead:mdm:micromdm:push:"
BEFORE, OURS = f"{ALIKE}2026-03-01T11", f"{ALIKE}2026-03-01T12"
FACTS = {
    "destination": "mdm:micromdm",
    "kind": "push",
    "error": "micromdm: 500",
    "since": NOON.isoformat(),
    "told_as": OURS,
}


@pytest.fixture
def dies(engine):
    """An action gives up; ``at`` is when, ``state`` how it ended."""
    numbers = iter(range(1000))

    def die(error, *, at=NOON, kind="push", destination="mdm:micromdm", state="dead", key=None):
        new = NewAction(
            id=f"{next(numbers):032x}",
            key=key or error,
            kind=kind,
            destination=destination,
            arguments={},
            created_at=at,
            not_before=at,
        )
        with unit_of_work(engine, at) as uow:
            uow.owe(new)
        claimed = claim(engine, destination, now=at, until=at + timedelta(seconds=CLAIM), limit=100)
        outcome = Settlement(id=new.id, attempt=claimed[0].attempt, until=claimed[0].until, state=state, error=error)
        settle(engine, [outcome], at)

    return die


@pytest.fixture
def tells(dies):
    """A notice was sent at ``at``, under this key."""
    return lambda at, key=BEFORE: dies(
        f"sent {key} at {at}", at=at, kind="send_mail", destination="mail", state="done", key=key
    )


def test_it_says_what_gave_up_where_and_what_to_do(dies, outside):
    dies("older", at=NOON - 2 * MINUTE)
    dies("newest <b>", at=NOON - MINUTE)

    worded = word(FACTS, outside)

    assert worded.subject == "2 pushes to the MDM server micromdm gave up"
    assert worded.text.startswith(
        "2 pushes to the MDM server micromdm gave up since 2026-03-01 11:58 UTC.\n\nDestination: mdm:micromdm\n"
    )
    assert worded.facts == {"Destination": "mdm:micromdm", "Kind": "push", "Newest error": "newest <b>"}
    assert "newest &lt;b&gt;" in worded.html
    assert "`windfall actions --state dead`" in worded.chat
    assert "`windfall actions retry --all-dead --destination mdm:micromdm`" in worded.chat


def test_only_what_gave_up_there_counts(dies, outside):
    dies("this")
    dies("elsewhere", destination="mdm:other")
    dies("other kind", kind="send_command")
    dies("done", state="done")

    worded = word(FACTS, outside)

    assert worded.subject == "1 push to the MDM server micromdm gave up"
    assert worded.facts["Newest error"] == "this"


def test_what_gave_up_is_counted_whole_however_late_people_are_told(dies, tells, outside):
    first = NOON - timedelta(hours=3)
    dies("before", at=first - timedelta(minutes=61))
    tells(first - HOUR)
    for number in range(50):
        dies(f"push {number}", at=first + number * MINUTE)

    worded = word({**FACTS, "since": first.isoformat()}, outside)

    assert worded.subject == "50 pushes to the MDM server micromdm gave up"
    assert worded.text.startswith("50 pushes to the MDM server micromdm gave up since 2026-03-01 09:00 UTC.\n")


@pytest.mark.parametrize(
    ("told_at", "count"),
    [(None, 3), (NOON - timedelta(days=40), 3), (NOON - 30 * MINUTE, 2), (NOON + 10 * SECOND, 1)],
    ids=["never", "long ago", "between", "while the first gave up"],
)
def test_all_is_told_that_gave_up_since_the_last_notice_and_nothing_that_it_told(dies, tells, outside, told_at, count):
    dies("told", at=NOON - 40 * MINUTE)
    if told_at is not None:
        tells(told_at, f"{ALIKE}{told_at:%Y-%m-%dT%H}" if told_at < NOON else BEFORE)
    dies("missed", at=NOON - 20 * MINUTE)
    dies("first", at=NOON)

    assert word(FACTS, outside).subject.startswith(f"{count} push")


@pytest.mark.parametrize(
    "key",
    [
        f"{ALIKE.replace('mail', 'chat')}2026-03-01T11",
        f"{ALIKE.replace('push', 'send_command')}2026-03-01T11",
        f"{ALIKE.replace('micromdm', 'other')}2026-03-01T11",
        f"{ALIKE}more:2026-03-01T11",
    ],
    ids=["to others", "of another kind", "of another destination", "of a longer name"],
)
def test_what_another_notice_told_is_told_all_the_same(dies, tells, outside, key):
    dies("this", at=NOON - MINUTE)
    tells(NOON, key)

    assert word(FACTS, outside).subject.startswith("1 push")


def test_a_notice_has_nothing_to_tell_when_one_that_was_sent_later_told_it_all(dies, tells, outside):
    dies("first", at=NOON)
    tells(NOON + MINUTE, f"{ALIKE}2026-03-01T13")

    assert word(FACTS, outside) is None


def test_the_rest_of_the_recipients_are_told_the_same(dies, tells, outside):
    tells(NOON - HOUR)
    dies("first", at=NOON)
    told = word(FACTS, outside)
    tells(NOON + 2 * MINUTE, OURS)
    tells(NOON + HOUR, f"{ALIKE}2026-03-01T13")

    assert word(FACTS, outside) == told


@ON_SQLITE
@pytest.mark.parametrize(
    ("more", "count"), [({"since": (NOON - MINUTE).isoformat(), "before": BEFORE.removeprefix("mail:")}, 1), ({}, 2)]
)
def test_a_notice_of_an_older_version_tells_no_less(dies, tells, outside, more, count):
    dies("old", at=NOON - 61 * MINUTE)
    tells(NOON - 60 * MINUTE, f"{ALIKE}2026-03-01T10")
    dies("this", at=NOON - MINUTE)

    worded = word({"destination": "mdm:micromdm", "kind": "push", "error": "micromdm: 500", **more}, outside)

    assert worded.subject.startswith(f"{count} push")


def test_of_what_was_given_another_try_by_now_no_number_is_told(outside):
    worded = word(FACTS, outside)

    assert worded.subject == "Pushes to the MDM server micromdm gave up"
    assert worded.text.startswith("Pushes to the MDM server micromdm gave up since 2026-03-01 12:00 UTC.\n")
    assert worded.facts["Newest error"] == "micromdm: 500"


@ON_SQLITE
@pytest.mark.parametrize(
    ("facts", "subject"),
    [
        ({"destination": "mdm:micromdm", "kind": "send_command"}, "Commands to the MDM server micromdm gave up"),
        ({"destination": "mail", "kind": "orchard", "since": 2}, "Orchards to mail gave up"),
    ],
)
def test_facts_may_be_few(outside, facts, subject):
    worded = word(facts, outside)

    assert (worded.subject, worded.facts["Newest error"]) == (subject, "unknown")
