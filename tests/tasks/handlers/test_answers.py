"""Answers to install commands: each counts once, and what follows is what the device said."""

from datetime import timedelta

import pytest

from tasks.handlers.answers import RETRIES
from tasks.healing import push_again
from tasks.pushing import NOT_NOW
from tests.deliveries import BUNDLE_ID, SECOND, again
from tests.tasks.lab import INSTALL, NO_LICENSE

TOO_EARLY = [
    {"ErrorCode": 12064, "ErrorDomain": "MDMErrorDomain", "LocalizedDescription": "no licence for the app"},
    *NO_LICENSE,
]
DUPLICATE = [{"ErrorCode": 506, "ErrorDomain": "ASDErrorDomain", "LocalizedDescription": "duplicate request"}]


def test_an_acknowledged_install_has_begun_and_proves_nothing_yet(asked):
    arrival = asked.acknowledge()

    install = asked.install
    (command,) = asked.commands()
    assert (install["state"], install["bundle_id"], install["reason"]) == ("acknowledged", BUNDLE_ID, None)
    assert install["acknowledged_at"] == command["answered_at"] == arrival.received_at
    assert install["acknowledged_by"] == command["answer_id"] is not None
    assert install["next_check_at"] > asked.now
    assert (command["state"], command["next_push_at"]) == ("Acknowledged", None)


def test_an_answer_that_a_device_repeats_counts_once(asked):
    first = asked.acknowledge()
    before = asked.install
    asked.wait(hours=1)
    asked.acknowledge()
    asked.hear(again(first))
    asked.answer("Error", ErrorChain=NO_LICENSE)

    assert asked.install == before
    assert len(asked.commands()) == 1


def test_an_error_that_a_device_repeats_is_one_more_command_and_not_two(asked):
    uuid = asked.commands()[0]["command_uuid"]
    for _ in range(3):
        asked.reply("Error", uuid, ErrorChain=NO_LICENSE)

    assert asked.command_states() == ["Error", "pending"]


def test_an_answer_may_come_before_we_know_that_the_command_went_out(lab):
    lab.enrol()
    lab.license()
    leaving = lab.claim()
    lab.acknowledge()
    lab.settle(leaving)

    assert (lab.install["state"], lab.command_states()) == ("acknowledged", ["Acknowledged"])
    assert lab.install["sent_at"] == lab.commands()[0]["called_at"]


@pytest.mark.parametrize("chain", [NO_LICENSE, TOO_EARLY])
def test_a_licence_that_is_not_there_yet_is_tried_again_on_a_schedule_and_then_failed(asked, chain):
    for pause in RETRIES:
        asked.answer("Error", ErrorChain=chain)
        assert asked.install["state"] == "waiting"
        assert "License not found" in asked.install["reason"]
        assert f"tried again after {pause:.0f} s" in asked.install["reason"]
        asked.now += timedelta(seconds=pause) - SECOND
        assert asked.deliver() == []
        asked.now += SECOND
        assert asked.deliver() == [INSTALL]
    asked.answer("Error", ErrorChain=chain)

    assert asked.install["state"] == "failed"
    assert "9610 ASDServerErrorDomain: License not found" in asked.install["reason"]
    assert asked.command_states() == ["Error"] * (len(RETRIES) + 1)
    assert len({row["command_uuid"] for row in asked.commands()}) == len(RETRIES) + 1


def test_a_try_that_succeeds_ends_the_schedule(asked):
    asked.answer("Error", ErrorChain=NO_LICENSE)
    asked.wait(seconds=RETRIES[0])
    asked.deliver()
    asked.acknowledge()

    assert (asked.install["state"], asked.install["tries"], asked.install["reason"]) == ("acknowledged", 2, None)


@pytest.mark.parametrize(
    "said",
    [
        {"ErrorChain": DUPLICATE},
        {"RejectionReason": "AppAlreadyInstalled"},
        {"RejectionReason": "AppAlreadyQueued", "ErrorChain": DUPLICATE},
    ],
)
def test_what_is_under_way_already_is_no_failure(asked, said):
    asked.answer("Error", Identifier=BUNDLE_ID, **said)

    assert (asked.install["state"], asked.install["bundle_id"]) == ("acknowledged", BUNDLE_ID)
    assert asked.command_states() == ["Error"]


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (
            "Error",
            {
                "ErrorChain": [
                    {"ErrorCode": 12021, "ErrorDomain": "MCMDMErrorDomain", "LocalizedDescription": "unknown"}
                ]
            },
            "12021 MCMDMErrorDomain: unknown",
        ),
        ("Error", {"RejectionReason": "NotSupported"}, "NotSupported"),
        ("Error", {"RejectionReason": 7, "ErrorChain": "odd"}, "the device answered Error and did not say why"),
        ("CommandFormatError", {}, "the device answered CommandFormatError and did not say why"),
    ],
)
def test_another_error_fails_it_in_words(asked, status, said, words):
    asked.answer(status, **said)

    assert (asked.install["state"], asked.install["reason"]) == ("failed", words)
    assert asked.commands()[0]["error"] == words


@pytest.mark.parametrize("odd", [{}, {"Identifier": ""}, {"Identifier": 7}, {"Identifier": "x" * 300}])
def test_without_a_bundle_id_nothing_can_prove_it(asked, odd):
    asked.answer("Acknowledged", **odd)

    assert (asked.install["state"], asked.install["next_check_at"]) == ("stuck", None)
    assert "no device has named the bundle id" in asked.install["reason"]


def test_a_device_that_says_not_now_is_pushed_later_and_its_answer_counts(asked):
    asked.answer("NotNow")
    at_once = push_again(asked.at_work)
    asked.now += NOT_NOW
    later = push_again(asked.at_work)
    state = asked.command_states()
    asked.acknowledge()
    asked.answer("NotNow")

    assert (at_once, later, state) == (0, 1, ["NotNow"])
    assert (asked.install["state"], asked.command_states()) == ("acknowledged", ["Acknowledged"])
    asked.wait(days=2)
    assert push_again(asked.at_work) == 0


@pytest.mark.parametrize("given_up", [False, True])
def test_a_device_that_says_not_now_has_the_command_whatever_we_hear_of_sending_it(lab, given_up):
    lab.enrol()
    lab.license()
    claimed = lab.claim()
    if given_up:
        lab.settle(claimed, "dead", error="outcome unknown")
    lab.answer("NotNow")
    lab.settle(claimed, "dead", error="outcome unknown")

    assert (lab.install["state"], lab.install["reason"]) == ("command_sent", None)
    assert lab.command_states() == ["NotNow"]
    lab.acknowledge()
    assert (lab.install["state"], lab.command_states()) == ("acknowledged", ["Acknowledged"])


@pytest.mark.parametrize("status", ["Idle", "Odd", ""])
def test_a_status_that_ends_nothing_changes_nothing(asked, status):
    asked.answer(status)

    assert asked.command_states() == ["sent"]


def test_an_answer_of_another_device_or_to_no_command_of_ours_changes_nothing(asked):
    uuid = asked.commands()[0]["command_uuid"]
    asked.reply("Acknowledged", "another")
    asked.reply("Acknowledged", uuid, UserID="5E6F", UserShortName="ada")
    asked.udid = "another"
    asked.reply("Acknowledged", uuid)

    assert asked.command_states() == ["sent"]


def test_the_answer_to_a_command_that_was_given_up_tells_that_it_went_out_after_all(lab):
    lab.enrol()
    lab.license()
    lab.settle(lab.claim(), "dead", error="outcome unknown")
    given_up = (lab.install["state"], lab.command_states())
    lab.acknowledge()

    assert given_up == ("failed", ["dead"])
    assert (lab.install["state"], lab.install["reason"]) == ("acknowledged", None)
    assert lab.command_states() == ["Acknowledged"]


def test_a_command_that_failed_for_good_is_told(lab):
    lab.enrol()
    lab.license()
    lab.settle(lab.claim(), "dead", error="micromdm answered 401")

    assert lab.install["reason"] == "the command could not be sent: micromdm answered 401"


def test_several_answers_in_one_batch_each_find_their_install(lab):
    lab.enrol()
    lab.license(adam_ids=("1", "2"))
    lab.deliver()
    arrivals = []
    for command in lab.commands():
        adam_id = command["arguments"]["iTunesStoreID"]
        arrivals.append(lab.reply("Acknowledged", command["command_uuid"], Identifier=f"app.{adam_id}"))

    lab.hear(*map(again, arrivals))

    assert {row["adam_id"]: row["bundle_id"] for row in lab.installs()} == {"1": "app.1", "2": "app.2"}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("status", ["Acknowledged", "Error", "CommandFormatError"])
def test_an_answer_counts_whether_it_or_the_next_enrolment_is_heard_first(asked, status, late):
    uuid = asked.commands()[0]["command_uuid"]
    answered, began = asked.tick(), asked.tick()
    said = [
        lambda: asked.reply(status, uuid, at=answered, ErrorChain=NO_LICENSE),
        lambda: asked.check_in("Authenticate", at=began),
    ]
    for speak in reversed(said) if late else said:
        speak()

    (command, *_) = asked.commands()
    assert (command["state"], command["answered_at"]) == (status, answered)
    assert "acknowledged" not in asked.states()


def test_a_device_that_is_enrolled_anew_is_not_waited_for_because_it_had_said_not_now(asked):
    uuid = asked.commands()[0]["command_uuid"]
    busy, began = asked.tick(), asked.tick()
    asked.check_in("Authenticate", at=began)
    asked.reply("NotNow", uuid, at=busy)

    (command, *_) = asked.commands()
    assert (command["state"], command["next_push_at"]) == ("void", None)
