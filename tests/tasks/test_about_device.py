"""Links to devices of MDM servers: from the event to the mail and the chat that people read."""

from dataclasses import replace

import pytest

from clients.chat import Chat
from clients.mail import Mailer
from simulators.slack import Slack
from simulators.smtp import MailServer
from state.schema import jamf_devices
from tasks.actions.post_chat import PostChat
from tasks.actions.send_mail import SendMail
from tasks.outside import Outside
from tasks.process import process
from tasks.wording import word
from tests.deliveries import NOON, SECOND, UDID, check_in, envelope
from tests.jamf import told
from tests.tasks.lab import rows
from tests.tasks.telling import TOLD, owed, telling

SERIAL = "DMPX/0001&"
LINKED = replace(TOLD, device_links={"micromdm": "https://mdm.example/?serial={serial_number}&udid={udid}"})
LINK = f"https://mdm.example/?serial=DMPX%2F0001%26&udid={UDID}"
ID = "0195" + "ab" * 14


@pytest.fixture
def outside(engine):
    return Outside(engine=engine, now=lambda: NOON, setup=LINKED)


@pytest.fixture
def without(outside):
    """The same where no link is configured for MDM servers."""
    return replace(outside, setup=TOLD)


@pytest.fixture
def enrolment(services, engine):
    """What is told of an enrolment in MicroMDM: the notice's name and facts."""

    def enrol(**said):
        halves = [check_in("Authenticate", **said), check_in("TokenUpdate", at=NOON + SECOND)]
        process([envelope(half) for half in halves], telling(services))
        [notice] = owed(engine)
        return notice

    return enrol


@pytest.fixture
def in_jamf(services):
    def add(jamf_id, *, topic="ComputerAdded", serial_number="DMPX0001", sender="jamf", **more):
        fields = {"jssID": jamf_id, "serialNumber": serial_number, "udid": f"udid-{jamf_id}-{sender}", **more}
        process([told(topic, fields, sender=sender)], services)

    return add


def link_of(notice, outside):
    return word(*notice, outside).facts.get("Link")


def test_it_is_in_mail_and_chat(enrolment, outside):
    name, facts = enrolment(SerialNumber=SERIAL)
    with MailServer() as mails, Slack() as slack:
        world = replace(
            outside, mailer=Mailer(mails.url, "w@example.org", deadline=5.0), chat=Chat(lambda: slack.hook_url)
        )
        SendMail(notice=name, facts=facts, recipients=["a@example.org"]).perform(world, action_id=ID)
        PostChat(notice=name, facts=facts).perform(world, action_id=ID)

    [mail], [message] = mails.mails, slack.messages
    escaped = LINK.replace("&", "&amp;")
    assert f"Link: {LINK}\n" in mail.text.replace("\r\n", "\n")
    assert f'<a href="{escaped}">{escaped}</a>' in mail.html
    assert message["text"].split("\n")[-1] == f"• Link: {escaped}"


def test_a_departure_has_it_too(services, engine, enrolment, outside):
    enrolment(SerialNumber=SERIAL)

    process([envelope(check_in("CheckOut", at=NOON + 2 * SECOND))], telling(services))

    assert [(name, link_of((name, facts), outside)) for name, facts in owed(engine)] == [
        ("device_enrolled", LINK),
        ("device_left", LINK),
    ]


def test_a_device_that_told_no_serial_number_is_told_of_without_it(enrolment, outside):
    notice = enrolment(DeviceName="Pier 4")

    worded = word(*notice, outside)

    assert worded.facts["Name"] == "Pier 4"
    assert "Link" not in worded.facts
    assert "href" not in worded.html


def test_each_server_has_its_own(services, engine, outside):
    links = {"nano-eu": "https://eu.example/{udid}", "micromdm": "https://mdm.example/{udid}"}
    world = replace(outside, setup=replace(TOLD, device_links=links))
    process([envelope(check_in("CheckOut"))], telling(services))
    process([envelope(check_in("CheckOut", udid="B2"), kind="nanomdm", sender="nano-eu")], telling(services))
    process([envelope(check_in("CheckOut", udid="C3"), kind="nanomdm")], telling(services))

    found = {facts["device_id"]: link_of((name, facts), world) for name, facts in owed(engine)}
    assert found == {UDID: f"https://mdm.example/{UDID}", "B2": "https://eu.example/B2", "C3": None}


@pytest.mark.parametrize(
    ("topic", "page"), [("ComputerAdded", "computers.html"), ("MobileDeviceEnrolled", "mobileDevices.html")]
)
def test_where_none_is_configured_the_only_record_in_jamf_pro_is_linked_to(enrolment, in_jamf, without, topic, page):
    in_jamf(7731, topic=topic, serial_number="dmpx0001 ")
    in_jamf(7732, topic=topic, serial_number="OTHER")

    notice = enrolment(SerialNumber="DMPX0001")

    assert link_of(notice, without) == f"https://jamf.example:8443/{page}?id=7731"


def test_what_is_configured_goes_before_jamf_pro_also_where_it_makes_no_link(enrolment, in_jamf, outside):
    in_jamf(7731)
    notice = enrolment(SerialNumber="DMPX0001")
    by_number = replace(TOLD, device_links={"micromdm": "https://mdm.example/{serial_number}"})

    assert link_of(notice, replace(outside, setup=by_number)) == "https://mdm.example/DMPX0001"
    name, facts = notice
    assert link_of((name, {**facts, "udid": None}), outside) is None


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{"jamf_id": 7731}, {"jamf_id": 7732}],
        [{"jamf_id": 7731}, {"jamf_id": 7731, "sender": "jamf-eu"}],
        [{"jamf_id": 7731, "sender": "jamf-eu"}],
        [{"jamf_id": 7731, "topic": "DeviceRateLimited"}],
        [{"jamf_id": None}],
    ],
    ids=["none", "two", "two servers", "a server without a url", "unknown family", "no number"],
)
def test_otherwise_there_is_no_link(enrolment, in_jamf, engine, without, records):
    for record in records:
        in_jamf(**record)
    assert len(rows(engine, jamf_devices, serial_key="DMPX0001")) == len(records)

    assert link_of(enrolment(SerialNumber="DMPX0001"), without) is None


def test_another_jamf_pro_has_no_page_of_what_one_told_without_a_number(in_jamf, without):
    in_jamf(7731)
    facts = {"sender": "jamf-eu", "serial_number": "DMPX0001", "at": "2026-03-01T12:00:00.000000Z"}

    assert link_of(("device_left", facts), without) is None
