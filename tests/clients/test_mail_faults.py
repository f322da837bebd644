"""A mail through a server that refuses, drips or breaks off at every point of the conversation."""

from dataclasses import replace

import pytest

from clients.letter import Mail
from clients.mail import Mailer, Refused
from domain.errors import OutcomeUnknown, PermanentError, TransientError
from tests.clients.far_end import drip, hang_up, in_turn, reset, say, silence
from tests.clients.smtp_end import GOOD
from tests.clients.test_deadlines import SHORT, ends_in_time
from tests.clients.test_mail import MAIL, SENDER


@pytest.fixture
def mailer(mail_end):
    return Mailer(mail_end.url, SENDER)


@pytest.mark.parametrize("verb", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(
    ("reply", "kind", "down"),
    [
        (b"421 4.3.2 closing", TransientError, True),
        (b"451 4.7.1 later", TransientError, False),
        (b"554 no", PermanentError, False),
    ],
)
def test_a_refusal_at_any_point_goes_by_its_code(mail_end, mailer, verb, reply, kind, down):
    mail_end.steps = {verb: say(reply + b"\r\n"), "HELO": say(reply + b"\r\n")}

    with pytest.raises((TransientError, PermanentError), match=reply.decode().split(maxsplit=1)[0]) as caught:
        mailer.send(MAIL)

    assert (type(caught.value), getattr(caught.value, "down", None)) == (kind, down)
    assert str(caught.value).startswith(f"mail (127.0.0.1:{mail_end.port}) ")


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_mails_wait_for_people_while_the_server_wants_another_login(mail_end, mailer, verb):
    mail_end.steps = {verb: say(b"530 5.7.0 Must issue a STARTTLS command first\r\n")}

    with pytest.raises(TransientError, match=r"530.*look at WINDFALL_SMTP_URL") as caught:
        mailer.send(MAIL)

    assert caught.value.down


@pytest.mark.parametrize("verb", ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("broken", [hang_up, reset, say(b"nonsense\r\n")], ids=["hung up", "reset", "nonsense"])
def test_a_conversation_that_breaks_off_before_the_mail_was_sent_may_be_repeated(mail_end, mailer, verb, broken):
    mail_end.steps = {verb: broken, "HELO": broken}

    with pytest.raises(TransientError) as caught:
        mailer.send(MAIL)

    assert (type(caught.value), caught.value.down) == (TransientError, True)


@pytest.mark.parametrize(
    "broken",
    [hang_up, reset, say(b"nonsense\r\n"), say(b"2"), say(b"x" * 9000)],
    ids=["hung up", "reset", "nonsense", "cut", "long"],
)
def test_a_mail_sent_in_full_without_an_answer_has_an_unknown_outcome(mail_end, mailer, broken):
    mail_end.steps = {".": in_turn(broken, hang_up)}

    with pytest.raises(OutcomeUnknown):
        mailer.send(MAIL)


@pytest.mark.parametrize(
    ("verb", "kind"),
    [("connect", TransientError), ("EHLO", TransientError), ("DATA", TransientError), (".", OutcomeUnknown)],
)
@pytest.mark.parametrize("slow", [silence, drip(b"250-drip\r\n" * 100)], ids=["silent", "dripping"])
def test_the_whole_conversation_ends_at_the_deadline(mail_end, verb, kind, slow):
    mail_end.steps = {verb: slow}

    with ends_in_time(), pytest.raises(TransientError, match="timed out") as caught:
        Mailer(mail_end.url, SENDER, deadline=SHORT).send(MAIL)

    assert type(caught.value) is kind


def test_a_mail_that_could_not_be_sent_in_full_may_be_repeated(mail_end):
    mail_end.steps = {"DATA": in_turn(GOOD["DATA"], silence)}
    big = Mail(
        subject="s", text=("x" * 70 + "\n") * 80_000, recipients=("a@example.com",), message_id="<1@example.com>"
    )

    with pytest.raises(TransientError, match="timed out") as caught:
        Mailer(mail_end.url, SENDER, deadline=SHORT).send(big)

    assert type(caught.value) is TransientError


def test_nobody_there(nobody):
    with pytest.raises(TransientError, match="cannot be reached: Connection refused") as caught:
        Mailer(nobody.replace("http", "smtp"), SENDER).send(MAIL)

    assert (type(caught.value), caught.value.down) == (TransientError, True)


def test_those_who_are_refused_are_named_and_the_others_have_it(mail_end, mailer):
    mail_end.steps = {"rcpt TO:<b@example.com>": say(b"450 4.2.0 greylisted\r\n")}

    assert mailer.send(MAIL) == [Refused(address="b@example.com", reason="450 4.2.0 greylisted", permanent=False)]
    assert [line.upper().split(":")[0] for line in mail_end.lines if "@" in line][:3] == [
        "MAIL FROM",
        "RCPT TO",
        "RCPT TO",
    ]


def test_those_who_have_it_are_named_in_the_mail_to_the_others_and_do_not_get_it_again(mail_end, mailer):
    assert mailer.send(replace(MAIL, only=["b@example.com"])) == []

    assert [line for line in mail_end.lines if line.lower().startswith("rcpt")] == ["rcpt TO:<b@example.com>"]
    assert "To: a@example.com, b@example.com\r\n" in mail_end.lines


@pytest.mark.parametrize(("last", "kind"), [(b"550 nobody\r\n", PermanentError), (b"450 later\r\n", TransientError)])
def test_when_all_are_refused_one_that_may_be_taken_later_decides(mail_end, mailer, last, kind):
    mail_end.steps = {"RCPT": say(b"550 nobody\r\n"), "rcpt TO:<b@example.com>": say(last)}

    with pytest.raises(
        (TransientError, PermanentError), match="refuses all recipients, the first with 550 nobody"
    ) as caught:
        mailer.send(MAIL)

    assert type(caught.value) is kind


def test_without_a_recipient_nothing_is_sent(mailer, mail_end):
    with pytest.raises(PermanentError, match="no mail address among 1 recipients"):
        mailer.send(Mail(subject="s", text="t", recipients=("nobody at all",), message_id="<1@example.com>"))

    assert mail_end.lines == []
