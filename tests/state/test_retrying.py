"""Another try that a person asks for, and what must not be tried again by mistake."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from state.calls import read_calls
from state.engine import write_transaction
from state.ordering import give_up, open_commands, order
from state.outbox import add_actions, claim
from state.queries.actions import one_action
from state.queries.commands import one_command
from state.queries.installs import list_installs
from state.queries.pages import Question
from state.retrying import OUTCOME_UNKNOWN, retry, verdict_of
from state.schema import installs
from tasks.actions.post_chat import PostChat
from tasks.actions.send_command import SendCommand
from tasks.letter import UNKNOWN
from tasks.owing import Owed
from tasks.process import process
from tasks.registry import load_handlers
from tests.deliveries import UDID, answer, envelope
from tests.owed import MDM, assigned, attempt, enrol

load_handlers()


def ordered(services, request_type="ProfileList", key="k", **arguments):
    action = SendCommand(device_id=UDID, sender="micromdm", request_type=request_type, arguments=arguments)
    return order(services.engine, Owed(action=action, key=key).record(services.now())).id


def ask(services, identifier, **more):
    """The refusal, None when it is tried again."""
    now = services.now()
    told = verdict_of(services.engine, identifier, now=now, **more)
    (verdict,) = retry(services.engine, [identifier], now=now, **more)
    assert told == verdict
    return verdict.refusal


def test_a_dead_command_is_due_at_once_with_all_its_tries_before_it(engine, services):
    identifier = ordered(services)
    attempt(services, "dead", error="micromdm answered 401", happened=False)

    assert ask(services, identifier) is None

    item, call = one_action(engine, identifier), read_calls(engine, [identifier])[identifier]
    assert (item["state"], item["attempts"], item["settled_at"]) == ("pending", 0, None)
    assert item["error"] == "micromdm answered 401"
    assert (call.state, call.called_at, call.error) == ("pending", None, None)
    assert [one.attempt for one in due(services)] == [1]


def due(services):
    now = services.now()
    return claim(services.engine, MDM, now=now, until=now + timedelta(minutes=1), limit=9)


def test_the_install_of_a_dead_command_waits_for_it_again(engine, services):
    enrol(services)
    process([assigned("C02XYZ")], services)
    (identifier,) = attempt(services, "dead", error="no")
    (failed,) = list_installs(engine, Question()).items

    assert ask(services, identifier) is None

    (waiting,) = list_installs(engine, Question()).items
    assert failed["state"] == "failed"
    assert (waiting["state"], waiting["reason"]) == ("waiting", None)
    assert waiting["changed_at"] > failed["changed_at"]
    attempt(services, "done")
    assert list_installs(engine, Question()).items[0]["state"] == "command_sent"


def test_an_install_that_has_moved_on_stays_where_it_is(engine, services):
    enrol(services)
    process([assigned("C02XYZ")], services)
    (identifier,) = attempt(services, "dead", error="no")
    with write_transaction(engine) as connection:
        connection.execute(update(installs).values(command_id="a later one"))

    assert ask(services, identifier) is None

    assert list_installs(engine, Question()).items[0]["state"] == "failed"


def test_what_was_to_wait_for_its_next_try_is_due_at_once(engine, services):
    identifier = ordered(services)
    attempt(services, "retryable", error="away", seconds=3600)
    assert due(services) == []

    assert ask(services, identifier) is None

    assert len(due(services)) == 1


def test_asking_twice_is_as_good_as_once(services):
    identifier = ordered(services)
    attempt(services, "dead", error="no")

    assert [ask(services, identifier), ask(services, identifier)] == [None, None]


def test_what_may_have_erased_a_device_is_sent_again_only_on_a_persons_word(engine, services):
    identifier = ordered(services, "EraseDevice")
    attempt(services, "dead", error=f"{UNKNOWN} (it hung up)")

    refusal = ask(services, identifier)
    before = one_action(engine, identifier)
    allowed = ask(services, identifier, again=True)

    assert UNKNOWN.startswith(OUTCOME_UNKNOWN)
    assert "EraseDevice may have reached the device" in refusal
    assert "again" in refusal
    assert before["state"] == "dead"
    assert allowed is None
    assert read_calls(engine, [identifier])[identifier].called_at is None


def test_what_surely_did_not_erase_a_device_needs_no_such_word(services):
    identifier = ordered(services, "EraseDevice")
    attempt(services, "dead", error="micromdm answered 401", happened=False)

    assert ask(services, identifier) is None


@pytest.mark.parametrize("again", [False, True])
def test_a_command_that_its_device_does_not_answer_is_sent_again_and_looked_for_first(engine, services, again):
    enrol(services)
    process([assigned("C02XYZ")], services)
    (identifier,) = attempt(services, "done")
    before = read_calls(engine, [identifier])[identifier]

    assert ask(services, identifier, again=again) is None

    call, item = read_calls(engine, [identifier])[identifier], one_action(engine, identifier)
    assert (call.state, call.called_at) == ("pending", before.called_at)
    assert (call.command_uuid, before.state) == (before.command_uuid, "sent")
    assert (item["state"], item["attempts"]) == ("pending", 0)
    assert list_installs(engine, Question()).items[0]["state"] == "command_sent"


@pytest.mark.parametrize("again", [False, True])
def test_what_a_server_took_and_must_not_happen_twice_is_ordered_anew_or_not_at_all(services, again):
    identifier = ordered(services, "EraseDevice")
    attempt(services, "done")

    assert "look at the device first" in ask(services, identifier, again=again)


def test_what_is_over_or_under_way_is_not_tried_again(engine, services):
    done = ordered(services)
    attempt(services, "done")
    said = one_command(engine, done)["command_uuid"]
    process([envelope(answer("Acknowledged", command_uuid=said))], services)
    assert ask(services, done) == "it is done"

    running = ordered(services, key="running")
    due(services)
    assert "at this moment" in ask(services, running)

    action = PostChat(notice="x", facts={})
    later = Owed(action=action, key="later", after=600.0).record(services.now())
    with write_transaction(engine) as connection:
        add_actions(connection, [later])
    assert "meant to wait until" in ask(services, later.id)


def test_a_command_that_nobody_needs_or_that_was_answered_is_not_sent_again(engine, services):
    void, answered = ordered(services, key="void"), ordered(services, key="answered")
    give_up(engine, [void], reason="the licence was taken back", now=services.now())
    said = one_command(engine, answered)["command_uuid"]
    process([envelope(answer("Acknowledged", command_uuid=said))], services)
    attempt(services, "dead", error="no")

    assert ask(services, void) == "nobody needs its command any more: the licence was taken back"
    assert ask(services, answered) == "its device has answered the command: Acknowledged"


@pytest.mark.parametrize("kept", [{"PIN": "[secret]"}, {"Nested": [{"Payload": "[12 bytes of data]"}]}])
def test_what_lost_its_secrets_when_it_was_over_cannot_be_sent_again(services, kept):
    identifier = ordered(services, "DeviceLock", **kept)
    attempt(services, "dead", error="no")

    assert "order it anew" in ask(services, identifier)


def test_many_are_judged_one_by_one_and_those_that_are_not_there_are_left_out(engine, services):
    good, bad = ordered(services, key="good"), ordered(services, "EraseDevice", key="bad")
    attempt(services, "dead", error=UNKNOWN)

    verdicts = {v.id: v for v in retry(engine, [good, bad, "none"], now=services.now())}

    assert sorted(verdicts) == sorted([good, bad])
    assert verdicts[good].refusal is None
    assert verdicts[bad].refusal is not None
    assert (one_action(engine, good)["state"], one_action(engine, bad)["state"]) == ("pending", "dead")
    assert verdict_of(engine, "none", now=services.now()) is None


def test_the_same_key_orders_the_same_command_once(engine, services):
    action = SendCommand(device_id=UDID, sender="micromdm", request_type="ProfileList")
    first = order(engine, Owed(action=action, key="command:x").record(services.now()))
    again = order(engine, Owed(action=action, key="command:x").record(services.now() + timedelta(seconds=5)))

    assert (first.is_new, again.is_new) == (True, False)
    assert (first.id, first.command_uuid, first.state) == (again.id, again.command_uuid, "pending")


def test_open_commands_that_are_given_up_are_void_and_their_installs_failed(engine, services):
    enrol(services)
    process([assigned("C02XYZ")], services)
    attempt(services, "done")
    leaving = ordered(services, key="leaving")
    due(services)
    found = open_commands(engine, UDID, "micromdm")

    give_up(engine, [one.id for one in found if not one.is_leaving], reason="cleared", now=services.now())

    assert [one.id for one in found if one.is_leaving] == [leaving]
    assert [one.id for one in open_commands(engine, UDID, "micromdm")] == [leaving]
    (install,) = list_installs(engine, Question()).items
    assert (install["state"], install["reason"]) == ("failed", "cleared")
    assert open_commands(engine, UDID, "other") == []
