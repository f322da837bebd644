"""A mail as a real server gets it, and what nobody must be able to do with one."""

import email
import ssl
from datetime import UTC, datetime
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult

from clients.letter import Mail, is_address
from clients.mail import Mailer
from domain.errors import PermanentError, TransientError
from tests.clients.far_end import CERTIFICATE, listening

SENDER = "Windfall <windfall@example.com>"
NOW = datetime(2031, 1, 15, 8, 30, tzinfo=UTC)
MAIL = Mail(
    subject="Two installs failed",
    text="plain\n.\n..dots\n",
    html="<p>grün</p>",
    recipients=("a@example.com", "b@example.com"),
    message_id="<action-1@windfall.example.com>",
)


class _Server(Controller):
    """On a port that the system chose."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Inbox(Sink):
    """``inside`` tells of each mail whether it came encrypted."""

    def __init__(self):
        self.envelopes, self.inside = [], []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - found by this name
        self.envelopes.append(envelope)
        self.inside.append(session.ssl is not None)
        return "250 queued"

    def authenticate(self, server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (b"me@example.com", b"p/w")
        return AuthResult(success=good, handled=False, message=None if good else "535 5.7.8 no: AG1lQGV4 p/w")


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def serve(inbox):
    """Starts the real server and gives its port."""
    running = []

    def start(*, tls=False, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        where = {"tls_context": context} if tls else {}
        controller = _Server(inbox, hostname="127.0.0.1", port=0, **where, **options)
        controller.start()
        running.append(controller)
        return controller.port

    yield start
    for controller in running:
        controller.stop()


def test_a_mail_arrives_whole(inbox, serve):
    refused = Mailer(f"smtp://127.0.0.1:{serve()}", SENDER, now=lambda: NOW).send(MAIL)

    [envelope] = inbox.envelopes
    message = email.message_from_bytes(envelope.content, policy=default)
    text, html = message.iter_parts()
    assert (refused, envelope.mail_from) == ([], "windfall@example.com")
    assert envelope.rcpt_tos == ["a@example.com", "b@example.com"]
    assert message.get_content_type() == "multipart/alternative"
    assert (text.get_content(), html.get_content()) == ("plain\r\n.\r\n..dots\r\n", "<p>grün</p>\r\n")
    assert {name: message[name] for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")} == {
        "From": SENDER,
        "To": "a@example.com, b@example.com",
        "Subject": "Two installs failed",
        "Date": "Wed, 15 Jan 2031 08:30:00 +0000",
        "Message-ID": MAIL.message_id,
        "Auto-Submitted": "auto-generated",
    }


def test_nothing_in_a_mail_can_add_a_header_or_a_command(inbox, serve):
    nasty = Mail(
        subject="a\r\nBcc: c@example.com\r\n\r\nbody\ud800 ü",
        text="x\r.\rQUIT\n.\r\nMAIL FROM:<c@example.com>\x00\ud800",
        recipients=("a@example.com", "b@example.com>\r\nRCPT TO:<c@example.com", "c d@example.com", "é@example.com"),
        message_id="<1@example.com>",
    )

    refused = Mailer(f"smtp://127.0.0.1:{serve()}", SENDER).send(nasty)

    [envelope] = inbox.envelopes
    message = email.message_from_bytes(envelope.content, policy=default)
    assert envelope.rcpt_tos == ["a@example.com"]
    assert [(each.permanent, each.reason) for each in refused] == [(True, "no mail address that we can send to")] * 3
    assert (message["Bcc"], message["Subject"]) == (None, "a Bcc: c@example.com body ü")
    assert message.get_content_type() == "text/plain"
    assert message.get_content().split()[-2:] == ["MAIL", "FROM:<c@example.com>\ufffd\ufffd"]


def test_a_message_id_that_is_no_header_is_refused(mail_end):
    with pytest.raises(PermanentError, match="cannot be made a mail"):
        Mailer(mail_end.url, SENDER).send(
            Mail(
                subject="s", text="t", recipients=("a@example.com",), message_id="<1@example.com>\r\nBcc: c@example.com"
            )
        )

    assert mail_end.lines == []


@pytest.mark.parametrize(("offers", "encrypted"), [(True, True), (False, False)])
def test_a_plain_url_encrypts_when_the_server_offers_to_whoever_it_is(inbox, serve, offers, encrypted):
    Mailer(f"smtp://127.0.0.1:{serve(tls=offers)}", SENDER).send(MAIL)

    assert inbox.inside == [encrypted]


def test_an_url_that_insists_on_starttls_wants_a_known_certificate(inbox, serve, monkeypatch):
    mailer = Mailer(f"smtp+starttls://localhost:{serve(tls=True)}", SENDER)

    with pytest.raises(TransientError, match="self-signed certificate") as caught:
        mailer.send(MAIL)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    mailer.send(MAIL)

    assert (caught.value.down, inbox.inside) == (True, [True])


def test_an_url_that_insists_on_starttls_sends_nothing_in_the_clear(mail_end):
    with pytest.raises(PermanentError, match="cannot do what WINDFALL_SMTP_URL asks: STARTTLS"):
        Mailer(mail_end.url.replace("smtp:", "smtp+starttls:"), SENDER).send(MAIL)

    assert {line.split()[0].upper() for line in mail_end.lines} == {"EHLO"}


def test_tls_from_the_start(mail_end, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    with listening(lambda plain: mail_end.serve(context.wrap_socket(plain, server_side=True))) as port:
        assert Mailer(f"smtps://localhost:{port}", SENDER).send(MAIL) == []

    assert "mail FROM:<windfall@example.com>" in mail_end.lines


def test_a_password_is_used_and_never_told(inbox, serve):
    port = serve(tls=True, authenticator=inbox.authenticate, auth_required=True)

    Mailer(f"smtp://me%40example.com:p%2Fw@127.0.0.1:{port}", SENDER).send(MAIL)
    with pytest.raises(TransientError, match=r"535.*look at WINDFALL_SMTP_URL") as caught:
        Mailer(f"smtp://me:p%2Fw@127.0.0.1:{port}", SENDER).send(MAIL)

    assert len(inbox.envelopes) == 1
    assert "p/w" not in str(caught.value)


def test_a_server_that_nobody_can_log_in_to(mail_end):
    with pytest.raises(PermanentError, match="cannot do what WINDFALL_SMTP_URL asks: SMTP AUTH"):
        Mailer(mail_end.url.replace("://", "://me:pw@"), SENDER).send(MAIL)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://x",
        "smtp://",
        "smtp://me:s3c/ret@host",
        "smtp://me:s3c#ret@host",
        "smtp://me:pw@host:s3cret",
        "smtp://[s3c",
    ],
)
def test_a_url_that_is_none_stops_the_start_without_being_told(url):
    with pytest.raises(ValueError, match="a mail server's URL is") as caught:
        Mailer(url, SENDER)

    assert "s3c" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ == (caught.value.__context__ is not None)


@pytest.mark.parametrize(
    "sender", ["", "nobody at all", "A <a@b", "A a@b>", "A <a@b> c", "A\r\nBcc: c@d <a@b>", "a@b, c@d"]
)
def test_a_sender_that_is_none_stops_the_start(sender):
    with pytest.raises(ValueError, match="is no mail address to send from"):
        Mailer("smtp://127.0.0.1", sender)


def test_what_every_server_takes_as_an_address():
    assert all(map(is_address, ["a@b.c", "root", "a+b.c-d@ex-1.com"]))
    assert not any(
        map(is_address, ["", "a@", "a b@c", "a@b\r\nc", "a@b\n", "A <a@b>", "é@b.c", "a@b@c", '"x"@y', "a,b@c"])
    )
