"""The ledger: owed once, claimed by one, settled by who claimed it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import insert, select

from state.calls import begin_call
from state.outbox import NewAction, Settlement, claim, due_destinations, is_due, settle
from state.schema import actions, commands, installs
from state.unit_of_work import unit_of_work
from tests.databases import ON_POSTGRESQL
from tests.deliveries import MINUTE, NOON, SECOND, UDID

LATER = NOON + 4 * MINUTE


def new(number, **more):
    values = {
        "id": f"{number:032x}",
        "key": f"key-{number}",
        "kind": "send_mail",
        "destination": "mail",
        "arguments": {"number": number},
        "created_at": NOON,
        "not_before": NOON,
        **more,
    }
    return NewAction(**values)


def command(number, **more):
    row = {
        "command_uuid": f"C{number}",
        "device_id": UDID,
        "sender": "micromdm",
        "request_type": "InstallApplication",
        "arguments": {},
        "digest": "d",
        "state": "pending",
        "created_at": NOON,
        "pushes": 0,
    }
    return new(number, kind="send_command", command=row, **more)


@pytest.fixture
def owe(engine):
    def owe(*records):
        with unit_of_work(engine, NOON) as uow:
            for record in records:
                uow.owe(record)
        return list(uow.owed)

    return owe


def take(engine, *, now=NOON, until=LATER, limit=100, destination="mail"):
    return claim(engine, destination, now=now, until=until, limit=limit)


def end(one, state="done", **more):
    return Settlement(id=one.id, attempt=one.attempt, until=one.until, state=state, **more)


def rows(engine, table=actions):
    with engine.connect() as connection:
        return connection.execute(select(table).order_by(table.c.id)).all()


def test_what_has_a_key_is_owed_once(engine, owe):
    owe(new(1), new(2, key="key-1"))
    owe(new(3, key="key-1"), new(4))

    assert [row.key for row in rows(engine)] == ["key-1", "key-4"]
    assert rows(engine)[0].arguments == {"number": 1}


def test_what_was_done_is_not_owed_again(engine, owe):
    owe(new(1))
    settle(engine, [end(one) for one in take(engine)], NOON)

    owe(new(2, key="key-1"))

    assert [row.state for row in rows(engine)] == ["done"]


def test_the_longest_due_is_claimed_first_and_nothing_before_its_time(engine, owe):
    owe(new(1, not_before=NOON), new(2, not_before=NOON - SECOND), new(3, not_before=NOON + SECOND))
    owe(new(4, destination="chat"))

    assert [one.id for one in take(engine, limit=1)] == [new(2).id]
    assert [one.id for one in take(engine)] == [new(1).id]
    assert take(engine) == []


def test_a_claim_has_all_that_is_needed_to_perform_it(engine, owe):
    owe(new(7))

    [one] = take(engine)

    assert (one.key, one.kind, one.destination, one.arguments) == ("key-7", "send_mail", "mail", {"number": 7})
    assert (one.attempt, one.until) == (1, LATER)


def test_what_is_claimed_is_nobody_elses_until_the_claim_runs_out(engine, owe):
    owe(new(1))
    [first] = take(engine)

    assert take(engine, now=LATER - SECOND) == []
    [second] = take(engine, now=LATER, until=LATER + MINUTE)

    assert first.attempt == 1
    assert second.attempt == 2


def test_two_who_claim_at_once_never_get_the_same(engine, owe):
    owe(*(new(number) for number in range(200)))
    start = Barrier(4)

    def work(_):
        start.wait()
        found = []
        while claimed := take(engine, limit=7):
            found += claimed
        return found

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, range(4)))

    claimed = [one.id for share in shares for one in share]
    assert sorted(claimed) == [new(number).id for number in range(200)]


@ON_POSTGRESQL
def test_a_claimer_passes_over_what_another_is_just_claiming(engine, owe):
    owe(new(1), new(2))

    with engine.connect() as connection, connection.begin():
        connection.execute(select(actions).where(actions.c.id == new(1).id).with_for_update())
        assert [one.id for one in take(engine)] == [new(2).id]


def test_a_late_settle_changes_nothing(engine, owe):
    owe(command(1), new(2))
    add_install(engine, command_id=command(1).id)
    late = take(engine)
    begin_call(engine, [command(1).id], NOON)
    take(engine, now=LATER, until=LATER + MINUTE)
    before = [rows(engine, table) for table in (actions, commands, installs)]

    for state in ("done", "dead", "retryable", "released"):
        ends = [end(one, state, error="late", at=NOON, happened=False, arguments={}) for one in late]
        ours = settle(engine, ends, LATER, owed={one.id: [new(9, key="told")] for one in late})

        assert ours == []
        assert [rows(engine, table) for table in (actions, commands, installs)] == before


def test_what_follows_from_a_settlement_is_owed_with_it(engine, owe):
    owe(new(1), new(2))
    ends = [end(one, "dead", error="no") for one in take(engine)]

    ours = settle(engine, ends, NOON, owed={one.id: [new(9, key="told", not_before=LATER)] for one in ends})

    assert ours == ends
    assert [(row.key, row.state) for row in rows(engine)] == [("key-1", "dead"), ("key-2", "dead"), ("told", "pending")]


def test_what_was_given_back_counts_no_attempt_and_is_due_at_once(engine, owe):
    owe(new(1))
    settle(engine, [end(one, "released") for one in take(engine)], NOON)

    [again] = take(engine)
    assert again.attempt == 1
    settle(engine, [end(again, "retryable", error="why", at=NOON)], NOON)
    settle(engine, [end(one, "released") for one in take(engine)], NOON + SECOND)

    [row] = rows(engine)
    assert (row.state, row.attempts, row.error) == ("retryable", 1, "why")
    assert is_due(engine, "mail", NOON + SECOND)


def test_another_try_is_not_before_its_time(engine, owe):
    owe(new(1))
    [one] = take(engine)
    settle(engine, [end(one, "retryable", error="busy", at=NOON + MINUTE)], NOON)

    assert take(engine, now=NOON + 59 * SECOND) == []
    assert due_destinations(engine, NOON + 59 * SECOND) == []
    assert due_destinations(engine, NOON + MINUTE) == ["mail"]
    [again] = take(engine, now=NOON + MINUTE)
    assert again.attempt == 2


def test_what_is_over_may_lose_its_arguments(engine, owe):
    owe(new(1), new(2))
    first, second = take(engine)

    settle(engine, [end(first, arguments={"pin": "[secret]"}), end(second, "retryable", at=NOON, arguments={})], NOON)

    assert [row.arguments for row in rows(engine)] == [{"pin": "[secret]"}, {"number": 2}]


@pytest.mark.parametrize(
    ("outcome", "command_is", "install_is"),
    [
        ({"state": "done"}, ("sent", NOON, NOON), ("command_sent", None)),
        ({"state": "dead", "error": "no"}, ("dead", NOON, None), ("failed", "the command could not be sent: no")),
        ({"state": "retryable", "at": LATER, "happened": False}, ("pending", None, None), ("waiting", None)),
        ({"state": "retryable", "at": LATER}, ("pending", NOON, None), ("waiting", None)),
        ({"state": "released"}, ("pending", NOON, None), ("waiting", None)),
    ],
)
def test_commands_and_installs_follow_the_action_that_sends_them(engine, owe, outcome, command_is, install_is):
    owe(command(1))
    add_install(engine, command_id=command(1).id)
    [one] = take(engine)
    begin_call(engine, [one.id], NOON)

    settle(engine, [replace(end(one), **outcome)], NOON)

    [sent], [install] = rows(engine, commands), rows(engine, installs)
    assert (sent.state, sent.called_at, sent.sent_at) == command_is
    assert (install.state, install.reason) == install_is
    assert (sent.next_push_at is not None) == (outcome["state"] == "done")


@pytest.mark.parametrize("said", ["Acknowledged", "Error", "NotNow", "void"])
@pytest.mark.parametrize("state", ["done", "dead"])
def test_a_device_that_answered_first_has_the_last_word(engine, owe, said, state):
    owe(command(1))
    add_install(engine, command_id=command(1).id)
    [one] = take(engine)
    with engine.begin() as connection:
        connection.execute(commands.update().values(state=said))
        connection.execute(installs.update().values(state="command_sent"))

    settle(engine, [end(one, state)], NOON)

    assert [row.state for row in rows(engine, commands)] == [said]
    assert [row.state for row in rows(engine, installs)] == ["command_sent"]


def add_install(engine, *, command_id):
    row = {"id": "1", "device_id": UDID, "serial_number": "S", "adam_id": "1", "generation": "", "state": "waiting"}
    row |= {"command_id": command_id, "tries": 1, "checks": 0, "created_at": NOON, "changed_at": NOON}
    with engine.begin() as connection:
        connection.execute(insert(installs).values(row))


def test_what_waits_for_more_waits_anew_but_not_for_ever(engine, owe):
    def waits(after, now):
        owe(new(1, created_at=NOON + now * SECOND, not_before=NOON + (now + after) * SECOND, long=900 * SECOND))
        return (rows(engine)[0].next_attempt_at - NOON).total_seconds()

    assert [waits(120, now) for now in (0, 60, 30, 170, 850, 5000)] == [120, 180, 180, 290, 900, 900]
    assert len(rows(engine)) == 1


@pytest.mark.parametrize("state", ["running", "retryable", "done", "dead"])
def test_what_was_tried_does_not_wait_for_more(engine, owe, state):
    owe(new(1, long=900 * SECOND))
    [one] = take(engine)
    if state != "running":
        settle(engine, [end(one, state, at=NOON)], NOON)
    before = rows(engine)

    owe(new(1, not_before=LATER, long=900 * SECOND))

    assert rows(engine) == before


@pytest.mark.parametrize(
    ("state", "keys"),
    [
        ("pending", ["key-1"]),
        ("released", ["key-1"]),
        ("retryable", ["key-1"]),
        ("running", ["key-1", "key-2"]),
        ("done", ["key-1", "key-2"]),
        ("dead", ["key-1", "key-2"]),
    ],
)
def test_what_comes_too_late_for_an_action_is_owed_with_the_next(engine, owe, state, keys):
    owe(new(1))
    if state != "pending":
        [one] = take(engine)
        if state != "running":
            settle(engine, [end(one, state, at=NOON)], NOON)

    added = owe(new(9, key="key-1", instead=new(2, instead=new(3))))

    assert [row.key for row in rows(engine)] == keys
    assert [action.key for action in added] == keys[1:]


def test_what_comes_too_late_for_that_one_too_is_owed_with_the_one_after(engine, owe):
    owe(new(1), new(2))
    take(engine)

    owe(new(8, key="key-1", instead=new(9, key="key-2", instead=command(3))))

    assert [row.key for row in rows(engine)] == ["key-1", "key-2", "key-3"]
    assert [row.id for row in rows(engine, commands)] == [command(3).id]


def test_nobody_takes_what_others_are_about_to_come_too_late_for(engine, owe):
    owe(new(1))

    with unit_of_work(engine, NOON) as uow:
        uow.owe(new(1, instead=new(2)))
        uow.flush()
        if engine.dialect.name == "postgresql":
            # SQLite has one writer at a time.
            assert take(engine) == []

    assert [one.key for one in take(engine)] == ["key-1"]
