"""A fleet driven through each sender, and the books it keeps: what was acknowledged, what must therefore be known."""

import itertools
import json
import random
from datetime import timedelta

import pytest
from click.testing import CliRunner

from simulators.address import address
from simulators.apple_notifications import Location, Work
from simulators.books import Pace, drive
from simulators.expectation import expected_assignments, expected_count_deltas, expected_devices
from simulators.fleet import main
from simulators.identities import Kind
from simulators.lives import increasing, make_devices, mdm_traffic
from simulators.micromdm import MicroMDM
from simulators.nanomdm import NanoMDM

KINDS = ["micromdm", "nanomdm", "nanohub", "apps-and-books", "jamf", "jamf-xml"]


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("s3cr3t/ü\n")
    return path


@pytest.fixture
def messages(ticking):
    rng = random.Random(11)
    return list(itertools.islice(mdm_traffic(make_devices(7, rng=rng, clock=ticking), rng), 600))


@pytest.fixture
def run_cli(receiver, secret_file):
    def run_cli(*options):
        options = ("--url", receiver.url, "--secret-file", str(secret_file), "--rate", "0", "--devices", "8", *options)
        return CliRunner().invoke(main, options)

    return run_cli


def test_the_same_seed_makes_the_same_messages_at_other_times(ticking):
    def raw():
        rng = random.Random(11)
        return [one.raw for one in itertools.islice(mdm_traffic(make_devices(7, rng=rng, clock=ticking), rng), 300)]

    assert raw() == raw()


def test_a_fleet_enrols_polls_answers_and_leaves(messages):
    topics = {message.topic for message in messages}
    statuses = {message.content.get("Status") for message in messages}

    assert topics >= {"mdm.Authenticate", "mdm.TokenUpdate", "mdm.Connect", "mdm.CheckOut", "mdm.SetBootstrapToken"}
    assert statuses >= {"Idle", "Acknowledged", "Error", "NotNow", "CommandFormatError"}
    assert len({message.device_id for message in messages}) == 7


def test_each_message_is_later_than_the_one_before_even_when_the_clock_stands_still(ticking):
    moment = ticking()

    now = increasing(lambda: moment)

    assert [now(), now(), now()] == [moment + timedelta(microseconds=n) for n in range(3)]


def test_the_expected_state_does_not_depend_on_the_order_of_arrival(messages):
    shuffled = random.Random(2).sample(messages, len(messages))

    assert expected_devices(shuffled) == expected_devices(messages + messages)


def test_the_expected_state_follows_a_device_from_enrolment_to_check_out(make_device):
    mac = make_device(Kind.MAC_WITH_USER)
    enrolment = [mac.authenticate(), mac.token_update(), mac.token_update(user=True)]
    mac.upgrade()
    after = [mac.device_information("C1"), mac.check_out()]

    [on_first_sight] = expected_devices(enrolment[:1]).values()
    [enrolled] = expected_devices(enrolment + after[:1]).values()
    [gone] = expected_devices(enrolment + after).values()

    assert (on_first_sight.enrolled, enrolled.enrolled, gone.enrolled) == (False, True, False)
    assert enrolled.serial_number == on_first_sight.serial_number == mac.identity.serial_number
    assert enrolled.facts["OSVersion"] == "15.4" != on_first_sight.facts["OSVersion"]
    assert enrolled.facts["DeviceName"] == mac.name
    assert enrolled.users == {mac.identity.user["UserID"]}
    assert gone.last_seen_at == after[-1].at


def test_only_what_was_acknowledged_counts(receiver, messages):
    receiver.answer = lambda number: 200 if number % 3 else 503
    with NanoMDM(receiver.url) as sender:
        books = drive(sender, messages, pace=Pace())

    arrived = {json.loads(arrival.body)["event_id"] for arrival in receiver.arrivals}
    assert books.sent.keys() == arrived
    assert (len(books.acknowledged), len(books.unsure)) == (400, 0)
    assert books.summary()["outcomes"] == {"200": 400, "503": 200}


def test_an_event_without_an_answer_may_be_known_all_the_same(make_device):
    with MicroMDM("http://127.0.0.1:1/") as sender:
        books = drive(sender, [make_device().idle()], pace=Pace())

    assert books.unsure == books.sent
    assert not books.acknowledged


def test_the_rate_is_kept_by_waiting_for_each_events_turn(receiver, messages):
    clock = [0.0]
    pace = Pace(rate=50.0, now=lambda: clock[0], wait=lambda seconds: clock.__setitem__(0, clock[0] + seconds))

    with NanoMDM(receiver.url) as sender:
        books = drive(sender, messages[:101], pace=pace)

    assert books.seconds == pytest.approx(2.0)


def test_assignments_and_count_deltas_are_added_up_once_each():
    location = Location("2049", rng=random.Random(1))
    associated = list(location.asset_management(Work(event_id="E1"), ["S1", "S2"]))
    failed = list(location.asset_management(Work(event_id="E2", error_number=9709), ["S3"]))
    purchase, refund = location.asset_count(10), location.asset_count(-3)
    notifications = [*associated, *failed, purchase, refund, purchase, location.unknown()]

    states = {key[3]: state for key, state in expected_assignments(notifications).items()}

    assert states == {"S1": "assigned", "S2": "assigned", "S3": "failed"}
    assert expected_count_deltas(notifications) == {("2049", "361309726", "STDQ"): 7}


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_sends_every_kind_and_reports_what_must_be_known(receiver, run_cli, tmp_path, kind):
    results, expected = tmp_path / "results.jsonl", tmp_path / "expected.json"

    outcome = run_cli("--kind", kind, "--events", "150", "--results", str(results), "--expected", str(expected))

    summary = json.loads(outcome.output)
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    must_know = json.loads(expected.read_text())
    assert outcome.exit_code == 0
    assert summary["sent"] == summary["acknowledged"] == len(receiver.arrivals) == len(lines) == 150
    assert {line["status"] for line in lines} == {200}
    assert len({line["identifier"] for line in lines}) == 150
    assert must_know.get("devices") or must_know["assignments"]


def test_the_command_fails_when_events_were_refused_and_keeps_the_secret_to_itself(receiver, run_cli):
    receiver.answer = lambda _: 401

    outcome = run_cli("--kind", "micromdm", "--auth", "path", "--events", "5")

    assert outcome.exit_code == 1
    assert json.loads(outcome.output)["outcomes"] == {"401": 5}
    assert {arrival.path for arrival in receiver.arrivals} == {"/webhooks/here/s3cr3t%2F%C3%BC"}
    assert "s3cr3t" not in outcome.output


def test_the_command_refuses_what_its_kind_cannot_do(receiver, run_cli, secret_file):
    assert "cannot send its secret as 'hmac'" in run_cli("--kind", "micromdm", "--auth", "hmac").output
    assert "at least 3" in run_cli("--kind", "jamf", "--devices", "2").output
    secret_file.write_text("\n")
    assert "the file is empty" in run_cli().output
    assert receiver.arrivals == []


def test_each_form_of_address():
    url = "http://127.0.0.1:8000/webhooks/x"

    assert address("micromdm", url, "p/w").url == "http://micromdm:p%2Fw@127.0.0.1:8000/webhooks/x"
    assert address("nanomdm", url, "pw", auth="path").url == url + "/pw"
    assert address("nanomdm", url, "pw").hmac_key == "pw"
    assert address("apps-and-books", url, "pw").bearer == "pw"
    assert address("jamf", url, "pw").headers == {"Authorization": "Basic amFtZjpwdw=="}
    assert address("jamf-xml", url, "pw", auth="header").headers == {"X-Windfall-Token": "pw"}
