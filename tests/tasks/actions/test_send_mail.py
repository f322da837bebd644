from dataclasses import replace

import pytest

from clients.mail import Mailer
from domain.errors import OutcomeUnknown, PermanentError, TransientError
from simulators.faults import Down
from simulators.smtp import MailServer
from tasks.actions.send_mail import SendMail
from tasks.effects import Partly

EXAMPLE = SendMail(
    notice="device_enrolled",
    facts={"name": "Pier 4\r\nBcc: all@example.org <b>", "serial_number": "DMPX0001"},
    recipients=["a@example.org", "b@example.org"],
)
ID = "0195" + "ab" * 14


@pytest.fixture
def server():
    with MailServer() as server:
        yield server


@pytest.fixture
def world(server, outside):
    return outside(mailer=Mailer(server.url, "Windfall <windfall@example.org>", deadline=5.0))


def test_a_notice_is_one_mail_to_all_recipients(server, world):
    note = EXAMPLE.perform(world, action_id=ID)

    [mail] = server.mails
    assert note is None
    assert (mail.sender, mail.recipients) == ("windfall@example.org", ("a@example.org", "b@example.org"))
    assert mail.subject == "Device enrolled: Pier 4 Bcc: all@example.org <b>"
    assert mail.text.startswith("Device enrolled: Pier 4 Bcc: all@example.org <b>\n\nName: Pier 4 Bcc")
    assert "<td>Pier 4 Bcc: all@example.org &lt;b&gt;</td>" in mail.html
    assert mail.message["Bcc"] is None
    assert mail.message["Auto-Submitted"] == "auto-generated"


def test_sent_again_it_is_the_same_mail_and_another_notice_is_another(server, world):
    for identifier in (ID, ID, ID[::-1]):
        EXAMPLE.perform(world, action_id=identifier)

    first, again, other = (mail.message_id for mail in server.mails)
    assert first == again == f"<{ID}@windfall.invalid>"
    assert other != first


def test_recipients_who_did_not_get_it_are_named(server, world):
    server.refuse("550 5.1.1 no such user", recipient="b@example.org")

    note = EXAMPLE.perform(world, action_id=ID)

    assert note is not None
    assert note.startswith("not delivered to b@example.org (550 ")
    assert "no such user" in note
    assert [mail.recipients for mail in server.mails] == [("a@example.org",)]


@pytest.mark.parametrize("reply", ["451 4.7.1 greylisted", "452 4.5.3 too many recipients"])
def test_recipients_who_may_be_taken_later_are_left_for_an_action_of_their_own(server, world, reply):
    mail = replace(EXAMPLE, recipients=["a@example.org", "b@example.org", "c@example.org"])
    server.refuse(reply, recipient="b@example.org")
    server.refuse("550 5.1.1 no such user", recipient="c@example.org")

    partly = mail.perform(world, action_id=ID)

    assert partly == Partly(
        rest=replace(mail, only=["b@example.org"], first=ID),
        note=f"not delivered to c@example.org (550 5.1.1 no such user); "
        f"tried again by an action of its own for b@example.org ({reply})",
    )
    server.accept()
    assert partly.rest.perform(world, action_id=ID[::-1]) is None
    first, second = server.mails
    assert (first.recipients, second.recipients) == (("a@example.org",), ("b@example.org",))
    assert first.message_id == second.message_id == f"<{ID}@windfall.invalid>"
    assert first.message["To"] == second.message["To"]


@pytest.mark.parametrize(("reply", "error"), [("451 4.7.1 later", TransientError), ("550 5.7.1 never", PermanentError)])
def test_a_server_that_refuses_is_told_apart_by_its_reply(server, world, reply, error):
    server.refuse(reply)

    with pytest.raises(error, match=reply[:3]):
        EXAMPLE.perform(world, action_id=ID)


def test_a_server_that_is_away_may_come_back(server, world):
    server.go_down(Down.REFUSING)

    with pytest.raises(TransientError) as caught:
        EXAMPLE.perform(world, action_id=ID)

    assert caught.value.down
    server.come_back()
    assert EXAMPLE.perform(world, action_id=ID) is None


def test_a_lost_answer_leaves_the_outcome_unknown(server, world):
    server.faults.lose_reply()

    with pytest.raises(OutcomeUnknown):
        EXAMPLE.perform(world, action_id=ID)

    assert len(server.mails) == 1


def test_without_a_mail_server_it_says_what_to_set(outside):
    with pytest.raises(PermanentError, match="WINDFALL_SMTP_URL"):
        EXAMPLE.perform(outside(), action_id=ID)


def test_a_notice_that_nobody_knows_is_not_sent(server, world):
    with pytest.raises(PermanentError, match="orchard"):
        SendMail(notice="orchard", facts={}, recipients=["a@example.org"]).perform(world, action_id=ID)

    assert server.mails == []
