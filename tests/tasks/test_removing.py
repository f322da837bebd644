"""Apps that people want gone with their licence: once, whatever was under way."""

import pytest

from state.retrying import retry
from tasks.following import PATIENCE, follow
from tests.databases import ON_SQLITE
from tests.deliveries import BUNDLE_ID, MINUTE
from tests.tasks.lab import NO_LICENSE, REMOVE, SETUP
from tests.tasks.removing import NOT_MANAGED, REMOVING, only, removals, take_back


@pytest.fixture
def lab(lab):
    """Where apps go with their licence."""
    lab.setup = REMOVING
    return lab


@ON_SQLITE
@pytest.mark.parametrize("end", ["acknowledged", "Installing", "stuck", "UserRejected", "installed"])
def test_what_a_device_has_begun_is_removed(begun, end):
    if end == "stuck":
        begun.now += PATIENCE
        follow(begun.at_work)
    elif end != "acknowledged":
        begun.list_apps(**{BUNDLE_ID: "Managed" if end == "installed" else end})
    take_back(begun)
    begun.inform()
    begun.take_back()

    assert only(begun) == ("released", "the licence was taken back; the device is to remove the app")
    assert [(row["state"], row["arguments"]) for row in begun.commands(REMOVE)] == [
        ("pending", {"Identifier": BUNDLE_ID})
    ]


@pytest.mark.parametrize("unanswered", ["sent", "NotNow", "stuck", "outcome unknown"])
@pytest.mark.parametrize("first", ["answer", "licence"])
def test_what_a_device_takes_up_after_all_is_removed_whichever_is_heard_first(lab, unanswered, first):
    lab.enrol()
    lab.license()
    claimed = lab.claim()
    if unanswered != "outcome unknown":
        lab.settle(claimed)
    if unanswered == "NotNow":
        lab.answer("NotNow")
    elif unanswered == "stuck":
        lab.now += PATIENCE
        follow(lab.at_work)
    lab.wait(hours=1)
    acts = [lab.take_back, lab.acknowledge]
    for act in acts if first == "licence" else reversed(acts):
        act()
        in_between = removals(lab)
    lab.inform()

    assert in_between == removals(lab) == ["pending"]
    assert only(lab) == ("released", "the licence was taken back; the device is to remove the app")


@ON_SQLITE
def test_until_it_answers_nothing_is_removed_and_after_a_refusal_neither(asked):
    take_back(asked)
    asked.inform()
    awaited = (only(asked), asked.command_states(), removals(asked))
    asked.answer("Error", ErrorChain=NO_LICENSE)
    asked.inform()

    words = (
        "the licence was taken back; if the device still accepts the command that was sent before, it is to remove it"
    )
    assert awaited == (("released", words.replace("remove it", "remove the app")), ["void"], [])
    assert only(asked) == ("released", "the licence was taken back")
    assert (asked.command_states(), removals(asked)) == (["Error"], [])


@ON_SQLITE
@pytest.mark.parametrize("refused", [False, True])
def test_what_is_not_there_is_not_removed(lab, refused):
    lab.enrol()
    lab.license()
    if refused:
        lab.deliver()
        lab.answer("Error", ErrorChain=NO_LICENSE, Identifier=BUNDLE_ID)
    take_back(lab)
    lab.inform()

    assert (only(lab), removals(lab)) == (("released", "the licence was taken back"), [])


@pytest.mark.parametrize("named", [False, True])
def test_an_app_that_its_device_has_not_named_goes_by_what_others_call_it(asked, named):
    if named:
        asked.udid, asked.serial = "another", "S2"
        asked.enrol()
        asked.license()
        asked.deliver()
        asked.acknowledge()
        asked.udid, asked.serial = asked.installs()[0]["device_id"], asked.installs()[0]["serial_number"]
    (uuid,) = [row["command_uuid"] for row in asked.commands() if row["device_id"] == asked.udid]
    asked.reply("Acknowledged", uuid)
    take_back(asked)

    (install,) = [row for row in asked.installs() if row["device_id"] == asked.udid]
    assert install["state"] == "released"
    assert removals(asked) == (["pending"] if named else [])
    assert ("not removed, as no device has named" in install["reason"]) is not named


def test_the_answer_is_told_in_its_words(installed):
    take_back(installed)
    installed.deliver()
    owed = only(installed)
    installed.answer("NotNow", to=REMOVE)
    busy = only(installed)
    installed.answer("Acknowledged", to=REMOVE)
    installed.inform()

    assert owed == busy == ("released", "the licence was taken back; the device is to remove the app")
    assert only(installed) == ("released", "the licence was taken back, and the device has removed the app")
    assert removals(installed) == ["Acknowledged"]
    assert installed.installs()[0]["command_id"] == installed.commands(REMOVE)[0]["id"]


@ON_SQLITE
def test_a_refusal_is_told_in_its_words_and_asked_for_once(installed):
    take_back(installed)
    installed.deliver()
    installed.answer("Error", to=REMOVE, ErrorChain=NOT_MANAGED)
    installed.inform()
    installed.heal()

    (state, reason) = only(installed)
    assert (state, removals(installed)) == ("released", ["Error"])
    assert reason.startswith("the licence was taken back; the device has not removed the app: 12018 MCMDMErrorDomain")


@ON_SQLITE
def test_a_removal_that_gave_up_is_retried_by_a_person(installed):
    take_back(installed)
    (given_up,) = installed.claim()
    installed.settle([given_up], "dead", error="micromdm answered 401", happened=False)
    (verdict,) = retry(installed.engine, [given_up.id], now=installed.now)

    assert (verdict.refusal, installed.deliver(), removals(installed)) == (None, [REMOVE], ["sent"])


@ON_SQLITE
def test_an_authenticate_heard_late_leaves_what_is_awaited_as_it_is(lab):
    began = lab.tick()
    lab.check_in("TokenUpdate")
    lab.inform()
    lab.license()
    lab.deliver()
    take_back(lab)
    lab.check_in("Authenticate", at=began)
    lab.acknowledge()

    assert only(lab) == ("released", "the licence was taken back; the device is to remove the app")
    assert removals(lab) == ["pending"]


@ON_SQLITE
def test_what_is_taken_back_without_the_policy_stays(asked):
    asked.setup = SETUP
    take_back(asked)
    asked.now += MINUTE
    asked.acknowledge()
    asked.inform()

    assert (only(asked), removals(asked)) == (("released", "the licence was taken back"), [])
