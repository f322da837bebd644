from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import OutcomeNeverKnown, OutcomeUnknown, PermanentError, TransientError
from state.outbox import Claimed
from tasks.actions.send_mail import SendMail
from tasks.effects import NOT_TRIED, Needless, Partly
from tasks.judging import GATHERING, SCHEDULE, dead_notices, follow_ups, settlement_of
from tests.deliveries import NOON
from tests.tasks.delivering import SETUP

HOUR = timedelta(hours=1)


def claimed(attempt=1, *, kind="send_mail", destination="mail", arguments=None, identifier="1"):
    return Claimed(
        id=identifier,
        key="k",
        kind=kind,
        destination=destination,
        arguments=arguments or {},
        attempt=attempt,
        until=NOON + HOUR,
    )


@pytest.mark.parametrize(
    ("result", "note"), [(None, None), ("to b only", "to b only"), (Needless(note="void"), "void")]
)
def test_what_raised_nothing_is_done(result, note):
    end = settlement_of(claimed(3), result, NOON)

    assert (end.state, end.error, end.attempt) == ("done", note, 3)


def test_what_was_done_for_some_is_done_and_owed_once_for_the_others():
    mail = SendMail(notice="device_left", facts={}, recipients=["a@example.org", "b@example.org"])
    partly = Partly(rest=replace(mail, only=["b@example.org"]), note="later for b")

    end = settlement_of(claimed(3), partly, NOON)
    [rest] = follow_ups(claimed(3), partly, NOON)
    [again] = follow_ups(claimed(4), partly, NOON + HOUR)
    [other] = follow_ups(claimed(identifier="2"), partly, NOON)

    assert (end.state, end.error) == ("done", "later for b")
    assert (rest.kind, rest.destination, rest.arguments["only"]) == ("send_mail", "mail", ["b@example.org"])
    assert (rest.not_before - NOON).total_seconds() == SCHEDULE[0]
    assert rest.key == again.key != other.key
    assert list(follow_ups(claimed(), None, NOON)) == []


def test_what_was_not_tried_is_given_back():
    assert settlement_of(claimed(8), NOT_TRIED, NOON).state == "released"


def test_eight_tries_over_17_hours_and_then_it_is_dead():
    ends = [settlement_of(claimed(attempt), TransientError("busy"), NOON) for attempt in range(1, 10)]

    assert [end.state for end in ends] == ["retryable"] * 7 + ["dead"] * 2
    assert [(end.at - NOON).total_seconds() for end in ends[:7]] == list(SCHEDULE)
    assert 17.5 < sum(SCHEDULE) / 3600 < 17.7
    assert {end.error for end in ends} == {"busy"}


def test_what_failed_together_is_not_tried_together_again():
    assert settlement_of(claimed(), TransientError("busy"), NOON, jitter=1.1).at == NOON + timedelta(seconds=5.5)


@pytest.mark.parametrize(("asked", "pause"), [(1.0, 5.0), (90.0, 90.0), (None, 5.0)])
def test_who_asks_for_patience_is_given_it(asked, pause):
    end = settlement_of(claimed(), TransientError("429", retry_after=asked), NOON)

    assert end.at == NOON + timedelta(seconds=pause)


@pytest.mark.parametrize(
    ("error", "state", "happened"),
    [
        (TransientError("busy"), "retryable", False),
        (OutcomeUnknown("lost"), "retryable", None),
        (PermanentError("never"), "dead", False),
        (OutcomeNeverKnown("lost"), "dead", None),
    ],
)
def test_only_what_surely_did_not_happen_may_go_out_as_new(error, state, happened):
    end = settlement_of(claimed(), error, NOON)

    assert (end.state, end.happened) == (state, happened)


def test_secrets_are_left_behind_when_it_is_done_and_kept_while_it_may_be_tried_again():
    arguments = {"device_id": "D", "sender": "micromdm", "request_type": "EraseDevice", "arguments": {"PIN": "123456"}}
    one = claimed(kind="send_command", arguments=arguments)

    assert settlement_of(one, None, NOON).arguments == {**arguments, "arguments": {"PIN": "[secret]"}}
    assert settlement_of(one, PermanentError("no"), NOON).arguments is None
    plain = {"device_id": "D", "sender": "micromdm", "request_type": "ProfileList", "arguments": {}}
    assert settlement_of(claimed(kind="send_command", arguments=plain), None, NOON).arguments is None


def test_an_error_that_is_longer_than_a_page_is_clipped():
    assert len(settlement_of(claimed(), TransientError("x" * 5000), NOON).error) == 1000


def dead(kind, *, at=NOON, destination="mdm:micromdm"):
    one = claimed(kind=kind, destination=destination)
    return list(dead_notices(one, settlement_of(one, PermanentError("no"), at), at, SETUP))


def test_people_are_told_once_per_destination_kind_and_hour():
    def keys(**more):
        return {notice.key for notice in dead("push", **more)}

    assert len(keys()) == 2  # mail and chat
    assert keys() == keys(at=NOON + HOUR - timedelta(seconds=1))
    assert not keys() & keys(at=NOON + HOUR)
    assert not keys() & keys(destination="mdm:other")
    assert not keys() & {notice.key for notice in dead("send_command")}


def test_a_notice_knows_when_the_first_gave_up_and_its_own_key():
    mail, chat = dead("push")

    assert mail.arguments["facts"]["since"] == NOON.isoformat()
    assert [one.arguments["facts"]["told_as"] for one in (mail, chat)] == [mail.key, chat.key]


def test_who_dies_in_an_hour_that_was_told_is_told_of_when_the_next_begins():
    late = NOON + timedelta(minutes=59)

    for notice, of_next_hour in zip(dead("push", at=late), dead("push", at=NOON + HOUR), strict=True):
        instead = notice.instead
        assert (notice.key != instead.key, instead.key) == (True, of_next_hour.key)
        assert instead.not_before == late + timedelta(seconds=GATHERING)
        assert instead.instead.not_before == NOON + 2 * HOUR


@pytest.mark.parametrize("kind", ["send_mail", "post_chat"])
def test_there_are_no_notices_about_notices(kind):
    assert dead(kind, destination="mail") == []


def test_nobody_is_told_of_what_will_be_tried_again():
    one = claimed(kind="push", destination="mdm:micromdm")

    assert list(dead_notices(one, settlement_of(one, TransientError("busy"), NOON), NOON, SETUP)) == []
