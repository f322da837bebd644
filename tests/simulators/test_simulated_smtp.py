"""A mail server over real SMTP."""

import smtplib
from email.message import EmailMessage

import pytest

from simulators.faults import Down
from simulators.smtp import MailServer


@pytest.fixture
def server():
    with MailServer() as running:
        yield running


def mail():
    message = EmailMessage()
    message["From"], message["To"] = "windfall@school.example", "it@school.example, Søren <soren@school.example>"
    message["Subject"], message["Message-ID"] = "Lizenz für “X”", "<1@school.example>"
    message.set_content("Grüße\n")
    message.add_alternative("<p>Grüße</p>\n", subtype="html")
    return message


def send(server, timeout=60):
    with smtplib.SMTP("127.0.0.1", server.port, timeout=timeout) as client:
        return client.send_message(mail())


def test_a_mail_is_kept_with_its_parts(server):
    assert send(server) == {}

    (kept,) = server.mails
    assert kept.sender == "windfall@school.example"
    assert kept.recipients == ("it@school.example", "soren@school.example")
    assert (kept.subject, kept.text, kept.html) == ("Lizenz für “X”", "Grüße\n", "<p>Grüße</p>\n")
    assert kept.message_id == "<1@school.example>"
    assert kept.raw.startswith(b"From: windfall@school.example\r\n")


@pytest.mark.parametrize("code", [451, 550])
def test_mail_can_be_refused_for_now_or_for_good(server, code):
    server.refuse(f"{code} no")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(server)
    assert refused.value.smtp_code == code

    server.accept()
    assert send(server) == {}


def test_one_recipient_of_two_can_be_refused(server):
    server.refuse("550 5.1.1 who?", recipient="it@school.example")

    assert send(server) == {"it@school.example": (550, b"5.1.1 who?")}
    assert server.mails[0].recipients == ("soren@school.example",)


def test_connections_are_refused_and_the_port_comes_back(server):
    port = server.port
    server.go_down(Down.REFUSING)
    with pytest.raises(ConnectionRefusedError):
        send(server)
    server.come_back()

    assert send(server) == {}
    assert server.port == port


def test_it_may_never_greet_or_close_the_door(server):
    server.go_down(Down.SILENT)
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        send(server, timeout=1.0)
    server.go_down(Down.UNAVAILABLE)
    with pytest.raises(smtplib.SMTPConnectError) as refused:
        send(server)
    assert refused.value.smtp_code == 421


def test_a_lost_reply_keeps_the_mail_and_an_error_does_not(server):
    server.faults.error_before_storing()
    with pytest.raises(smtplib.SMTPDataError):
        send(server)
    assert server.mails == []

    server.faults.lose_reply()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(server)
    server.faults.lose_reply(hang=True)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(server, timeout=3.0)
    assert len(server.mails) == 2
