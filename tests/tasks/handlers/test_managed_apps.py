"""A device's list of managed apps ends installs: only what it was asked for before, and only in that enrolment."""

import pytest

from domain.clock import rfc3339
from state.ordering import give_up
from tasks.following import CHECKS, PATIENCE, follow
from tests.deliveries import BUNDLE_ID, MINUTE, SECOND
from tests.tasks.lab import LIST, REFUSED


def test_managed_is_the_proof(begun):
    arrival = begun.list_apps(**{BUNDLE_ID: "Managed", "com.example.other": "Installing"})

    install = begun.install
    assert (install["state"], install["reason"], install["next_check_at"]) == ("installed", None, None)
    assert (install["installed_at"], install["installed_command_uuid"]) == (arrival.received_at, "another")
    assert install["installed_by"] not in (None, install["acknowledged_by"])


@pytest.mark.parametrize(
    "status", ["UserRejected", "UpdateRejected", "ManagementRejected", "Failed", "UserInstalledApp"]
)
def test_what_will_not_become_a_managed_app_has_failed(begun, status):
    arrival = begun.list_apps(**{BUNDLE_ID: status})

    install = begun.install
    at = rfc3339(arrival.received_at)
    assert (install["state"], install["next_check_at"]) == ("failed", None)
    assert install["reason"] == f"the device says {status} of {BUNDLE_ID}, at {at}"


@pytest.mark.parametrize("status", ["Queued", "Prompting", "Installing", "ManagedButUninstalled", "OfTomorrow"])
def test_anything_else_is_going_on(begun, status):
    begun.list_apps(**{BUNDLE_ID: status})

    assert (begun.install["state"], begun.install["reason"]) == ("acknowledged", f"the device says {status}")


@pytest.mark.parametrize("apps", [{}, {"com.example.other": {"Status": "Managed"}}, {BUNDLE_ID: "odd"}, "odd", []])
def test_a_list_without_the_app_says_nothing(begun, apps):
    before = begun.install
    begun.reply("Acknowledged", "another", ManagedApplicationList=apps)

    assert begun.install == before


def test_a_list_from_before_the_acknowledge_is_no_proof(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    before = lab.now
    lab.acknowledge()
    old = {"ManagedApplicationList": {BUNDLE_ID: {"Status": "Managed"}}}
    lab.reply("Acknowledged", "another", at=before, **old)
    states = lab.states()
    lab.reply("Acknowledged", "another", at=before + SECOND, **old)

    assert (states, lab.states()) == (["acknowledged"], ["installed"])


def test_a_list_before_any_acknowledge_is_no_proof(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.list_apps(**{BUNDLE_ID: "Managed"})

    assert lab.states() == ["command_sent"]


@pytest.mark.parametrize("status", ["Error", "NotNow"])
def test_only_an_acknowledged_list_counts(begun, status):
    begun.reply(status, "another", ManagedApplicationList={BUNDLE_ID: {"Status": "Managed"}})

    assert begun.states() == ["acknowledged"]


def test_a_list_of_a_user_is_not_the_devices(begun):
    apps = {BUNDLE_ID: {"Status": "Managed"}}
    begun.reply("Acknowledged", "another", ManagedApplicationList=apps, UserID="5E6F", UserShortName="ada")

    assert begun.states() == ["acknowledged"]


def test_a_list_of_the_former_enrolment_proves_nothing_of_this_one(begun):
    begun.check_in("Authenticate")
    begun.list_apps(**{BUNDLE_ID: "Managed"})

    assert begun.states() == ["released", "waiting"]


def test_a_stuck_install_is_proven_late(begun):
    begun.wait(hours=25)
    follow(begun.at_work)
    stuck = begun.states()
    begun.list_apps(**{BUNDLE_ID: "Managed"})

    assert (stuck, begun.states()) == (["stuck"], ["installed"])
    assert begun.commands(LIST) == []
    assert begun.install["reason"] is None


def test_an_app_that_is_there_is_installed_although_its_device_had_refused(asked):
    asked.answer("Error", ErrorChain=REFUSED, Identifier=BUNDLE_ID)
    failed = asked.states()
    arrival = asked.list_apps(**{BUNDLE_ID: "Managed"})

    install = asked.install
    assert (failed, install["state"], install["reason"]) == (["failed"], "installed", None)
    assert (install["bundle_id"], install["installed_at"]) == (BUNDLE_ID, arrival.received_at)


def test_a_device_that_refused_without_naming_the_app_is_understood_by_what_others_call_it(begun):
    begun.udid, begun.serial = "another", "S2"
    begun.enrol()
    begun.license()
    begun.deliver()
    begun.answer("Error", ErrorChain=REFUSED)
    begun.list_apps(**{"com.example.other": "Managed"})
    states = sorted(begun.states())
    begun.list_apps(**{BUNDLE_ID: "Managed"})

    (install,) = [row for row in begun.installs() if row["device_id"] == "another"]
    assert states == ["acknowledged", "failed"]
    assert (install["state"], install["bundle_id"]) == ("installed", BUNDLE_ID)


def test_an_app_that_is_there_is_installed_although_its_command_was_given_up(begun):
    begun.udid, begun.serial = "another", "S2"
    begun.enrol()
    begun.license()
    begun.deliver()
    give_up(begun.engine, [begun.commands()[-1]["id"]], reason="cleared", now=begun.now)
    states = sorted(begun.states())
    begun.list_apps(**{BUNDLE_ID: "Managed"})

    assert (states, sorted(begun.states())) == (["acknowledged", "failed"], ["acknowledged", "installed"])


def test_a_list_from_before_a_refused_command_proves_nothing_of_it(asked):
    before = asked.now - MINUTE
    asked.answer("Error", ErrorChain=REFUSED, Identifier=BUNDLE_ID)
    asked.reply("Acknowledged", "another", at=before, ManagedApplicationList={BUNDLE_ID: {"Status": "Managed"}})

    assert asked.states() == ["failed"]


@pytest.mark.parametrize("status", ["Installing", "Failed", "UserInstalledApp", "ManagedButUninstalled"])
def test_what_failed_stays_so_with_anything_less_than_the_app(asked, status):
    asked.answer("Error", ErrorChain=REFUSED, Identifier=BUNDLE_ID)
    before = asked.install
    asked.list_apps(**{BUNDLE_ID: status})

    assert asked.install == before


@pytest.mark.parametrize("status", ["Managed", "Failed"])
def test_of_what_was_never_acknowledged_only_the_app_itself_is_news(begun, status):
    """Its answer may come yet, and says more."""
    begun.udid, begun.serial = "another", "S2"
    begun.enrol()
    begun.license()
    begun.deliver()
    begun.now += PATIENCE + MINUTE
    follow(begun.at_work)
    begun.list_apps(**{BUNDLE_ID: status})

    (install,) = [row for row in begun.installs() if row["device_id"] == "another"]
    assert install["state"] == ("installed" if status == "Managed" else "stuck")


@pytest.mark.parametrize("status", ["Queued", "Installing", "OfTomorrow"])
def test_a_stuck_install_that_goes_on_is_followed_again(begun, status):
    begun.now += PATIENCE
    follow(begun.at_work)
    begun.wait(days=2)
    arrival = begun.list_apps(**{BUNDLE_ID: status})
    again = begun.install
    begun.wait(seconds=CHECKS[0])
    follow(begun.at_work)
    begun.deliver()
    begun.answer("Acknowledged", to=LIST, ManagedApplicationList={BUNDLE_ID: {"Status": "Managed"}})

    assert (again["state"], again["reason"]) == ("acknowledged", f"the device says {status}")
    assert (again["acknowledged_at"], again["checks"]) == (arrival.received_at, 0)
    assert begun.states() == ["installed"]


def test_what_goes_on_after_it_was_asked_for_before_is_asked_for_anew(begun):
    """The same numbers of the same try are questions of another time."""
    begun.wait(seconds=CHECKS[0])
    follow(begun.at_work)
    begun.deliver()
    begun.answer("Acknowledged", to=LIST, ManagedApplicationList={BUNDLE_ID: {"Status": "Installing"}})
    begun.now += PATIENCE
    follow(begun.at_work)
    stuck = begun.states()
    begun.list_apps(**{BUNDLE_ID: "Installing"})
    begun.wait(seconds=CHECKS[0])
    follow(begun.at_work)

    assert (stuck, len(begun.commands(LIST))) == (["stuck"], 2)


def test_what_goes_on_for_ever_is_stuck_again_after_as_long(begun):
    for _ in range(2):
        begun.now += PATIENCE
        follow(begun.at_work)
        stuck = begun.states()
        begun.list_apps(**{BUNDLE_ID: "Installing"})
        assert (stuck, begun.states()) == (["stuck"], ["acknowledged"])


@pytest.mark.parametrize("app", [{}, {"Status": "ManagedButUninstalled"}])
def test_a_stuck_install_of_which_no_progress_is_told_is_not_followed(begun, app):
    begun.now += PATIENCE
    follow(begun.at_work)
    begun.reply("Acknowledged", "another", ManagedApplicationList={BUNDLE_ID: app})

    assert (begun.states(), begun.install["next_check_at"]) == (["stuck"], None)
