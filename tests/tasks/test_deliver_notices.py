"""Mails and notices all the way: recipients who are taken later, and storms that are told late."""

import pytest

from clients.mail import Mailer
from clients.micromdm import MicroMDM
from simulators.faults import Down
from simulators.micromdm_api import MicroMDMApi
from simulators.smtp import MailServer
from state.outbox import claim, settle
from tasks.actions.send_mail import SendMail
from tasks.effects import Partly
from tasks.judging import SCHEDULE, follow_ups, settlement_of
from tasks.manners import CLAIM
from tasks.owing import Owed
from tasks.setup import Setup
from tests.deliveries import MINUTE, SECOND
from tests.tasks.delivering import DEVICES, KEY, MICROMDM, World, order

A, B, C = (f"{name}@example.org" for name in "abc")
MAIL = SendMail(notice="device_enrolled", facts={"name": "Pier 4"}, recipients=[A, B, C])
LATER = "451 4.7.1 greylisted"


def taken(mails):
    return [mail.recipients for mail in mails.mails]


def test_who_is_refused_for_now_gets_the_mail_later_and_nobody_gets_it_twice(world, mails):
    [first] = world.owe(MAIL)
    mails.refuse(LATER, recipient=B)
    mails.refuse(LATER, recipient=C)

    world.deliver("mail")

    [rest] = [row for identifier, row in world.actions().items() if identifier != first]
    assert world.actions()[first].state == "done"
    assert (rest.state, rest.attempts, rest.arguments["only"]) == ("pending", 0, [B, C])
    world.later(SCHEDULE[0])
    world.deliver("mail")
    assert (world.actions()[rest.id].state, taken(mails)) == ("retryable", [(A,)])

    mails.accept()
    mails.refuse(LATER, recipient=C)
    world.settle_all("mail", rounds=2)
    mails.accept()
    world.settle_all("mail")

    assert taken(mails) == [(A,), (B,), (C,)]
    assert world.states() == ["done"] * 3
    assert len({mail.message_id for mail in mails.mails}) == 1


def test_who_is_refused_for_good_is_told_and_not_tried_again(world, mails):
    [first] = world.owe(MAIL)
    mails.refuse("550 5.1.1 no such user", recipient=B)

    world.settle_all("mail")

    assert taken(mails) == [(A, C)]
    assert {i: (row.state, row.error) for i, row in world.actions().items()} == {
        first: ("done", f"not delivered to {B} (550 5.1.1 no such user)")
    }


def test_who_is_never_taken_ends_dead_while_the_others_have_it(world, mails):
    [first] = world.owe(MAIL)
    mails.refuse(LATER, recipient=B)

    for _ in range(len(SCHEDULE) + 3):
        world.deliver("mail")
        world.later(40_000)

    [rest] = [row for identifier, row in world.actions().items() if identifier != first]
    assert world.actions()[first].state == "done"
    assert (rest.state, rest.attempts) == ("dead", len(SCHEDULE) + 1)
    assert taken(mails) == [(A, C)]


def test_a_replay_and_a_late_settle_leave_one_mail_and_one_rest(world, mails):
    record = Owed(action=MAIL, key="mail:occasion").record(world.now)
    world.add(record)
    [claimed] = claim(world.engine, "mail", now=world.now, until=world.now + MINUTE, limit=1)
    mails.refuse(LATER, recipient=B)
    partly = MAIL.perform(world.outside, action_id=claimed.id)
    assert isinstance(partly, Partly)

    for _ in range(2):  # the second is no longer ours
        owed = {claimed.id: list(follow_ups(claimed, partly, world.now))}
        settle(world.engine, [settlement_of(claimed, partly, world.now)], world.now, owed=owed)
        world.add(Owed(action=MAIL, key="mail:occasion").record(world.now))
        world.later(30)
    mails.accept()
    world.settle_all("mail")

    assert taken(mails) == [(A, C), (B,)]
    assert world.states() == ["done", "done"]


def test_a_claim_that_was_lost_owes_nothing_to_anybody(world, mails):
    world.owe(MAIL)
    [lost] = claim(world.engine, "mail", now=world.now, until=world.now + MINUTE, limit=1)
    world.later(60)
    [theirs] = claim(world.engine, "mail", now=world.now, until=world.now + MINUTE, limit=1)
    partly = Partly(rest=MAIL, note="later")

    ours = settle(
        world.engine,
        [settlement_of(lost, partly, world.now)],
        world.now,
        owed={lost.id: list(follow_ups(lost, partly, world.now))},
    )

    assert (ours, theirs.id, world.states()) == ([], lost.id, ["running"])


@pytest.fixture
def erasing(engine, redis_client):
    """A world of people who have mail, in which an order to erase a device gives up."""
    setup = Setup(mdm_servers={"micromdm": "micromdm"}, mail_to=(A,))
    world = World(engine, redis_client, setup=setup)
    with MailServer() as mails, MicroMDMApi(api_key=KEY) as api:
        world.connect(
            mailer=Mailer(mails.url, "windfall@example.org", deadline=5.0),
            mdm={"micromdm": MicroMDM(api.url, lambda: KEY, deadline=5.0)},
        )

        def erase(*devices):
            for device in devices:
                # The reply is lost, and so nobody knows whether the device was erased.
                world.owe(order(device, "EraseDevice"))
                api.faults.lose_reply()
                world.deliver(MICROMDM)

        yield world, mails, erase


def subjects(world, mails):
    """Of all mails, once those that are due are sent."""
    world.deliver("mail")
    return [mail.subject.partition(" to ")[0] for mail in mails.mails]


def test_a_storm_that_is_told_hours_late_is_told_once_with_its_whole_number(erasing):
    world, mails, erase = erasing
    mails.go_down(Down.REFUSING)
    for device in DEVICES:
        erase(device)
        world.later(240)
    assert world.states(MICROMDM) == ["dead"] * len(DEVICES)

    world.later(3 * 3600)
    mails.come_back()
    world.settle_all("mail")

    [mail] = mails.mails
    assert mail.subject == f"{len(DEVICES)} commands to the MDM server micromdm gave up"
    assert "gave up since 2026-03-01 12:00 UTC." in mail.text


def test_what_gives_up_after_people_were_told_is_told_when_the_next_hour_begins_and_not_twice(erasing):
    world, mails, erase = erasing
    erase(DEVICES[0])
    world.later(150)
    assert subjects(world, mails) == ["1 command"]

    for device in DEVICES[1:4]:
        world.later(400)
        erase(device)
        assert subjects(world, mails) == ["1 command"]
    world.later(3600)
    assert subjects(world, mails) == ["1 command", "3 commands"]

    world.later(3 * 3600)
    erase(DEVICES[4])
    world.later(150)
    assert subjects(world, mails) == ["1 command", "3 commands", "1 command"]
    world.later(24 * 3600)
    assert len(subjects(world, mails)) == 3


def test_what_gives_up_in_the_next_hour_before_it_is_told_is_told_with_it(erasing):
    world, mails, erase = erasing
    world.later(50 * 60)
    erase(DEVICES[0])
    world.later(150)
    assert subjects(world, mails) == ["1 command"]

    erase(DEVICES[1], DEVICES[2])
    world.later(7.5 * 60 + 1)
    erase(DEVICES[3])
    world.later(150)
    assert subjects(world, mails) == ["1 command", "3 commands"]
    erase(DEVICES[4])
    world.later(150)
    assert len(subjects(world, mails)) == 2
    world.later(3600)
    assert subjects(world, mails) == ["1 command", "3 commands", "1 command"]


def test_what_gives_up_while_its_notice_is_on_its_way_is_told_later(erasing):
    world, mails, erase = erasing
    erase(DEVICES[0])
    world.later(150)
    [on_its_way] = claim(world.engine, "mail", now=world.now, until=world.now + CLAIM * SECOND, limit=1)
    assert SendMail(**on_its_way.arguments).perform(world.outside, action_id=on_its_way.id) is None
    world.later(1)
    erase(DEVICES[1])
    settle(world.engine, [settlement_of(on_its_way, None, world.now)], world.now)
    world.later(3600)

    assert subjects(world, mails) == ["1 command", "1 command"]


def test_after_hours_without_mail_the_first_notice_tells_it_all_and_the_others_nothing(erasing):
    world, mails, erase = erasing
    mails.go_down(Down.REFUSING)
    for device in DEVICES[:4]:
        erase(device)
        world.later(3600)
    world.deliver("mail")
    mails.come_back()
    world.settle_all("mail")

    assert subjects(world, mails) == ["4 commands"]
    notes = [row.error for row in world.actions().values() if row.destination == "mail"]
    assert sorted(note or "" for note in notes) == ["", *["there is nothing left to tell"] * 3]
