from datetime import timedelta

import pytest

from state.outbox import NewAction, Settlement, claim, settle
from state.unit_of_work import unit_of_work
from tasks.notices.actions_dead import word
from tests.deliveries import MINUTE, NOON

BEFORE = "actions_dead:mdm:micromdm:push:2026-03-01T11"
FACTS = {
    "destination": "mdm:micromdm",
    "kind": "push",
    "error": "micromdm: 500",
    "since": NOON.isoformat(),
    "before": BEFORE,
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
        claimed = claim(engine, destination, now=at, until=at + MINUTE, limit=100)
        outcome = Settlement(id=new.id, attempt=claimed[0].attempt, until=claimed[0].until, state=state, error=error)
        settle(engine, [outcome], at)

    return die


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


def test_only_what_gave_up_there_of_late_counts(dies, outside):
    dies("this")
    dies("old", at=NOON - timedelta(minutes=61))
    dies("elsewhere", destination="mdm:other")
    dies("other kind", kind="send_command")
    dies("done", state="done")

    worded = word(FACTS, outside)

    assert worded.subject == "1 push to the MDM server micromdm gave up"
    assert worded.facts["Newest error"] == "this"


def test_what_gave_up_is_counted_whole_however_late_people_are_told(dies, outside):
    first = NOON - timedelta(hours=3)
    dies("before", at=first - timedelta(minutes=61))
    for number in range(50):
        dies(f"push {number}", at=first + number * MINUTE)

    worded = word({**FACTS, "since": first.isoformat()}, outside)

    assert worded.subject == "50 pushes to the MDM server micromdm gave up"
    assert worded.text.startswith("50 pushes to the MDM server micromdm gave up since 2026-03-01 09:00 UTC.\n")


@pytest.mark.parametrize(
    ("told_at", "count"),
    [(None, 3), (NOON - 30 * MINUTE, 2), (NOON + MINUTE, 1)],
    ids=["never", "between", "after the first"],
)
def test_what_the_notice_of_the_hour_before_told_is_not_told_again(dies, outside, told_at, count):
    dies("told", at=NOON - 40 * MINUTE)
    if told_at is not None:
        dies("the notice", at=told_at, kind="send_mail", destination="mail", state="done", key=f"mail:{BEFORE}")
    dies("missed", at=NOON - 20 * MINUTE)
    dies("first", at=NOON)

    assert word(FACTS, outside).subject.startswith(f"{count} push")


def test_a_notice_of_a_version_that_kept_no_time_counts_the_last_hour(dies, outside):
    dies("this", at=NOON - MINUTE)
    dies("old", at=NOON - 61 * MINUTE)

    worded = word({"destination": "mdm:micromdm", "kind": "push", "error": "micromdm: 500"}, outside)

    assert worded.subject == "1 push to the MDM server micromdm gave up"


def test_of_what_was_given_another_try_by_now_no_number_is_told(outside):
    worded = word(FACTS, outside)

    assert worded.subject == "Pushes to the MDM server micromdm gave up"
    assert worded.text.startswith("Pushes to the MDM server micromdm gave up since 2026-03-01 12:00 UTC.\n")
    assert worded.facts["Newest error"] == "micromdm: 500"


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
