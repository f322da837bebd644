from datetime import timedelta

import pytest

from state.outbox import NewAction, Settlement, claim, settle
from state.unit_of_work import unit_of_work
from tasks.notices.actions_dead import word
from tests.deliveries import MINUTE, NOON

FACTS = {"destination": "mdm:micromdm", "kind": "push", "error": "micromdm: 500", "count": 1}


@pytest.fixture
def dies(engine):
    """An action gives up; ``at`` is when, ``state`` how it ended."""
    numbers = iter(range(1000))

    def die(error, *, at=NOON, kind="push", destination="mdm:micromdm", state="dead"):
        new = NewAction(
            id=f"{next(numbers):032x}",
            key=error,
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
        "2 pushes to the MDM server micromdm gave up in the last hour.\n\nDestination: mdm:micromdm\n"
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


def test_what_was_given_another_try_by_now_is_told_as_it_was(outside):
    worded = word({**FACTS, "count": 3}, outside)

    assert "last hour" not in worded.text
    assert worded.subject == "3 pushes to the MDM server micromdm gave up"
    assert worded.facts["Newest error"] == "micromdm: 500"


@pytest.mark.parametrize(
    ("facts", "subject"),
    [
        ({"destination": "mdm:micromdm", "kind": "send_command"}, "1 command to the MDM server micromdm gave up"),
        ({"destination": "mail", "kind": "orchard", "count": 2}, "2 orchards to mail gave up"),
    ],
)
def test_facts_may_be_few(outside, facts, subject):
    worded = word(facts, outside)

    assert (worded.subject, worded.facts["Newest error"]) == (subject, "unknown")
