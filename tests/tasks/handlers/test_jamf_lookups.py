"""Which events of Jamf Pro make us read there, how often, and which never do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.kinds import TYPES
from simulators.jamf import Form, write
from state.schema import actions, jamf_api_operations
from tasks.effects import load_actions
from tasks.jamf_lookup import AFTERWARDS, WINDOWS, JamfLookup
from tasks.process import process
from tasks.registry import _handlers, handlers_of
from tasks.setup import Setup
from tests.deliveries import NOON, SECOND, again, envelope, replayed
from tests.tasks.lab import rows

load_actions()

SETUP = Setup(
    jamf_enriched=frozenset({"jamf"}), jamf_accounts={"jamf": "Svc-Windfall"}, mail_to=("a@example.org",), chat=True
)
COMPUTER = {"jssID": 7731, "serialNumber": "C02X", "udid": "U-1", "deviceName": "quay"}
IPAD = {"jssID": 412, "serialNumber": "DMPX", "udid": "U-2", "deviceName": "kiosk"}
POLICY = {"computer": COMPUTER, "policyId": 519, "successful": True}
STARTED = {"hostAddress": "10.44.0.11", "jssUrl": "https://elsewhere.example/", "institution": "Q"}
CALL = {
    "authorizedUsername": "svc-windfall",
    "objectID": 7731,
    "objectTypeName": "Computer",
    "operationSuccessful": True,
}


def said(topic, fields, *, at=NOON, sender="jamf", form=None):
    about = {"id": 30, "name": "x", "webhookEvent": topic, "eventTimestamp": int(at.timestamp() * 1000)}
    body = write({"webhook": about, "event": fields}, form or Form())
    return envelope(body, kind="jamf", sender=sender, received_at=at)


@pytest.fixture
def hear(services, engine):
    """Process these one by one, each when it happens, and tell what is owed to Jamf Pro then."""

    def hear(*arrivals, setup=SETUP):
        for arrival in arrivals:
            process([arrival], replace(services, setup=setup, now=lambda at=arrival.received_at: at))
        return [(row["destination"], row["arguments"]) for row in rows(engine, actions, kind="read_jamf")]

    return hear


@pytest.mark.parametrize(
    ("topic", "fields", "what", "jamf_id"),
    [
        ("ComputerInventoryCompleted", COMPUTER, "computer", "7731"),
        ("MobileDeviceInventoryCompleted", IPAD, "mobile_device", "412"),
        ("ComputerPolicyFinished", POLICY, "policy", "519"),
        ("JSSStartup", STARTED, "version", ""),
    ],
)
@pytest.mark.parametrize("form", [Form(), Form(xml=True)], ids=["json", "xml"])
def test_after_these_events_jamf_pro_is_read(hear, engine, topic, fields, what, jamf_id, form):
    [owed] = hear(said(topic, fields, form=form))

    assert owed == ("jamf:jamf", {"sender": "jamf", "what": what, "jamf_id": jamf_id})
    [row] = rows(engine, actions, kind="read_jamf")
    assert row["next_attempt_at"] == NOON + timedelta(seconds=AFTERWARDS[what])


def test_after_no_other_events_it_is(hear):
    looking = {topic for topic in TYPES["jamf"] if "look_up" in " ".join(h.__qualname__ for h in handlers_of(topic))}

    assert looking == {
        "ComputerInventoryCompleted",
        "MobileDeviceInventoryCompleted",
        "ComputerPolicyFinished",
        "JSSStartup",
    }
    for topic in set(TYPES["jamf"]) - looking:
        assert hear(said(topic, {**COMPUTER, "policyId": 5}), setup=replace(SETUP, mail_to=(), chat=False)) == []


def test_nothing_is_read_unless_people_want_it(hear):
    events = [said("ComputerInventoryCompleted", COMPUTER), said("JSSStartup", STARTED)]

    assert hear(*events, setup=Setup(jamf_urls={"jamf": "https://jamf.example"})) == []
    assert hear(said("ComputerInventoryCompleted", COMPUTER, sender="jamf-eu"), setup=SETUP) == []


def test_a_burst_of_events_of_one_device_is_one_read(hear):
    burst = [said("ComputerInventoryCompleted", COMPUTER, at=NOON + number * SECOND) for number in range(30)]

    assert len(hear(*burst)) == 1
    assert len(hear(said("ComputerInventoryCompleted", COMPUTER, at=NOON + WINDOWS["computer"] * SECOND))) == 2
    assert len(hear(said("ComputerInventoryCompleted", {**COMPUTER, "jssID": 5}))) == 3


def test_that_read_comes_when_the_burst_is_over(hear, engine):
    hear(said("ComputerInventoryCompleted", COMPUTER, at=NOON + 3 * SECOND))

    [row] = rows(engine, actions, kind="read_jamf")
    assert row["next_attempt_at"] >= NOON + WINDOWS["computer"] * SECOND


def test_an_event_that_comes_again_or_is_replayed_reads_nothing_more(hear, engine):
    first = said("ComputerInventoryCompleted", COMPUTER)
    hear(first, again(first))

    assert len(hear(replayed(first, "0" * 32))) == 1


@pytest.mark.parametrize("jss_id", ["", "../../etc", "-1", 0, "1" * 30, "٣", None])
def test_what_is_no_number_is_not_asked_for(hear, jss_id):
    assert hear(said("ComputerInventoryCompleted", {**COMPUTER, "jssID": jss_id})) == []
    assert hear(said("ComputerPolicyFinished", {**POLICY, "policyId": jss_id})) == []


@pytest.mark.parametrize("name", ["svc-windfall", "SVC-Windfall", "somebody"])
def test_calls_of_the_api_are_recorded_and_read_nothing(hear, engine, name):
    assert hear(said("RestAPIOperation", {**CALL, "authorizedUsername": name})) == []
    assert [row["authorized_username"] for row in rows(engine, jamf_api_operations)] == [name]


def test_nothing_at_all_is_owed_for_a_call_of_ours_whoever_would(hear, engine):
    """Another handler may care about calls of the API: here one that would read for each."""

    def eager(event, uow):
        yield JamfLookup(sender=event.sender, what="computer", jamf_id="7731", at=event.occurred_at)

    _handlers["RestAPIOperation"].append(eager)
    try:
        ours = hear(said("RestAPIOperation", CALL))
        theirs = hear(said("RestAPIOperation", {**CALL, "authorizedUsername": "somebody"}))
    finally:
        _handlers["RestAPIOperation"].remove(eager)

    assert (len(ours), len(theirs)) == (0, 1)
    assert len(rows(engine, jamf_api_operations)) == 2
