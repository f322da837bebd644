"""Installs, commands and actions as people read them, and what is counted of them."""

from datetime import timedelta

import pytest

from domain.errors import BadQuery
from state.destinations import note_failure
from state.engine import write_transaction
from state.outbox import add_actions
from state.queries import actions as action_queries
from state.queries import commands as command_queries
from state.queries import installs as install_queries
from state.queries.actions import action_ids, dead_ids, list_actions, one_action
from state.queries.commands import list_commands, one_command
from state.queries.events import list_events
from state.queries.installs import list_installs, one_install
from state.queries.owed import UNSETTLED, action_counts, dead_actions, install_counts, longest_due, troubles
from state.queries.pages import Question, read_question
from tasks.actions.post_chat import PostChat
from tasks.actions.send_command import SendCommand
from tasks.owing import Owed
from tasks.process import process
from tasks.registry import load_handlers
from tests.deliveries import UDID, answer, envelope
from tests.owed import APP, MDM, assigned, attempt, enrol

load_handlers()


def owe(services, action, key="k"):
    record = Owed(action=action, key=key).record(services.now())
    with write_transaction(services.engine) as connection:
        add_actions(connection, [record])
    return record.id


def lock(pin="123456"):
    arguments = {"PIN": pin, "Message": "Lost"}
    return SendCommand(device_id=UDID, sender="micromdm", request_type="DeviceLock", arguments=arguments)


def test_an_install_carries_its_proof_step_by_step(engine, services):
    enrol(services)
    process([assigned("C02XYZ")], services)
    (waiting,) = list_installs(engine, Question()).items
    attempt(services, "done")
    (sent,) = list_installs(engine, Question(filters={"command_uuid": waiting["command_uuid"]})).items
    said = {"command_uuid": waiting["command_uuid"], "Identifier": "com.example.app", "State": "Installing"}
    process([envelope(answer("Acknowledged", **said))], services)
    item = one_install(engine, waiting["id"])

    assert tuple(waiting) == (*install_queries.FIELDS, "proof")
    assert (waiting["state"], sent["state"], item["state"]) == ("waiting", "command_sent", "acknowledged")
    assert waiting["proof"] == {
        "licensed": {"event_id": "apple-event"},
        "sent_at": None,
        "acknowledged": None,
        "installed": None,
    }
    assert item["proof"]["acknowledged"] == {"at": "2026-03-01T12:00:00.000000Z", "event_id": the_answer(engine)}
    assert item["proof"]["sent_at"] is not None
    assert (item["bundle_id"], item["serial_number"], item["adam_id"]) == ("com.example.app", "C02XYZ", APP)
    assert one_install(engine, "x") is None


def the_answer(engine):
    """Id of the event that answered."""
    (event,) = list_events(engine, Question(filters={"type": "mdm.Connect"})).items
    return event["id"]


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [("device_id", UDID, 2), ("serial_number", "C02XYZ", 2), ("adam_id", "1", 1), ("state", "failed", 0)],
)
def test_installs_are_filtered_by_their_fields(engine, services, name, value, count):
    enrol(services)
    process([assigned("C02XYZ"), assigned("C02XYZ", adam_id="1")], services)

    assert len(list_installs(engine, Question(filters={name: value})).items) == count


def test_commands_come_newest_first_and_one_tells_who_answered(engine, services):
    enrol(services)
    first = owe(services, lock(), "a")
    attempt(services, "done")
    newest = list_commands(engine, Question()).items[0]
    process([envelope(answer("Error", command_uuid=newest["command_uuid"]))], services)

    item = one_command(engine, first)

    assert tuple(newest) == command_queries.FIELDS
    assert (newest["id"], newest["state"]) == (first, "sent")
    assert (item["state"], item["request_type"]) == ("Error", "DeviceLock")
    assert (item["pushes"], item["next_push_at"]) == (0, None)
    assert item["answer_event_id"] == the_answer(engine)
    assert [i["id"] for i in list_commands(engine, Question(filters={"state": "Error"})).items] == [first]
    assert len(list_commands(engine, Question(filters={"sender": "micromdm", "device_id": UDID})).items) == 1
    with pytest.raises(BadQuery, match="NotNow"):
        list_commands(engine, Question(filters={"state": "lost"}))
    assert one_command(engine, "x") is None


def test_no_secret_of_a_command_is_ever_told(engine, services):
    identifier = owe(services, lock(pin="987654"))

    told = [
        list_actions(engine, Question()).items,
        list_commands(engine, Question()).items,
        one_action(engine, identifier),
        one_command(engine, identifier),
    ]

    assert "987654" not in str(told)
    assert one_action(engine, identifier)["arguments"]["arguments"] == {"PIN": "[secret]", "Message": "Lost"}


def test_an_action_of_another_kind_keeps_its_secrets_too(engine, services):
    identifier = owe(services, PostChat(notice="x", facts={"user": "a", "nested": [{"api_token": "hidden"}]}))

    item = one_action(engine, identifier)

    assert "hidden" not in str(item)
    assert (item["command"], item["arguments"]["facts"]["user"]) == (None, "a")


def test_an_action_tells_its_fields_and_its_key_when_it_is_alone(engine, services):
    identifier = owe(services, lock(), "command:x")
    (listed,) = list_actions(engine, Question(filters={"kind": "send_command", "destination": MDM})).items
    attempt(services, "dead", error="no")

    item = one_action(engine, identifier)

    assert tuple(listed) == action_queries.FIELDS
    assert (listed["state"], listed["attempts"], listed["next_attempt_at"]) == ("pending", 0, listed["created_at"])
    assert (item["state"], item["attempts"], item["error"], item["next_attempt_at"]) == ("dead", 1, "no", None)
    assert (item["key"], item["command"]["state"]) == ("command:x", "dead")
    assert one_action(engine, "x") is None


def test_actions_come_newest_first_page_by_page_and_are_found_by_the_beginning_of_an_id(engine, services):
    ids = [owe(services, lock(), f"k{number}") for number in range(3)]

    first = list_actions(engine, Question(limit=2))
    second = list_actions(engine, read_question({"limit": "2", "cursor": first.next}))

    assert [item["id"] for item in (*first.items, *second.items)] == sorted(ids, reverse=True)
    assert action_ids(engine, ids[0]) == [ids[0]]
    assert action_ids(engine, "\x00") == []


def test_what_is_open_or_dead_is_counted_and_what_is_done_is_not(engine, services):
    owe(services, lock(), "a")
    attempt(services, "done")
    owe(services, lock(), "b")
    attempt(services, "dead", error="it broke")
    last = owe(services, lock(), "c")
    attempt(services, "dead", error="it broke again")
    owe(services, lock(), "d")

    counts = {(row.destination, row.kind, row.state): row.count for row in action_counts(engine)}
    dead = dead_actions(engine)

    assert counts == {(MDM, "send_command", "dead"): 2, (MDM, "send_command", "pending"): 1}
    assert (dead.count, dead.id, dead.error) == (2, last, "it broke again")
    assert dead_ids(engine, destination=MDM, after="", limit=9)[-1] == last
    assert dead_ids(engine, destination="mail", after="", limit=9) == dead_ids(
        engine, destination=None, after=last, limit=9
    )


def test_nothing_is_counted_where_nothing_is_owed(engine):
    assert (action_counts(engine), dead_actions(engine), dict(troubles(engine))) == ([], None, {})
    assert install_counts(engine) == dict.fromkeys(UNSETTLED, 0)


def test_installs_are_counted_by_state(engine, services):
    enrol(services)
    process([assigned("C02XYZ"), assigned("C02XYZ", adam_id="1")], services)

    assert install_counts(engine) == dict.fromkeys(UNSETTLED, 0) | {"waiting": 2}


def test_the_longest_due_action_of_each_destination_is_known(engine, services):
    owe(services, lock())
    now = services.now()

    assert longest_due(engine, now - timedelta(hours=1)) == {}
    assert list(longest_due(engine, now)) == [MDM]
    attempt(services, "retryable", error="away")
    assert longest_due(engine, services.now()) == {}


def test_a_destination_in_trouble_is_told_with_its_error(engine, services):
    now = services.now()
    for _ in range(3):
        note_failure(engine, MDM, error="refused", now=now, retry_after=None)

    trouble = troubles(engine)[MDM]

    assert (trouble.failures, trouble.error, trouble.is_paused(now)) == (3, "refused", True)
    later = now + timedelta(hours=1)
    assert (trouble.is_paused(later), trouble.is_away(later)) == (False, True)
